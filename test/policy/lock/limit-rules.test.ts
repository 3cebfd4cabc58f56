// Limits of config and lock: all of either hold; what is told is what has an effect, and nothing twice.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uniteLimits } from '../../../src/policy/lock/limit-rules.ts';
import { diffPolicies } from '../../../src/policy/lock/policy-diff.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';

const KEY = { key: ['principal'] };
const told = (config: readonly Json[], lock: readonly Json[]) => {
  const lines: unknown[] = [];
  const all = uniteLimits(config, lock, (direction, before, after) => lines.push({ direction, before, after }));
  return { all, lines };
};
const directions = (config: Json, lock: Json) =>
  told([config], [lock]).lines.map((line) => (line as { direction: string }).direction);

describe('a limit that is edited', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['a burst', { ...KEY, rate: '60/min', burst: 2 }, { ...KEY, rate: '60/min', burst: 8 }],
    ['a burst that is written', { ...KEY, rate: '60/min', burst: 2 }, { ...KEY, rate: '60/min' }],
    ['a slower pace', { ...KEY, rate: '30/min' }, { ...KEY, rate: '1/s', burst: 30 }],
    ['places', { ...KEY, concurrency: 1 }, { ...KEY, concurrency: 2 }],
    ['bytes', { ...KEY, bytes: { in: '5/s', out: '1/s' } }, { ...KEY, bytes: { in: '5/s', out: '2/s' } }],
    [
      'a budget',
      { ...KEY, budget: { calls: 1, per: 'day', timeZone: 'UTC' } },
      { ...KEY, budget: { calls: 2, per: 'day', timeZone: 'UTC' } },
    ],
    ['one more amount', { ...KEY, rate: '1/s', concurrency: 3 }, { ...KEY, rate: '1/s' }],
    [
      'a key in another order',
      { key: ['tool', 'tenant'], concurrency: 1 },
      { key: ['tenant', 'tool'], concurrency: 2 },
    ],
  ])('%s: tighter holds at once, looser waits', (_, tight, loose) => {
    expect(directions(tight, loose)).toEqual(['narrower']);
    expect(directions(loose, tight)).toEqual(['wider']);
    for (const [config, lock] of [
      [tight, loose],
      [loose, tight],
    ] as const)
      expect(told([config], [lock]).all).toEqual([config, lock]);
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['more at once, and slower', { ...KEY, rate: '1/min', burst: 9 }, { ...KEY, rate: '1/s', burst: 2 }],
    ['other subjects', { key: ['tool'], rate: '1/s' }, { key: ['tenant'], rate: '2/s' }],
    ['other calls', { ...KEY, match: { tool: 'a*' }, rate: '1/s' }, { ...KEY, rate: '2/s' }],
    ['another price', { ...KEY, rate: '1/s', cost: { a: 2 } }, { ...KEY, rate: '2/s' }],
    [
      'another time zone',
      { ...KEY, budget: { calls: 1, per: 'day', timeZone: 'UTC' } },
      { ...KEY, budget: { calls: 2, per: 'day', timeZone: 'Asia/Tokyo' } },
    ],
    [
      'a month for a day',
      { ...KEY, budget: { calls: 1, per: 'month', timeZone: 'UTC' } },
      { ...KEY, budget: { calls: 2, per: 'day', timeZone: 'UTC' } },
    ],
    ['something unknown', { ...KEY, rate: '1/s', more: 1 }, { ...KEY, rate: '2/s' }],
  ])('%s: what goes waits, what comes holds', (_, config, lock) => {
    expect(directions(config, lock)).toEqual(['wider', 'narrower']);
  });

  test('each amount is told for itself, with what it was', () => {
    const [config, lock] = [
      { ...KEY, rate: '60/min', burst: 80, concurrency: 1 },
      { ...KEY, rate: '60/min', burst: 8, concurrency: 2 },
    ];
    const wider = (burst: number) => [{ ...KEY, rate: '60/min', burst }];
    const narrower = (concurrency: number) => [{ ...KEY, concurrency }];
    expect(told([config], [lock]).lines).toEqual([
      { direction: 'wider', before: wider(8), after: wider(80) },
      { direction: 'narrower', before: narrower(2), after: narrower(1) },
    ]);
  });
});

test('one that goes is not missed where another that stays bounds as much', () => {
  expect(
    told(
      [{ ...KEY, concurrency: 1 }],
      [
        { ...KEY, concurrency: 1 },
        { ...KEY, concurrency: 5 },
      ],
    ).lines,
  ).toEqual([]);
});

test('what a person reads of it: one line, of what waits or of what holds', () => {
  const document = (burst: number) => ({
    version: 1,
    servers: {},
    unlisted: 'deny',
    limits: [{ ...KEY, rate: '60/min', burst }],
  });
  const linesOf = (after: number, before: number) =>
    diffPolicies(document(after), document(before), new Map()).lines.map(({ kind, text }) => `${kind}: ${text}`);
  const limit = (burst: number) => JSON.stringify([{ ...KEY, rate: '60/min', burst }]);
  expect(linesOf(2, 8)).toEqual([`holds: limits: ${limit(8)} → ${limit(2)}`]);
  expect(linesOf(80, 8)).toEqual([`possible: limits: ${limit(8)} → ${limit(80)}`]);
});

describe('whatever the lists are', () => {
  const limit = fc.record(
    {
      key: fc.subarray(['tenant', 'tool'], { minLength: 1 }),
      rate: fc.constantFrom('1/s', '60/min', '2/s'),
      burst: fc.integer({ min: 1, max: 3 }),
      concurrency: fc.integer({ min: 1, max: 3 }),
      cost: fc.constantFrom({ a: 1 }, { a: 2 }),
    },
    { requiredKeys: ['key'] },
  );
  const limits = fc.array(limit, { maxLength: 4 });

  test('each of either holds, and the same on both sides is no difference', () => {
    fc.assert(
      fc.property(limits, limits, (config, lock) => {
        const { all } = told(config, lock);
        for (const one of [...config, ...lock]) expect(all).toContainEqual(one);
        expect(told(config, [...config].reverse()).lines).toEqual([]);
      }),
    );
  });

  test('what is told to be only narrower bounds each amount of the lock at least as much', () => {
    fc.assert(
      fc.property(limits, limits, (config, lock) => {
        const { lines } = told(config, lock);
        if (lines.some((line) => (line as { direction: string }).direction === 'wider')) return;
        for (const { key, concurrency } of lock) {
          if (concurrency === undefined) continue;
          const own = config.filter((one) => one.key.join() === key.join()).map((one) => one.concurrency ?? Infinity);
          expect(Math.min(...own)).toBeLessThanOrEqual(concurrency);
        }
      }),
    );
  });
});
