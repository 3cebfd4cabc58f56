// Budgets as a config writes them, over the midnights of real zones: exact to the millisecond and to the call, on days of 23, 24.5 and 25
// hours, and where a whole day is skipped. The zone is asked by another way than the calendar's.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import { chargesOf, LimitSet } from '../../../src/policy/limits/limit-set.ts';
import type { Take } from '../../../src/ports/limit-store.ts';
import { digest, limit } from './limits-scene.ts';

const HOUR = 3_600_000;
const CALLS = 3;
const SUBJECT = { tenant: 't', principal: 'p', client: undefined, model: undefined, server: 's', tool: 'x' };

/** One budget, asked at any time of the wall, which goes as the monotonic clock does. */
function openBudget(per: 'day' | 'month', timeZone: string, calls = CALLS) {
  const set = new LimitSet([limit({ key: ['tenant'], budget: { calls, per, timeZone } })], digest);
  const store = openMemoryLimitStore();
  const askAt = (wallMs: number): Take => {
    const charges = chargesOf(set.billOf(SUBJECT), { bytesIn: 1, wallMs, lease: () => '0'.repeat(24) });
    const take = store.take(charges, { wallMs, monoMs: wallMs });
    if (take instanceof Promise) throw new Error('a store in memory answers at once');
    return take;
  };
  const isTaken = (wallMs: number): boolean => askAt(wallMs).kind === 'taken';
  const waitAt = (wallMs: number): number | undefined => {
    const take = askAt(wallMs);
    return take.kind === 'denied' ? take.retryAfterMs : Number.NaN;
  };
  return { isTaken, waitAt, spendAt: (wallMs: number) => Array.from({ length: CALLS }, () => isTaken(wallMs)) };
}

describe('a window', () => {
  test.each([
    ['a day', 'day', 'UTC', '2026-03-01T00:00Z', 24],
    ['summer time begins', 'day', 'Europe/Berlin', '2026-03-28T23:00Z', 23],
    ['summer time ends', 'day', 'Europe/Berlin', '2026-10-24T22:00Z', 25],
    ['it begins across the ocean', 'day', 'America/New_York', '2026-03-08T05:00Z', 23],
    ['it ends there', 'day', 'America/New_York', '2026-11-01T04:00Z', 25],
    ['half an hour more', 'day', 'Australia/Lord_Howe', '2026-04-04T13:00Z', 24.5],
    ['half an hour less', 'day', 'Australia/Lord_Howe', '2026-10-03T13:30Z', 23.5],
    ['its midnight does not exist', 'day', 'Africa/Cairo', '2026-04-23T22:00Z', 23],
    ['its last hour comes twice', 'day', 'Africa/Cairo', '2026-10-28T21:00Z', 25],
    ['the day before it was skipped', 'day', 'Pacific/Apia', '2011-12-30T10:00Z', 24],
    ['a quarter of an hour', 'day', 'Asia/Kathmandu', '2026-02-28T18:15Z', 24],
    ['far east', 'day', 'Pacific/Kiritimati', '2026-02-28T10:00Z', 24],
    ['a month', 'month', 'UTC', '2028-02-01T00:00Z', 29 * 24],
    ['a month with an hour less', 'month', 'Europe/Berlin', '2026-02-28T23:00Z', 31 * 24 - 1],
    ['a month with an hour more', 'month', 'America/New_York', '2026-11-01T04:00Z', 30 * 24 + 1],
  ] as const)(
    '%s (%s, %s): what is spent before is back at its first millisecond, and not one earlier',
    (_, per, zone, at, hours) => {
      const [start, end] = [Date.parse(at), Date.parse(at) + hours * HOUR];
      const { spendAt, waitAt } = openBudget(per, zone);
      const whole = Array(CALLS).fill(true);
      expect([spendAt(start - 1), waitAt(start - 1)]).toEqual([whole, 1]);
      expect([spendAt(start), waitAt(start)]).toEqual([whole, end - start]);
      expect(waitAt(end - 1)).toBe(1);
      expect([spendAt(end), waitAt(end)]).toEqual([whole, expect.any(Number)]);
    },
  );
});

test('of every local date just so many calls pass as its budget has, and none is refused before', () => {
  // those that fall back fall back to their own date: a date is one stretch
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'Asia/Beirut',
    'America/St_Johns',
  ];
  const begin = fc.integer({ min: Date.parse('2024-01-01T00:00Z'), max: Date.parse('2029-01-01T00:00Z') });
  const steps = fc.array(fc.integer({ min: 1, max: 9 * HOUR }), { minLength: 10, maxLength: 60 });
  fc.assert(
    fc.property(fc.constantFrom(...zones), begin, steps, fc.integer({ min: 1, max: 4 }), (zone, from, after, calls) => {
      const dates = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
      const { isTaken } = openBudget('day', zone, calls);
      const used = new Map<string, number>();
      let wallMs = from;
      for (const ms of after) {
        wallMs += ms;
        const date = dates.format(wallMs);
        const before = used.get(date) ?? 0;
        expect(isTaken(wallMs)).toBe(before < calls);
        used.set(date, Math.min(calls, before + 1));
      }
    }),
    { numRuns: 60 },
  );
});
