// Drift as people read it; hidden text; names that read alike.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalText } from '../../../src/audit/canonical.ts';
import { findDrift, isDrift } from '../../../src/policy/pins/drift.ts';
import { describeDrift } from '../../../src/policy/pins/drift-text.ts';
import { excerptChange } from '../../../src/policy/pins/excerpt.ts';
import { findHiddenText } from '../../../src/policy/pins/hidden-text.ts';
import { readPinSet, writePinSet } from '../../../src/policy/pins/pin-set.ts';
import { findShadows, skeletonOf } from '../../../src/policy/pins/shadow.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';
import { isSameJson } from '../../../src/wire/same-json.ts';
import { sortedJson } from '../../../src/wire/sorted-json.ts';
import { pinsOf } from './pins-of.ts';

const driftOf = (before: readonly JsonObject[], after: readonly JsonObject[], ignored: readonly string[] = []) =>
  findDrift(pinsOf(before), pinsOf(after), () => new Set(ignored));

test('the same JSON has one text, RFC 8785 where there is one', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      // fast-check's type of JSON is its own
      const json = value as Json;
      expect(sortedJson(json)).toBe(canonicalText(json) ?? sortedJson(json));
      expect(sortedJson(JSON.parse(sortedJson(json)))).toBe(sortedJson(json));
    }),
  );
  expect(sortedJson('\ud800')).toBe('"\\ud800"');
  expect(sortedJson(JSON.parse('[1e999,null]'))).toBe('[Infinity,null]');
  expect(sortedJson(JSON.parse('{"b":1,"__proto__":2}'))).toBe('{"__proto__":2,"b":1}');
});

test('two ways to compare, one answer', () => {
  const value = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, 0, -0, 1, '', 'a', '1'),
      fc.array(tie('json'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'toString'), tie('json'), { maxKeys: 2 }),
    ),
  })).json;
  fc.assert(
    fc.property(value, value, (left, right) => {
      // made of JSON above
      const [one, other] = [left as Json, right as Json];
      expect(isSameJson(one, other)).toBe(sortedJson(one) === sortedJson(other));
      expect(isSameJson(one, structuredClone(one))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('nothing changed, nothing to say', () => {
  const drift = driftOf([{ name: 'a', title: 'x' }], [{ title: 'x', name: 'a', icons: [], _meta: {} }]);
  expect(isDrift(drift)).toBe(false);
  expect(describeDrift(drift)).toEqual([]);
});

test('changed, new, gone, renamed, turned, in words', () => {
  const drift = driftOf(
    [
      { name: 'read', description: 'Reads one file from the directory', annotations: { readOnlyHint: true } },
      { name: 'old', title: 'Same' },
      { name: 'gone', title: 'Gone' },
    ],
    [
      { name: 'read', description: 'Reads one file from the disk', annotations: { readOnlyHint: false, title: 'x' } },
      { name: 'new', title: 'Same' },
      { name: 'more', title: 'More' },
    ],
  );
  expect(drift.clones).toEqual([{ from: 'old', to: 'new' }]);
  expect(describeDrift(drift)).toEqual([
    '`read` readOnlyHint: true → false (claimed by the server)',
    '`read` description: "…ile from the directory" → "…ile from the disk"',
    '`read` annotations: "…\\"readOnlyHint\\":true}" → "…\\"readOnlyHint\\":false,\\"title\\":\\"x\\"}"',
    '`new` has the definition of `old`, which is gone',
    '`more` is new',
    '`gone` is gone',
  ]);
});

test.each([
  [
    undefined,
    { destructiveHint: false },
    [{ hint: 'destructiveHint', before: undefined, after: false, isWorse: false }],
  ],
  [{ destructiveHint: false }, {}, [{ hint: 'destructiveHint', before: false, after: undefined, isWorse: true }]],
  [{ readOnlyHint: true }, {}, [{ hint: 'readOnlyHint', before: true, after: undefined, isWorse: true }]],
  [{}, { readOnlyHint: true }, [{ hint: 'readOnlyHint', before: undefined, after: true, isWorse: false }]],
  [
    { idempotentHint: true },
    { idempotentHint: false },
    [{ hint: 'idempotentHint', before: true, after: false, isWorse: true }],
  ],
  [
    { openWorldHint: false },
    { openWorldHint: true },
    [{ hint: 'openWorldHint', before: false, after: true, isWorse: true }],
  ],
  [{ readOnlyHint: false }, { title: 'x' }, []],
])('annotations %j → %j', (before, after, flips) => {
  const tool = (annotations: JsonObject | undefined): JsonObject => ({
    name: 'a',
    ...(annotations && { annotations }),
  });
  expect(driftOf([tool(before)], [tool(after)]).changed[0]?.flips).toEqual(flips);
  expect(driftOf([tool(before)], [tool(after)], ['annotations']).changed).toEqual([]);
});

test('instructions', () => {
  const drift = findDrift(pinsOf([], 'be careful'), pinsOf([], 'be \u202ecareless'), () => new Set());
  expect(describeDrift(drift)).toEqual(['instructions: "be careful" → "be \\u{202e}careless"']);
});

test('hostile names and values are inert and bounded', () => {
  const name = `a\u001b[31m\`${'x'.repeat(500)}`;
  const [line = ''] = describeDrift(
    driftOf([{ name, title: '\u200b' }], [{ name, title: `\u0007\n${'y'.repeat(5000)}` }]),
  );
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(line.length).toBeLessThan(500);
  expect(line).toContain("a\\u{1b}[31m'xxx");
});

test('an excerpt shows where two long texts part', () => {
  const long = 'abcdefghij '.repeat(20);
  const { before, after } = excerptChange(`${long}one${long}`, `${long}two${long}`);
  expect(before).toMatch(/^….{0,15}one.{0,45}…$/);
  expect(after).toMatch(/^….{0,15}two.{0,45}…$/);
  expect(excerptChange(undefined, 'x')).toEqual({ before: undefined, after: 'x' });
});

test('a set is read as it was written, and nothing else is a set', () => {
  const set = pinsOf(
    [
      { name: 'b', title: 't' },
      { name: '__proto__', inputSchema: {} },
    ],
    'i',
  );
  expect(readPinSet(writePinSet(set))).toEqual({ ...set, tools: new Map([...set.tools].toReversed()) });
  for (const value of [null, [], {}, { tools: [{}] }, { tools: [], more: 1 }, { tools: [], instructions: 1 }]) {
    expect(readPinSet(value as Json)).toBeUndefined();
  }
});

describe('hidden text', () => {
  test.each([
    ['zero-width', 'safe\u200btext'],
    ['bidi', 'safe\u202etext'],
    ['tags', 'safe\u{e0041}text'],
    ['escape', 'safe\u001b[8mtext'],
    ['variation selector', 'safe\ufe0ftext'],
  ])('%s', (_, description) => {
    const [found] = findHiddenText({ name: 'a', description });
    expect(found?.path).toBe('description');
    expect(found?.shown).toMatch(/^safe\\u\{[0-9a-f]+\}/);
  });

  test('in keys and deep in schemas, bounded', () => {
    expect(findHiddenText({ inputSchema: { properties: { 'a\u200b': { enum: ['x', 'y\u202e'] } } } })).toEqual([
      { path: 'inputSchema/properties/a\\u{200b}', shown: 'a\\u{200b}' },
      { path: 'inputSchema/properties/a\\u{200b}/enum/1', shown: 'y\\u{202e}' },
    ]);
    expect(findHiddenText(Array.from({ length: 1000 }, () => '\u200b'))).toHaveLength(20);
  });

  test('honest text is not', () => {
    expect(findHiddenText({ description: 'Zeile 1\n\tZeile 2: größer, 日本語 😀' })).toEqual([]);
  });
});

describe('shadows', () => {
  const shadows = (...pairs: readonly (readonly [string, string])[]) =>
    findShadows(pairs.map(([server, tool]) => ({ server, tool })));

  test('the very name on two servers', () => {
    expect(shadows(['a', 'read'], ['b', 'read'])).toMatchObject([
      { kind: 'same', tools: [{ server: 'a' }, { server: 'b' }] },
    ]);
  });

  test.each([
    'Read_File',
    'read-file',
    'readFile',
    'read.file',
    'rеad_file',
    'read\u200b_file',
    'ｒｅａｄ_file',
    'read_fi1e',
    'reád_file',
  ])('%j resembles `read_file`', (tool) => {
    expect(shadows(['a', 'read_file'], ['b', tool])).toMatchObject([{ kind: 'resembles' }]);
  });

  test('within one server, too; not with other letters, nor of a name that it lists twice', () => {
    expect(shadows(['a', 'search'], ['a', 'se\u0430rch'], ['b', 'x'])).toEqual([
      {
        kind: 'resembles',
        tools: [
          { server: 'a', tool: 'search' },
          { server: 'a', tool: 'se\u0430rch' },
        ],
      },
    ]);
    expect(shadows(['a', 'read_file'], ['a', 'read_file'], ['b', 'read_files'], ['b', 'write'])).toEqual([]);
  });

  test('a new name says which approved one it reads like', () => {
    const offered = pinsOf([{ name: 'search' }, { name: 'se\u0430rch' }, { name: 'other' }]);
    const drift = findDrift(pinsOf([{ name: 'search' }]), offered, () => new Set());
    expect(describeDrift(drift)).toEqual(['`se\u0430rch` is new, and reads like `search`', '`other` is new']);
  });

  test('hostile names are names', () => {
    expect(shadows(['a', '__proto__'], ['b', 'constructor'])).toEqual([]);
    expect(skeletonOf('')).toBe('');
  });
});
