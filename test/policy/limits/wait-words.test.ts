// How long a wait is, in words: never too short, and with its end where it is long.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { showWait, showWaitUntil } from '../../../src/policy/limits/wait-words.ts';

const NOW = Date.parse('2026-11-22T18:30:00Z');
const HOUR = 3_600_000;

test.each([
  [750, '750 ms'],
  [1_001, '1.1 s'],
  [119_900, '119.9 s'],
  [119_999, '2 min'],
  [120_001, '3 min'],
  [2 * HOUR + 1, '3 h'],
  [47 * HOUR, '47 h'],
  [48 * HOUR, '2 d'],
  [199 * HOUR, '8 d 7 h'],
])('%d ms are %s', (ms, text) => expect(showWait(ms)).toBe(text));

test('a long one says its end, to the minute, rounded up', () => {
  expect(showWaitUntil(2 * HOUR, NOW)).toBe('2 h');
  expect(showWaitUntil(199 * HOUR + 1_001, NOW)).toBe('8 d 8 h (2026-12-01 01:31 UTC)');
  expect(showWaitUntil(8e15, 8e15)).toMatch(/^\d+ d( \d+ h)?$/);
});

test('one that ends at midnight is told as midnight, also where it is told some ms after it was reckoned', () => {
  const ms = Date.parse('2026-11-23T00:00:00Z') - NOW;
  for (const late of [-1, 0, 1, 999]) expect(showWaitUntil(ms, NOW + late)).toContain('(2026-11-23 00:00 UTC)');
});

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: HOUR, d: 24 * HOUR };

test('who waits as long as it says has waited long enough, and not much longer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 * 24 * HOUR }), (ms) => {
      const told = [...showWait(ms).matchAll(/([\d.]+) (\w+)/g)].reduce(
        (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? Number.NaN),
        0,
      );
      expect(Math.round(told)).toBeGreaterThanOrEqual(ms);
      expect(told).toBeLessThan(ms * 1.5 + 100);
    }),
  );
});
