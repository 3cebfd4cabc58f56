// The wall clock by which a policy is read while a session runs.
import { expect, test } from 'vitest';
import { createSteadyNow } from '../../src/adapters/system-clock.ts';

test('a clock that is set back goes on by the time that passes, one that is set forward is followed', () => {
  let at = { wallMs: 1_000_000, monoMs: 50 };
  const nowMs = createSteadyNow({ now: () => at });
  expect(nowMs()).toBe(1_000_000);
  at = { wallMs: 400_000, monoMs: 250 };
  expect(nowMs()).toBe(1_000_200);
  at = { wallMs: 5_000_000, monoMs: 300 };
  expect(nowMs()).toBe(5_000_000);
});
