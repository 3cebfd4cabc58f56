// The promises of a rate, under any schedule: never more than the burst and the rate, never less than the rate, in any order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeRate, refundUs } from '../../../src/policy/limits/gcra.ts';
import { costUs, readRate } from '../../../src/policy/limits/rate.ts';

const rate = fc.record({
  units: fc.integer({ min: 1, max: 5_000 }),
  periodUs: fc.constantFrom(1_000_000, 60_000_000, 3_600_000_000),
});
const burst = fc.integer({ min: 1, max: 20 });
const steps = fc.array(
  fc.record({ afterUs: fc.integer({ min: 0, max: 5_000_000 }), cost: fc.integer({ min: 1, max: 5 }) }),
  { maxLength: 80 },
);

/** When calls came, what each cost, and whether it passed. */
function run(unitUs: number, depthUs: number, schedule: readonly { afterUs: number; cost: number }[], startUs = 0) {
  let nowUs = startUs;
  let tatUs = startUs;
  return schedule.map(({ afterUs, cost }) => {
    nowUs += afterUs;
    const verdict = judgeRate(tatUs, { spendUs: cost * unitUs, depthUs, mostUs: depthUs }, nowUs);
    if (verdict.kind === 'pass') tatUs = verdict.tatUs;
    return { nowUs, cost, verdict };
  });
}

describe('a rate', () => {
  test.each([
    ['60/min', { units: 60, periodUs: 60_000_000 }],
    ['1/s', { units: 1, periodUs: 1_000_000 }],
    ['7/h', { units: 7, periodUs: 3_600_000_000 }],
    ['2/day', { units: 2, periodUs: 86_400_000_000 }],
  ])('%s is read', (text, read) => expect(readRate(text)).toEqual(read));
  test.each(['', '60', '0/min', '60/week', '-1/s', '1.5/s', '60/min/s', '1e3/s'])('%j is none', (text) => {
    expect(readRate(text)).toBeUndefined();
  });

  test('costs the exact quotient, rounded up, also beyond 2^53', () => {
    expect(costUs(1, { units: 7, periodUs: 60_000_000 })).toBe(8_571_429);
    expect(costUs(64 * 1_048_576, { units: 999_999_999, periodUs: 86_400_000_000 })).toBe(
      Number((67_108_864n * 86_400_000_000n + 999_999_998n) / 999_999_999n),
    );
    expect(costUs(0, { units: 1, periodUs: 1 })).toBe(0);
  });

  test('admits in every interval at most the burst and what the rate brings in that time', () => {
    fc.assert(
      fc.property(rate, burst, steps, (given, most, schedule) => {
        const unitUs = costUs(1, given);
        const passed = run(unitUs, most * unitUs, schedule).filter(({ verdict }) => verdict.kind === 'pass');
        for (const [from, first] of passed.entries()) {
          let sum = 0;
          for (const one of passed.slice(from)) {
            sum += one.cost;
            expect(sum * given.periodUs).toBeLessThanOrEqual(
              most * given.periodUs + (one.nowUs - first.nowUs) * given.units,
            );
          }
        }
      }),
    );
  });

  test('never refuses who asks no faster than it, and says to the µs when it will pass', () => {
    fc.assert(
      fc.property(rate, burst, steps, (given, most, schedule) => {
        const unitUs = costUs(1, given);
        const steady = Array.from({ length: 50 }, () => ({ afterUs: unitUs, cost: 1 }));
        for (const { verdict } of run(unitUs, most * unitUs, steady)) expect(verdict.kind).toBe('pass');
        for (const [index, { nowUs, cost, verdict }] of run(unitUs, most * unitUs, schedule).entries()) {
          if (verdict.kind !== 'wait' || verdict.waitUs === Number.POSITIVE_INFINITY) continue;
          const before = schedule.slice(0, index);
          const retry = (waitUs: number) =>
            run(unitUs, most * unitUs, [...before, { afterUs: (schedule[index]?.afterUs ?? 0) + waitUs, cost }]).at(-1);
          expect(retry(verdict.waitUs)?.verdict.kind).toBe('pass');
          expect(retry(verdict.waitUs - 1)?.verdict.kind).toBe('wait');
          expect(nowUs).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test('does not depend on the order of calls that come at once', () => {
    fc.assert(
      fc.property(burst, fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 12 }), (most, costs) => {
        const sum = costs.reduce((all, one) => all + one, 0);
        fc.pre(sum <= most);
        const tatOf = (ordered: readonly number[]) =>
          run(
            1_000,
            most * 1_000,
            ordered.map((cost) => ({ afterUs: 0, cost })),
          ).at(-1)?.verdict;
        expect(tatOf([...costs].reverse())).toEqual(tatOf(costs));
      }),
    );
  });

  test('giving back never admits more than if the call had never been, whatever the others do', () => {
    const op = fc.record({ afterUs: fc.constantFrom(0, 0, 250, 500, 1_000), give: fc.boolean(), which: fc.nat(3) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(op, { maxLength: 30 }), (most, ops) => {
        const unitUs = 1_000;
        const depthUs = most * unitUs;
        let nowUs = 0;
        let tatUs = 0;
        let givenUs = 0;
        const open: { markUs: number; index: number }[] = [];
        const taken: { atUs: number; isGone: boolean }[] = [];
        for (const { afterUs, give, which } of ops) {
          nowUs += afterUs;
          const receipt = open[which];
          if (give && receipt !== undefined) {
            open.splice(which, 1);
            const known = taken[receipt.index];
            if (known !== undefined) known.isGone = true;
            const refund = refundUs(receipt.markUs, givenUs, unitUs, nowUs);
            tatUs -= refund;
            givenUs += refund;
          } else {
            const verdict = judgeRate(tatUs, { spendUs: unitUs, depthUs, mostUs: depthUs }, nowUs);
            if (verdict.kind !== 'pass') continue;
            if (tatUs + givenUs <= nowUs) givenUs = 0;
            tatUs = verdict.tatUs;
            open.push({ markUs: tatUs + givenUs, index: taken.push({ atUs: nowUs, isGone: false }) - 1 });
          }
          // The same without those that were given back: what stands there must never be less.
          let alone = 0;
          for (const { atUs, isGone } of taken) if (!isGone) alone = Math.max(alone, atUs) + unitUs;
          expect(Math.max(tatUs, nowUs)).toBeGreaterThanOrEqual(Math.max(alone, nowUs));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
