// Days and months of a zone: whole, without gaps, whatever the clocks there do.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCalendar, isTimeZone } from '../../../src/policy/limits/calendar.ts';

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);
const current = (per: 'day' | 'month', zone: string, wallMs: number) => createCalendar(per, zone).around(wallMs)[1];

describe('a window', () => {
  test.each([
    ['a day in UTC', 'day', 'UTC', '2026-03-01T12:00Z', '2026-03-01T00:00Z', 24],
    ['the day on which summer time begins', 'day', 'Europe/Berlin', '2026-03-29T12:00Z', '2026-03-28T23:00Z', 23],
    ['the day on which it ends', 'day', 'Europe/Berlin', '2026-10-25T12:00Z', '2026-10-24T22:00Z', 25],
    ['a day whose midnight does not exist', 'day', 'Africa/Cairo', '2026-04-24T12:00Z', '2026-04-23T22:00Z', 23],
    ['a zone of half hours', 'day', 'Asia/Kolkata', '2026-03-01T12:00Z', '2026-02-28T18:30Z', 24],
    ['far west', 'day', 'Pacific/Pago_Pago', '2026-03-01T10:59Z', '2026-02-28T11:00Z', 24],
    ['far east', 'day', 'Pacific/Kiritimati', '2026-03-01T10:00Z', '2026-03-01T10:00Z', 24],
    ['a month', 'month', 'UTC', '2026-02-28T23:59Z', '2026-02-01T00:00Z', 28 * 24],
    ['a month with a change of time', 'month', 'Europe/Berlin', '2026-03-15T00:00Z', '2026-02-28T23:00Z', 31 * 24 - 1],
    ['over the end of a year', 'month', 'Asia/Tokyo', '2026-12-31T15:00Z', '2026-12-31T15:00Z', 31 * 24],
  ] as const)('%s', (_, per, zone, now, start, hours) => {
    expect(current(per, zone, at(now))).toEqual({ startMs: at(start), endMs: at(start) + hours * HOUR });
  });

  test('holds its time, and its neighbours join without a gap, at any time in any zone', () => {
    const zone = fc.constantFrom(
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Africa/Cairo',
      'Australia/Lord_Howe',
      'Asia/Beirut',
      'America/St_Johns',
      'Pacific/Apia',
    );
    const time = fc.integer({ min: at('2005-01-01T00:00Z'), max: at('2040-01-01T00:00Z') });
    fc.assert(
      fc.property(zone, fc.constantFrom('day' as const, 'month' as const), time, (name, per, wallMs) => {
        const [before, now, after] = createCalendar(per, name).around(wallMs);
        expect(now.startMs).toBeLessThanOrEqual(wallMs);
        expect(now.endMs).toBeGreaterThan(wallMs);
        expect([before.endMs, now.endMs]).toEqual([now.startMs, after.startMs]);
      }),
      { numRuns: 60 },
    );
  });

  test('is the same for every time in it, asked in any order of the same calendar', () => {
    const calendar = createCalendar('day', 'Europe/Berlin');
    const [, day, next] = calendar.around(at('2026-10-25T12:00Z'));
    expect(calendar.around(day.startMs)[1]).toEqual(day);
    expect(calendar.around(day.endMs - 1)[1]).toEqual(day);
    expect(calendar.around(day.endMs)[1]).toEqual(next);
    expect(calendar.around(day.startMs)[1]).toEqual(day);
  });
});

test('a zone is one that the engine knows', () => {
  expect(['UTC', 'Europe/Berlin', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
});
