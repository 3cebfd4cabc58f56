// Calls that nobody waits for any more: how long they keep their places, and how many of them.
import { expect, test } from 'vitest';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { LateCalls } from '../../../src/policy/limits/late-calls.ts';
import type { OpenCall } from '../../../src/policy/limits/open-call.ts';
import type { LimitStore } from '../../../src/ports/limit-store.ts';

const at = (monoMs: number) => ({ wallMs: monoMs, monoMs });
const MOST = 4_096;

function open() {
  const settled: string[] = [];
  const late = new LateCalls();
  const keep = (name: string, upstream = 'files', nowMs = 0): RequestView => {
    const request: RequestView = {
      ...{ asked: 'client', upstream, method: 'tools/call', tool: name, params: undefined, modern: false },
    };
    // of a store nothing else is asked
    const store = { settle: () => void settled.push(name) } as unknown as LimitStore;
    const place = { kind: 'place', key: name, lease: name, most: 1, forMs: 1 };
    const call: OpenCall = {
      ...{ bill: { items: [] }, store, taken: at(nowMs), mayBeTask: false, isSent: true, bytesOut: 0 },
      receipt: { charges: [place], marks: [] } as unknown as OpenCall['receipt'], // a place, whatever else it says
    };
    late.keep(request, call, at(nowMs));
    return request;
  };
  return { late, keep, settled };
}

test('the oldest makes room: its place is given back', () => {
  const { late, keep, settled } = open();
  for (let index = 0; index < MOST; index += 1) keep(String(index));
  expect([settled, late.all().length]).toEqual([[], MOST]);
  keep('more');
  expect([settled, late.all().length]).toEqual([['0'], MOST]);
});

test('each is given back once: by its answer, its end, its server, the end of all', () => {
  const { late, keep, settled } = open();
  const [one] = [keep('one'), keep('two', 'db'), keep('three', 'files', 30_000), keep('four')];
  for (let round = 0; round < 2; round += 1) late.end(one, at(1));
  expect(settled).toEqual(['one']);
  for (let round = 0; round < 2; round += 1) late.endAll('db', at(2));
  expect(settled).toEqual(['one', 'two']);
  late.endDue(at(59_999));
  expect(settled).toEqual(['one', 'two']);
  late.endDue(at(60_000));
  expect(settled).toEqual(['one', 'two', 'four']);
  late.endAll(undefined, at(60_001));
  expect([settled, late.all()]).toEqual([['one', 'two', 'four', 'three'], []]);
});
