// When a core that wants to be woken is woken.
import { beforeEach, expect, test } from 'vitest';
import { Wake } from '../../../src/adapters/wake.ts';

const DAY_MS = 86_400_000;
let nowMs = 0;
let timers: { readonly atMs: number; readonly action: () => void; isOver: boolean }[] = [];
let woken = 0;
let wake: Wake;
beforeEach(() => {
  nowMs = 1_000;
  timers = [];
  woken = 0;
  const after = (delayMs: number, action: () => void) => {
    const timer = { atMs: nowMs + delayMs, action, isOver: false };
    timers.push(timer);
    return () => {
      timer.isOver = true;
    };
  };
  const clock = { now: () => ({ wallMs: 0, monoMs: nowMs }) };
  wake = new Wake({ timers: { after }, clock }, () => {
    woken += 1;
  });
});

function pass(toMs: number): void {
  nowMs = toMs;
  for (const timer of timers) {
    if (timer.isOver || timer.atMs > nowMs) continue;
    timer.isOver = true;
    timer.action();
  }
}

test('never is no timer', () => {
  wake.arm(Number.POSITIVE_INFINITY);
  expect(timers).toEqual([]);
});

test('an earlier moment takes the place of a later one, a later one of none', () => {
  wake.arm(5_000);
  wake.arm(9_000);
  wake.arm(2_000);
  pass(2_000);
  expect(woken).toBe(1);
  pass(9_000);
  expect(woken).toBe(1);
});

test('what is over already is woken for at once, and each arming wakes once', () => {
  wake.arm(10);
  expect(timers.map(({ atMs }) => atMs)).toEqual([1_000]);
  pass(1_000);
  wake.arm(3_000);
  pass(3_000);
  expect(woken).toBe(2);
});

test('what lies further off than a timer can wait is woken for too early, not at once', () => {
  wake.arm(1_000 + 60 * DAY_MS);
  expect(timers.map(({ atMs }) => atMs - nowMs)).toEqual([2 ** 31 - 1]);
  pass(timers[0]?.atMs ?? 0);
  expect(woken).toBe(1);
  wake.arm(1_000 + 60 * DAY_MS);
  expect(timers).toHaveLength(2);
});

test('once cancelled it wakes nobody', () => {
  wake.arm(2_000);
  wake.cancel();
  pass(2_000);
  expect(woken).toBe(0);
});
