// How patterns relate, against what they match.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { covers, overlaps } from '../../../src/policy/lint/pattern-relation.ts';
import { compilePattern } from '../../../src/policy/pattern.ts';

test.each([
  ['*', 'a', true],
  ['*', '', true],
  ['*', '*', true],
  ['a*', 'ab*', true],
  ['ab*', 'a*', false],
  ['?', '*', false],
  // they are equal, and that is a case it misses
  ['*?', '?*', false],
  ['a?', 'ab', true],
  ['ab', 'a?', false],
  ['a*c', 'abc', true],
  ['a*c', 'ac*', false],
  ['*_x', 'read_x', true],
  ['a', 'a', true],
  ['a', 'b', false],
  ['', '*', false],
])('`%s` covers `%s`: %s', (wide, narrow, expected) => {
  expect(covers(wide, narrow)).toBe(expected);
});

test.each([
  ['a*', '*b', true],
  ['a*', 'b*', false],
  ['a?c', 'abc', true],
  ['a?', 'a', false],
  ['?*', '', false],
  ['read_*', 'write_*', false],
  ['*', '*', true],
])('`%s` overlaps `%s`: %s', (left, right, expected) => {
  expect(overlaps(left, right)).toBe(expected);
  expect(overlaps(right, left)).toBe(expected);
});

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 7 });

test('what covers matches all that is covered; what matches one text overlaps; covering is overlapping', () => {
  fc.assert(
    fc.property(letters, letters, name, (wide, narrow, text) => {
      const both = compilePattern(wide).matches(text) && compilePattern(narrow).matches(text);
      if (compilePattern(narrow).matches(text) && covers(wide, narrow)) expect(both).toBe(true);
      if (both) expect(overlaps(wide, narrow)).toBe(true);
      expect(covers(wide, wide)).toBe(true);
    }),
    { numRuns: 2000, seed: 7 },
  );
});

test('long patterns cost little', () => {
  const stars = '*a'.repeat(128);
  expect(covers(stars, `${'*b'.repeat(127)}*a`)).toBe(false);
  expect(overlaps(stars, '*b'.repeat(128))).toBe(false);
});
