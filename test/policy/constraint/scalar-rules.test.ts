// The rules that compare one value: what they take, and what they cannot read with certainty.
import { describe, expect, test } from 'vitest';
import type { ConstraintDocument } from '../../../src/policy/constraint/constraint-document.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';
import { ask, check, complaints } from './one-constraint.ts';

const HOLDS: readonly (readonly [ConstraintDocument, Json])[] = [
  [{ equals: 'main' }, 'main'],
  [{ equals: 1 }, 1.0],
  [{ equals: 0 }, -0],
  [{ equals: null }, null],
  [{ equals: false }, false],
  [{ oneOf: ['a', 1, null] }, 'a'],
  [{ oneOf: ['a', 1, null] }, 1],
  [{ oneOf: [2 ** 53 - 1] }, 2 ** 53 - 1],
  [{ maxLength: 3 }, 'abc'],
  [{ maxLength: 3 }, '😀😀😀'],
  [{ maxLength: 0 }, ''],
  [{ maxLength: 2 }, [1, 2]],
  [{ min: 1 }, 1],
  [{ max: 1.5 }, 1.5],
  [{ min: 1, max: 3 }, 2.25],
  [{ prefix: 'refs/' }, 'refs/heads/main'],
  [{ pattern: '[a-z]+' }, 'abc'],
  [{ pattern: 'a|ab' }, 'ab'],
  [{ pattern: '(?i)abc' }, 'ABC'],
  [{ pattern: '.' }, '😀'],
  [{ pattern: '(?s).*' }, 'a\nb'],
  [{}, { anything: [] }],
];

const REFUSED: readonly (readonly [ConstraintDocument, Json])[] = [
  [{ equals: 'main' }, 'Main'],
  [{ equals: 'main' }, 'main '],
  [{ equals: 1 }, '1'],
  [{ equals: '1' }, 1],
  [{ equals: true }, 1],
  [{ equals: true }, 'true'],
  [{ equals: null }, false],
  [{ equals: 'a' }, ['a']],
  [{ equals: 'é' }, 'e\u0301'],
  [{ oneOf: ['a', 1] }, '1'],
  [{ oneOf: ['a', 1] }, { a: 1 }],
  [{ oneOf: ['constructor'] }, '__proto__'],
  [{ maxLength: 3 }, 'abcd'],
  [{ maxLength: 3 }, '😀😀😀😀'],
  [{ maxLength: 2 }, [1, 2, 3]],
  [{ maxLength: 2 }, 12],
  [{ maxLength: 2 }, { length: 1 }],
  [{ maxLength: 9 }, 'a\ud800'],
  [{ maxLength: 9 }, 'a\0'],
  [{ min: 1 }, 0.999],
  [{ max: 1 }, 1.001],
  [{ min: 1 }, '2'],
  [{ min: 1 }, Number.POSITIVE_INFINITY],
  [{ min: 1 }, 2 ** 53],
  [{ max: 1 }, -(2 ** 53)],
  [{ min: 1, max: 3 }, 4],
  [{ min: 1, max: 3 }, 0],
  [{ min: 1 }, [2]],
  [{ min: 1 }, null],
  [{ prefix: 'refs/' }, 'Refs/heads'],
  [{ prefix: 'refs/' }, ' refs/heads'],
  [{ prefix: 'refs/' }, 'refs'],
  [{ prefix: 'a' }, 'a\udc00'],
  [{ prefix: 'a' }, ['a']],
  [{ pattern: '[a-z]+' }, 'abc\n'],
  [{ pattern: '[a-z]+' }, 'abc!'],
  [{ pattern: '[a-z]+' }, 'x\nabc'],
  [{ pattern: '(?m)^abc$' }, 'abc\nxyz'],
  [{ pattern: 'a$|b' }, 'a\n'],
  [{ pattern: '.*' }, 'a\nb'],
  [{ pattern: '.*' }, 'a\0b'],
  [{ pattern: '.*' }, 'a\ud83d'],
  [{ pattern: '.*' }, 'a\u2028b'],
  [{ pattern: '[0-9]+' }, 12],
];

test.each(HOLDS)('%j takes %j', (constraint, value) => {
  expect(ask(constraint, value)).toBeUndefined();
});

test.each(REFUSED)('%j refuses %j', (constraint, value) => {
  expect(ask(constraint, value)).toMatch(/^`\/v` must /);
});

describe('the text of a refusal', () => {
  test.each<readonly [ConstraintDocument, Json, string]>([
    [{ equals: 'main' }, 'x', '`/v` must be `"main"`'],
    [{ oneOf: ['a', 1, null] }, 'x', '`/v` must be `"a"`, `1` or `null`'],
    [{ maxLength: 2 }, 'abc', '`/v` must have at most 2 characters'],
    [{ min: 2 }, 1, '`/v` must be a number of at least 2'],
    [{ max: 2 }, 3, '`/v` must be a number of at most 2'],
    [{ prefix: 'refs/' }, 'x', '`/v` must be a string that begins with `refs/`'],
    [{ pattern: '[a-z]+' }, '!', '`/v` must be a string that matches `[a-z]+` as a whole'],
    [{ min: 2 }, 2 ** 60, '`/v` must not be an integer beyond 2^53'],
  ])('%j names what is allowed', (constraint, value, text) => {
    expect(ask(constraint, value)).toBe(text);
  });

  test('is short and inert, whatever the config and the call hold', () => {
    const long =
      ask({ oneOf: Array.from({ length: 500 }, (_, index) => `${index}`.padEnd(300, '`\u001b')) }, 'x') ?? '';
    expect(long.length).toBeLessThan(1000);
    expect(long).toContain('or 492 more');
    expect(long).not.toContain('\u001b');
    expect(long.split('`')).toHaveLength(19);
  });
});

describe('patterns', () => {
  test.each(['(a+)+', '(a|a)*b', '(.*a){20}b', '([a-z]+)*!', '(?:a?){50}a{50}b'])('%s takes linear time', (pattern) => {
    const took = (length: number): number => {
      const before = performance.now();
      expect(ask({ pattern }, `${'a'.repeat(length)}#`)).toBeDefined();
      return performance.now() - before;
    };
    took(1000);
    // any back-tracking engine would not end within the life of this machine
    expect(took(60_000)).toBeLessThan(3000);
  });

  test('are not asked about long texts', () => {
    expect(ask({ pattern: 'x*' }, 'x'.repeat(65_536))).toBeUndefined();
    expect(ask({ pattern: 'x*' }, 'x'.repeat(65_537))).toContain('at most 65536 characters');
  });

  test('all of a call together are bounded', () => {
    const value = 'a'.repeat(60_000);
    const many = (count: number): JsonObject => ({ a: Array(count).fill(value) });
    expect(check({ args: { '/a/*': { pattern: 'a*' } } }, many(2))).toBeUndefined();
    expect(check({ args: { '/a/*': { pattern: 'a*' } } }, many(50))).toMatchObject({
      rule: 'pattern',
      pointer: '/a/2',
    });
  });
});

describe('a config is refused', () => {
  test.each<readonly [ConstraintDocument, string]>([
    [{ pattern: '(' }, '.pattern: is no RE2 pattern'],
    [{ pattern: 'a)|(b' }, '.pattern: is no RE2 pattern'],
    [{ pattern: '(?=a)' }, '.pattern: is no RE2 pattern'],
    [{ pattern: '(a)\\1' }, '.pattern: is no RE2 pattern'],
    [{ pattern: '(a{100}){10}{9}' }, '.pattern: is no RE2 pattern'],
    [{ pattern: '(?:.{900}|[a-f]{900}){1}|(?:x{1000}|y{1000}|z{1000}|w{1000}|v{1000})' }, 'too large'],
    [{ equals: 2 ** 53 }, '.equals: must not be an integer beyond 2^53'],
    [{ equals: 'a\0' }, '.equals: must not hold a NUL'],
    [{ oneOf: [] }, '.oneOf: must name at least one'],
    [{ oneOf: ['a', 2 ** 60] }, '.oneOf[1]: must not be an integer'],
    [{ prefix: '' }, '.prefix: must not be empty'],
    [{ maxLength: -1 }, '.maxLength: must be an integer'],
    [{ maxLength: 1.5 }, '.maxLength: must be an integer'],
    [{ min: Number.NaN }, '.min: must be a finite number'],
    [{ max: 2 ** 60 }, '.max: must not be an integer'],
    [{ min: 3, max: 2 }, '`min` is above `max`'],
    [{ absent: true, optional: true }, '.absent: stands alone'],
    [{ absent: true, prefix: 'a' }, '.absent: stands alone'],
  ])('%j', (constraint, message) => {
    expect(complaints(constraint).join('\n')).toContain(message);
    expect(complaints(constraint).every((text) => text.startsWith('grant.args["/v"]'))).toBe(true);
  });

  test('with a kind that this version does not know', () => {
    const written: object = { equals: 'a', matches: 'b' };
    expect(complaints(written)).toEqual(['grant.args["/v"].matches: is no kind of constraint']);
  });

  test('with all that is wrong at once', () => {
    expect(complaints({ pattern: '(', prefix: '', maxLength: -1 })).toHaveLength(3);
  });
});
