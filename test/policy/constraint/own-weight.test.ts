// A text is charged for what it costs to be looked at, whatever its shape: counts, no times. Measured in CPU time, a look was 1 to 14 µs
// of each of these shapes; charged by length alone, `$A` again and again was 460.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLeniently } from '../../../src/policy/constraint/lenient-text.ts';
import { shortenLong } from '../../../src/policy/constraint/long-text.ts';
import { createOwnPathFinder } from '../../../src/policy/constraint/own-paths.ts';
import { prepareOwnPaths } from '../../../src/policy/constraint/own-reach.ts';
import { listReadings } from '../../../src/policy/constraint/own-readings.ts';
import { UNITS_PER_LOOK, weighReading } from '../../../src/policy/constraint/reading-weight.ts';
import { PORTS } from './one-constraint.ts';

const PARTS = { bases: 2, variableOf: () => undefined, homesOf: () => ['/home/me'] };
const unitsOf = (text: string, room = Number.POSITIVE_INFINITY) => listReadings(text, PARTS, room)?.units;

/** Looks of one text of some 4,000 characters, at least and at most. */
test.each([
  ['letters', 'word.', 7, 10],
  ['prose', 'a few words.', 7, 10],
  ['parts', '/a', 50, 75],
  ['parts of Windows, in two readings', '\\a', 100, 150],
  ['variables', '$A', 160, 400],
  ['variables of Windows', '%A%', 100, 300],
  ['escapes', '%41', 70, 200],
  ['what is invisible', '\u200b.', 15, 60],
  ['wide letters', 'é.', 15, 60],
  ['quotes', '".', 15, 60],
])('a short text of %s', (_, piece, least, most) => {
  const looks = (unitsOf(piece.repeat(Math.floor(4000 / piece.length))) ?? 0) / UNITS_PER_LOOK;
  expect(looks).toBeGreaterThan(least);
  expect(looks).toBeLessThan(most);
});

test('a part is charged by each directory that it may count from', () => {
  const [one, ten] = [1, 10].map((bases) => weighReading('a/b/c', bases));
  expect((ten ?? 0) - (one ?? 0)).toBe((weighReading('a/b/c', 2) - (one ?? 0)) * 9);
  expect(ten).toBeGreaterThan(one ?? 0);
});

test('every reading is weighed, and one text has an end', () => {
  const text = '$A'.repeat(1000);
  const units = unitsOf(text) ?? 0;
  expect(units).toBeGreaterThanOrEqual(weighReading(text, 2));
  expect(unitsOf(`@${text}`)).toBeGreaterThan(2 * weighReading(text, 2));
  expect(unitsOf(text, units)).toBe(units);
  expect(unitsOf(text, units - 1)).toBeUndefined();
});

/** Characters charged for one text, by how many were read: its end alone where that is enough. */
test.each([
  ['prose: its end, twice', 'the quick. '.repeat(100_000), 2 * 16_384, 2 * 16_384],
  ['letters that fold', '\uff45'.repeat(100_000), 8 * 16_384, 8 * 16_384],
  ['what folds to eighteen times as much', '\ufdfa'.repeat(10_000), 4 * 19 * 10_000, 4 * 19 * 10_000],
  ['dots that take back, to the end', '/../a'.repeat(2000), 20_000, 400_000],
  ['escapes, which are decoded one by one', '%ff/'.repeat(2500), 85_000, 110_000],
])('a long text: %s', (_, text, least, most) => {
  const { length } = shortenLong(text) ?? { length: 0 };
  expect(length).toBeGreaterThanOrEqual(least);
  expect(length).toBeLessThanOrEqual(most);
});

describe('of one call', () => {
  const find = createOwnPathFinder(prepareOwnPaths(['/srv/team.json'], PORTS), PORTS);
  const many = (text: (index: number) => string, count: number): string | undefined =>
    find({ v: Array.from({ length: count }, (_, index) => text(index)) }, 0)?.text;

  test.each([
    ['variables', (index: number) => `${'$A'.repeat(2000)}/${index}`, 60, 130],
    ['parts', (index: number) => `${'/a'.repeat(2000)}${index}`, 250, 550],
    ['long prose', (index: number) => `${'the quick. '.repeat(1600)}${index}`, 400, 700],
  ])('%s', (_, text, passes, refused) => {
    expect(many(text, passes)).toBeUndefined();
    expect(many(text, refused)).toContain('too many texts');
  });
});

test('escapes are decoded as `decodeURIComponent` does, and bytes that are no UTF-8 as Python does', () => {
  const run = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0xef, 0xbb, 0xbf, 0xc3, 0xa9, 0x2f)));
  const parts = fc.array(
    fc.tuple(
      run,
      fc.string({ maxLength: 2 }).filter((text) => !text.includes('%')),
    ),
  );
  fc.assert(
    fc.property(parts, (list) => {
      const write = (bytes: readonly number[]) => bytes.map((one) => `%${one.toString(16).padStart(2, '0')}`).join('');
      const decode = (bytes: readonly number[]) => {
        try {
          return decodeURIComponent(write(bytes));
        } catch {
          return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
        }
      };
      // two runs without anything between them are one
      const joined = list.map(([bytes, text]) => [bytes, text === '' ? '-' : text] as const);
      const written = joined.map(([bytes, text]) => write(bytes) + text).join('');
      expect(decodeLeniently(written)).toBe(joined.map(([bytes, text]) => decode(bytes) + text).join(''));
    }),
  );
});
