// One text for one value: whatever the order of keys, and whether or not the quick way was taken.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../src/wire/json.ts';
import { isSameJson } from '../../src/wire/same-json.ts';
import { sortedJson, sortJson } from '../../src/wire/sorted-json.ts';

/** The plain way, for comparison: every object sorted, nothing looked at beforehand. */
function reference(value: Json): string {
  if (typeof value === 'number') return `${value}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(reference).join(',')}]`;
  const keys = Object.keys(value).sort();
  const parts = keys.flatMap((key) => {
    const item = (value as { readonly [key: string]: Json | undefined })[key]; // an object of JSON, of whatever kind
    return item === undefined ? [] : [`${JSON.stringify(key)}:${reference(item)}`];
  });
  return `{${parts.join(',')}}`;
}

const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.constantFrom('1', '10', '9', '', 'toJSON', '__proto__', 'ä', '\u{1f600}', '\uffff'),
);
const wild = fc.letrec<{ readonly value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom<Json>(null, true, 0, -0, 1e21, 1e-7, Number.POSITIVE_INFINITY, '\ud800', '"\\'),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 4, selector: ([name]) => name })
      .map((entries): Json => Object.fromEntries(entries)),
  ),
})).value;

test('the text of a value, as it is and with its keys in order', () => {
  fc.assert(
    fc.property(wild, (value) => {
      const text = reference(value);
      expect(sortedJson(value)).toBe(text);
      if (text.includes('Infinity')) return;
      expect(sortedJson(JSON.parse(text))).toBe(text);
      const sorted = sortJson(value);
      expect(reference(sorted)).toBe(text);
      expect(JSON.stringify(sorted)).toBe(JSON.stringify(JSON.parse(text)));
    }),
    { numRuns: 500 },
  );
});

test('what is in order stays the very same; what JSON cannot say is said so', () => {
  const inOrder: Json = { a: [{ b: 1, c: null }], d: 'x' };
  expect(sortJson(inOrder)).toBe(inOrder);
  expect(sortJson({ b: 1, a: 2 })).toEqual({ a: 2, b: 1 });
  expect(Object.keys(sortJson({ b: 1, a: 2 }) as object)).toEqual(['a', 'b']);
  expect(sortedJson({ a: Number.POSITIVE_INFINITY })).toBe('{"a":Infinity}');
  expect(() => sortJson({ a: Number.POSITIVE_INFINITY })).toThrow(SyntaxError);
  expect(sortedJson({ b: undefined, a: 1 })).toBe('{"a":1}');
  expect(sortedJson({ a: 1, b: undefined })).toBe('{"a":1}');
});

test('two values are the same where their texts are, whatever the order of keys', () => {
  fc.assert(
    fc.property(wild, wild, (left, right) => {
      expect(isSameJson(left, right)).toBe(reference(left) === reference(right));
    }),
  );
});

test.each<[Json, Json, boolean]>([
  [{ a: 1, b: [2, { c: null }] }, { b: [2, { c: null }], a: 1 }, true],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [{ a: 1 }, { b: 1 }, false],
  [[1, 2], [1], false],
  [[1], [1, 2], false],
  [[], {}, false],
  [{}, [], false],
  [null, {}, false],
  [{}, null, false],
  ['1', 1, false],
  [JSON.parse('{"__proto__":1}'), {}, false],
  [{}, JSON.parse('{"__proto__":1}'), false],
  [{ toString: 1 }, { valueOf: 1 }, false],
])('%j and %j: %s', (left, right, same) => expect(isSameJson(left, right)).toBe(same));
