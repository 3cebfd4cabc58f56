// One budget of one key, whatever the wall clock does: stepped forward and back, nothing is found unspent.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BudgetRecord, clearBudget, isFullBudget, judgeBudget } from '../../../src/policy/limits/budget.ts';
import type { BudgetCharge } from '../../../src/ports/limit-store.ts';

const DAY_MS = 86_400_000;
const DAY_US = DAY_MS * 1_000;
const MAX = 5;

/** A key over days, its store's clock and the wall's in the test's hands. */
class Key {
  record: BudgetRecord | undefined;
  us = 0;
  day = 100;

  charge(cost = 1): BudgetCharge {
    const window = (index: number) => ({ startMs: index * DAY_MS, endMs: (index + 1) * DAY_MS });
    const windows = [window(this.day - 1), window(this.day), window(this.day + 1)];
    return { kind: 'budget', key: '0'.repeat(32), label: 'b', cost, max: MAX, windows };
  }
  now() {
    return { us: this.us, wallMs: this.day * DAY_MS + DAY_MS / 2 };
  }
  take(cost = 1): 'pass' | number {
    const verdict = judgeBudget(this.record, this.charge(cost), this.now());
    if (verdict.kind === 'wait') return verdict.waitUs;
    this.record = verdict.record;
    return 'pass';
  }
  on(day: number, cost = 1): 'pass' | number {
    this.day = day;
    return this.take(cost);
  }
}

describe('a wall clock that is set', () => {
  test.each([1, 2, 3, 10])('forward by %s windows, a call in each, and back finds nothing unspent', (steps) => {
    const key = new Key();
    expect(key.take(MAX)).toBe('pass');
    for (let step = 1; step <= steps; step += 1) expect(key.on(100 + step)).toBe('pass');
    expect(key.on(100)).not.toBe('pass');
  });

  test('finds as much as the fullest had left, not less, and not more', () => {
    const key = new Key();
    key.take(3);
    for (const day of [101, 102, 103]) key.on(day);
    expect(key.on(100, 2)).toBe('pass');
    expect(key.on(100)).not.toBe('pass');
  });

  test('back for good holds nobody up for longer than a window is long, and says exactly how long', () => {
    const key = new Key();
    key.take(MAX);
    for (const day of [400, 401]) key.on(day);
    key.us = DAY_US - DAY_US / 4;
    expect(key.on(100)).toBe(DAY_US / 4);
    key.us += DAY_US / 4 - 1;
    expect(key.on(100)).toBe(1);
    key.us += 1;
    expect(key.on(100)).toBe('pass');
  });

  test('forward into a window that nobody was in yet begins it anew, as every new day does', () => {
    const key = new Key();
    for (let day = 100; day < 130; day += 1) {
      expect(key.on(day, MAX)).toBe('pass');
      expect(key.take()).toBe(DAY_US / 2);
      key.us += DAY_US;
    }
  });
});

test('in no window is more admitted than its budget, however the wall clock jumps while less than a window passes', () => {
  const jump = fc.record({
    by: fc.integer({ min: -4, max: 4 }),
    cost: fc.integer({ min: 1, max: MAX }),
    us: fc.nat(DAY_US / 100),
  });
  fc.assert(
    fc.property(fc.array(jump, { maxLength: 60 }), (jumps) => {
      const key = new Key();
      const admitted = new Map<number, number>();
      const highest = { day: key.day };
      for (const { by, cost, us } of jumps) {
        key.us += us;
        // Forward into new windows as it likes; back into any.
        key.day = Math.min(key.day + by, highest.day + 2);
        if (key.take(cost) !== 'pass') continue;
        highest.day = Math.max(highest.day, key.day);
        admitted.set(key.day, (admitted.get(key.day) ?? 0) + cost);
      }
      expect(Math.max(0, ...admitted.values())).toBeLessThanOrEqual(MAX);
    }),
    { numRuns: 500 },
  );
});

test('is forgotten only when neither clock can bring it back', () => {
  const key = new Key();
  key.take(MAX);
  const full = (day: number, us: number) =>
    key.record !== undefined && isFullBudget(key.record, { us, wallMs: day * DAY_MS });
  expect([full(101, 0), full(102, DAY_US - 1), full(101.9, DAY_US), full(102, DAY_US)]).toEqual([
    false,
    false,
    false,
    true,
  ]);
  for (const day of [101, 102]) key.on(day);
  expect(key.record).toBeDefined();
  if (key.record === undefined) return;
  expect(isFullBudget(key.record, { us: DAY_US - 1, wallMs: 200 * DAY_MS })).toBe(false);
  expect(isFullBudget(clearBudget(key.record), { us: 0, wallMs: 102 * DAY_MS })).toBe(true);
});
