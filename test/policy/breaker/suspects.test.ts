// When somebody must look again at the calls that wait: no wait is longer than it may be, whatever turns are under way.
import { expect, test } from 'vitest';
import { LONGEST_MS, Suspects, TURN_MS } from '../../../src/policy/breaker/suspects.ts';
import { toolCall } from './trial-stage.ts';

/** The server exits with a call of each of `tools` in flight, and is back at once. */
function crash(suspects: Suspects, tools: readonly string[], nowMs: number): void {
  suspects.exit(new Set(tools), nowMs);
  suspects.back(nowMs);
}

test('at the end of a turn', () => {
  const suspects = new Suspects();
  const held = toolCall('b', 'db', 'client');
  crash(suspects, ['a', 'b'], 0);
  expect([suspects.admits('a', 0), suspects.admits('b', 0)]).toEqual([true, false]);
  suspects.enqueue(held, 'b', 0);
  expect(suspects.dueMs).toBe(TURN_MS);
  expect([suspects.release(TURN_MS - 1), suspects.release(TURN_MS)]).toEqual([[], [held]]);
  expect(suspects.dueMs).toBe(Number.POSITIVE_INFINITY);
});

test('at the end of the longest wait, in the middle of another’s turn', () => {
  const suspects = new Suspects();
  const held = toolCall('worst', 'db', 'client');
  // More tools than there are turns before the wait is over, each less suspected than the one that waits longest.
  const others = Array.from({ length: LONGEST_MS / TURN_MS + 1 }, (_, index) => `t${index}`);
  crash(suspects, ['worst', 'first', ...others], 0);
  crash(suspects, ['worst'], 0);
  expect(suspects.admits('first', 0)).toBe(true);
  suspects.enqueue(held, 'worst', 100);
  // A second exit: what is suspected stays so for longer than the first wait lasts.
  crash(suspects, ['first'], 500);
  for (const tool of others) suspects.enqueue(toolCall(tool, 'db', 'client'), tool, 500);
  const lastTurnMs = LONGEST_MS - 500;
  for (let nowMs = 500; nowMs <= lastTurnMs; nowMs += TURN_MS) expect(suspects.release(nowMs)).toHaveLength(1);
  expect(suspects.dueMs).toBe(100 + LONGEST_MS);
  expect([suspects.release(99 + LONGEST_MS), suspects.release(100 + LONGEST_MS)]).toEqual([[], [held]]);
  expect(suspects.waiting).toEqual(others.slice(-1));
});
