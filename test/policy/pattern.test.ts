// Compiled patterns, and finding those that match among many.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchPattern } from '../../src/config/tool-deadline.ts';
import { compilePattern } from '../../src/policy/pattern.ts';
import { LONGEST_NAME, TargetIndex } from '../../src/policy/target-index.ts';

const letters = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.', '😀'), maxLength });

describe('a compiled pattern', () => {
  test.each<[string, string, boolean]>([
    ['abc', 'abc', true],
    ['abc', 'ABC', false],
    ['abc', 'abc ', false],
    ['*', '', true],
    ['a*', 'a', true],
    ['*a', 'ba', true],
    ['*a*', 'bab', true],
    ['ab*b', 'ab', false],
    ['ab*b', 'abb', true],
    ['a*b*a', 'aba', true],
    ['a*b*b', 'ab', false],
    ['*ab*ba*', 'aba', false],
    ['?', '😀', true],
    ['??', '😀', false],
    ['*??', '😀', false],
    ['*?', '😀', true],
    ['a?c*', 'ac', false],
    ['[ab]', 'a', false],
    ['', '', true],
    ['', 'a', false],
  ])('%s matches %s: %s', (pattern, text, expected) => {
    expect(compilePattern(pattern).matches(text)).toBe(expected);
  });

  test('agrees with the matcher that it replaces', () => {
    fc.assert(
      fc.property(letters(8), letters(8), (pattern, text) => {
        expect(compilePattern(pattern).matches(text)).toBe(matchPattern(pattern, text));
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([`${'*a'.repeat(120)}*b`, `${'?*a'.repeat(80)}b`])('a hostile name costs little: %#', (pattern) => {
    const compiled = compilePattern(pattern);
    const start = performance.now();
    expect(compiled.matches('a'.repeat(LONGEST_NAME))).toBe(false);
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe('an index of patterns', () => {
  const find = (patterns: readonly string[], name: string) =>
    new TargetIndex(patterns.map((pattern, value) => ({ pattern, value }))).find(name);

  test('finds what matches, in the order of the patterns, few of them or many', () => {
    fc.assert(
      fc.property(fc.array(letters(6), { maxLength: 120 }), letters(8), (patterns, name) => {
        const expected = patterns.flatMap((pattern, at) => (matchPattern(pattern, name) ? [at] : []));
        expect(find(patterns, name)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('finds a pattern once whose rarest piece stands in the name twice', () => {
    const many = Array.from({ length: 100 }, (_, at) => `x${at}*`);
    expect(find([...many, '*abc*'], 'abcabc')).toEqual([100]);
  });

  test('finds nothing for a name beyond its limit, whatever the pattern', () => {
    expect(find(['*'], 'a'.repeat(LONGEST_NAME))).toEqual([0]);
    expect(find(['*', 'a'.repeat(LONGEST_NAME + 1)], 'a'.repeat(LONGEST_NAME + 1))).toEqual([]);
  });

  test('knows no member that nobody put in', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      expect(find(['a'], name)).toEqual([]);
    expect(find(['__proto__'], '__proto__')).toEqual([0]);
  });
});
