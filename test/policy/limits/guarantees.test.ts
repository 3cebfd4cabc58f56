// What a limit owes to who keeps to it: whoever asks again when told gets the rate and not less, whatever was asked before; several limits
// of one call give the slowest of them; and the order in which they are written changes nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import { judgeRate } from '../../../src/policy/limits/gcra.ts';
import { costUs } from '../../../src/policy/limits/rate.ts';
import type { RateCharge } from '../../../src/ports/limit-store.ts';

const rate = fc.record({
  units: fc.integer({ min: 1, max: 5_000 }),
  periodUs: fc.constantFrom(1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000),
});
const past = fc.array(
  fc.record({ afterUs: fc.integer({ min: 0, max: 5_000_000 }), cost: fc.integer({ min: 1, max: 5 }) }),
  { maxLength: 40 },
);

describe('the guaranteed rate', () => {
  test('is what who asks when told gets in every interval, whatever came before', () => {
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 20 }), past, (given, burst, schedule) => {
        const unitUs = costUs(1, given);
        const amounts = (cost: number) => ({ spendUs: cost * unitUs, depthUs: burst * unitUs, mostUs: burst * unitUs });
        let [nowUs, tatUs] = [0, 0];
        for (const { afterUs, cost } of schedule) {
          nowUs += afterUs;
          const verdict = judgeRate(tatUs, amounts(cost), nowUs);
          if (verdict.kind === 'pass') tatUs = verdict.tatUs;
        }
        const passed = [nowUs];
        for (let asked = 0; asked < 60; asked += 1) {
          const verdict = judgeRate(tatUs, amounts(1), nowUs);
          if (verdict.kind === 'wait') nowUs += verdict.waitUs;
          else {
            tatUs = verdict.tatUs;
            passed.push(nowUs);
          }
        }
        expect(passed.length).toBeGreaterThan(30);
        // less than a µs a call is lost to the whole numbers
        expect(unitUs * given.units - given.periodUs).toBeLessThan(given.units);
        for (const [from, first] of passed.entries())
          for (const [index, last] of passed.entries())
            if (index > from) expect(last - first).toBeLessThanOrEqual((index - from) * unitUs);
      }),
    );
  });
});

describe('several limits of one call', () => {
  const charge = (key: string, unitUs: number, burst: number): RateCharge => ({
    ...{ kind: 'rate', key: key.repeat(32), label: key, spendUs: unitUs, unitUs },
    ...{ depthUs: burst * unitUs, mostUs: burst * unitUs },
  });
  const limits = fc.uniqueArray(
    fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      unitUs: fc.integer({ min: 1_000, max: 3_000_000 }),
      burst: fc.integer({ min: 1, max: 6 }),
    }),
    { minLength: 1, maxLength: 4, selector: ({ key }) => key },
  );
  const waits = fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 40 });

  /** What is answered to calls that come so much later each, in ms: taken, or how long to wait. */
  function play(charges: readonly RateCharge[], steps: readonly number[]) {
    const store = openMemoryLimitStore();
    let monoMs = 1_000;
    return steps.map((step) => {
      monoMs += step;
      const take = store.take(charges, { wallMs: 0, monoMs });
      if (take instanceof Promise || (take.kind !== 'taken' && take.kind !== 'denied')) throw new Error('not decided');
      return take.kind === 'taken' ? 'taken' : take.retryAfterMs;
    });
  }

  test('are answered alike in whatever order they are written', () => {
    fc.assert(
      fc.property(limits, waits, (some, steps) => {
        const charges = some.map(({ key, unitUs, burst }) => charge(key, unitUs, burst));
        expect(play([...charges].reverse(), steps)).toEqual(play(charges, steps));
      }),
    );
  });

  test('give the slowest of them to who asks when told, and no more than each of them', () => {
    fc.assert(
      fc.property(limits, (some) => {
        const charges = some.map(({ key, unitUs, burst }) => charge(key, unitUs, burst));
        const store = openMemoryLimitStore();
        const passed: number[] = [];
        for (let monoMs = 1_000, asked = 0; asked < 40; asked += 1) {
          const take = store.take(charges, { wallMs: 0, monoMs });
          if (take instanceof Promise || (take.kind !== 'taken' && take.kind !== 'denied'))
            throw new Error('not decided');
          if (take.kind === 'taken') passed.push(monoMs);
          else monoMs += take.retryAfterMs ?? Number.NaN;
        }
        const slowestMs = Math.max(...charges.map(({ unitUs }) => unitUs)) / 1_000;
        for (const [index, one] of passed.slice(1).entries()) {
          // asked in whole milliseconds
          expect(one - (passed[index] ?? 0)).toBeLessThanOrEqual(Math.ceil(slowestMs) + 1);
          for (const { unitUs, depthUs } of charges)
            expect((index + 2) * unitUs).toBeLessThanOrEqual(depthUs + (one - (passed[0] ?? 0)) * 1_000);
        }
      }),
    );
  });
});
