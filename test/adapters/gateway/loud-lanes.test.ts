// Who is paused while the client is behind: whoever has said more than a share of late, before or since.
import { expect, test } from 'vitest';
import { LaneClient } from '../../../src/adapters/lane-client.ts';
import { LoudLanes } from '../../../src/adapters/loud-lanes.ts';

const SHARE = 64 * 1024;

function scene() {
  let monoMs = 0;
  const loud = new LoudLanes({ now: () => ({ wallMs: 0, monoMs }) });
  const lane = () => new LaneClient({ onLine: () => {}, onTurnEnd: () => {}, onFull: () => {}, onRoom: () => {} });
  const pass = (ms: number): void => {
    monoMs += ms;
  };
  return { loud, one: lane(), other: lane(), pass };
}

test('what was said before the client fell behind counts, what was said long ago does not', () => {
  const { loud, one, other, pass } = scene();
  loud.forget();
  loud.said(other, SHARE + 1);
  pass(100);
  loud.forget();
  loud.said(one, SHARE + 1);
  loud.onFull();
  expect([one.full, other.full]).toEqual([true, false]);
});

test('what is said since counts, too; room lets all go on', () => {
  const { loud, one, other } = scene();
  loud.onFull();
  loud.said(one, SHARE);
  expect(one.full).toBe(false);
  loud.said(one, 1);
  loud.said(other, 10);
  expect([one.full, other.full]).toEqual([true, false]);
  loud.onRoom();
  expect(one.full).toBe(false);
  loud.said(one, SHARE + 1);
  expect(one.full).toBe(false);
});
