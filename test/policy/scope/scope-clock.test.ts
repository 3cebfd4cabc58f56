// The end of a grant, by a clock that anybody sets: in a session what has ended stays ended.
import { expect, test } from 'vitest';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import { createSteadyTime } from '../../../src/policy/steady-time.ts';
import { layersOf } from './make-scope.ts';

const END = Date.UTC(2027, 0, 1);
const CALL: RequestView = {
  ...{ asked: 'client', upstream: 'files', method: 'tools/call', tool: 'a', params: { name: 'a' }, modern: false },
};

function session() {
  const layers = layersOf({ grants: [{ tool: 'a', expires: '2026-12-31' }] });
  const policy = createScopePolicy(new Map([['files', { layers, mode: 'enforce' }]]));
  const lists = [{ name: 'a' }];
  return {
    call: (wallMs: number, monoMs: number) => policy.onRequest?.(CALL, { wallMs, monoMs })?.kind,
    isShown: (wallMs: number, monoMs: number) =>
      policy.onResponse?.({ ...CALL, method: 'tools/list' }, { tools: lists }, { wallMs, monoMs }, 7)?.length === 0,
  };
}

test('a clock that is set back revives nothing', () => {
  const { call, isShown } = session();
  expect([call(END - 1, 0), isShown(END - 1, 0)]).toEqual(['pass', true]);
  expect([call(END, 1), isShown(END, 1)]).toEqual(['deny', false]);
  expect([call(END - 3_600_000, 2), isShown(END - 3_600_000, 2)]).toEqual(['deny', false]);
});

test('a clock that is held back lengthens nothing: the time that passes counts, too', () => {
  const { call, isShown } = session();
  expect([call(END - 10_000, 500), isShown(END - 10_000, 500)]).toEqual(['pass', true]);
  expect([call(END - 3_600_000, 10_499), isShown(END - 3_600_000, 10_499)]).toEqual(['pass', true]);
  expect([call(END - 3_600_000, 10_500), isShown(END - 3_600_000, 10_500)]).toEqual(['deny', false]);
});

test('the time never goes back', () => {
  const timeOf = createSteadyTime();
  expect([timeOf({ wallMs: 100, monoMs: 5 }), timeOf({ wallMs: 300, monoMs: 6 })]).toEqual([100, 300]);
  expect([timeOf({ wallMs: 0, monoMs: 7 }), timeOf({ wallMs: 0, monoMs: 400 })]).toEqual([300, 495]);
});
