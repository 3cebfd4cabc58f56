// The subset of JSON Schema: what each keyword takes, what is refused in the config, and that nothing unreadable passes by a `not`.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SCHEMA_KEYWORDS } from '../../../src/policy/constraint/schema.ts';
import type { Json } from '../../../src/wire/json.ts';
import { ask, check, complaints } from './one-constraint.ts';

type Schema = Readonly<Record<string, Json>>;

const CASES: readonly (readonly [string, Schema, readonly Json[], readonly Json[]])[] = [
  ['type', { type: 'string' }, ['', 'a'], [1, null, [], {}, true]],
  ['type', { type: 'integer' }, [1, -1, 1.0], [1.5, '1', null]],
  ['type', { type: 'number' }, [1, 1.5], ['1', null]],
  ['type', { type: 'null' }, [null], [0, false, {}, []]],
  ['type', { type: 'object' }, [{}], [[], null, 'x']],
  ['type', { type: 'array' }, [[]], [{}, null, 'x']],
  ['type', { type: ['string', 'null'] }, ['a', null], [1]],
  ['type', { type: 'boolean' }, [true, false], [0, 'true', null]],
  ['enum', { enum: ['a', 1, null] }, ['a', 1, null], ['1', 'b', false, [], {}]],
  ['const', { const: 'x' }, ['x'], ['X', ['x']]],
  ['minimum', { type: 'number', minimum: 2 }, [2, 3], [1.9, '3']],
  ['maximum', { type: 'number', maximum: 2 }, [2, 1], [2.1]],
  ['exclusiveMinimum', { type: 'number', exclusiveMinimum: 2 }, [2.1], [2]],
  ['exclusiveMaximum', { type: 'integer', exclusiveMaximum: 2 }, [1], [2]],
  ['minLength', { type: 'string', minLength: 2 }, ['ab', '😀😀'], ['a', '😀']],
  ['maxLength', { type: 'string', maxLength: 2 }, ['ab', '😀😀'], ['abc']],
  ['minItems', { type: 'array', minItems: 1 }, [[1]], [[]]],
  ['maxItems', { type: 'array', maxItems: 1 }, [[1], []], [[1, 2]]],
  ['minProperties', { type: 'object', minProperties: 1 }, [{ a: 1 }], [{}]],
  ['maxProperties', { type: 'object', maxProperties: 1 }, [{ a: 1 }, {}], [{ a: 1, b: 2 }]],
  ['pattern', { type: 'string', pattern: 'b+' }, ['abc', 'b', 'x\nb\ny'], ['ac', '']],
  ['pattern', { type: 'string', pattern: '^b+$' }, ['bb'], ['ab', 'b\n', 'b\nc']],
  ['pattern', { type: 'string', pattern: 'a|^c' }, ['xa', 'c'], ['xc']],
  [
    'properties',
    { type: 'object', properties: { a: { const: 1 } } },
    [{ a: 1 }, {}, { b: 2 }],
    [{ a: 2 }, { a: null }],
  ],
  ['properties', { type: 'object', properties: { a: false } }, [{}], [{ a: 1 }]],
  ['required', { type: 'object', required: ['a'] }, [{ a: null }], [{}, { b: 1 }, { toString: 1 }]],
  [
    'additionalProperties',
    { type: 'object', properties: { a: true }, additionalProperties: false },
    [{ a: 1 }, {}],
    [{ b: 1 }],
  ],
  ['additionalProperties', { type: 'object', additionalProperties: { type: 'string' } }, [{ x: 'a' }], [{ x: 1 }]],
  ['items', { type: 'array', items: { type: 'string' } }, [[], ['a']], [['a', 1]]],
  ['prefixItems', { type: 'array', prefixItems: [{ const: 1 }], items: false }, [[1], []], [[2], [1, 2]]],
  ['allOf', { allOf: [{ type: 'string' }, { type: 'string', minLength: 2 }] }, ['ab'], ['a', 1]],
  ['anyOf', { anyOf: [{ type: 'string' }, { type: 'null' }] }, ['a', null], [1]],
  ['oneOf', { oneOf: [{ type: 'number' }, { type: 'integer' }] }, [1.5], [1, 'a']],
  ['not', { not: { type: 'string' } }, [1], ['a']],
  ['title', { title: 'x', type: 'string' }, ['a'], [1]],
  ['description', { description: 'x', type: 'string' }, ['a'], [1]],
  ['$comment', { $comment: 'x', type: 'string' }, ['a'], [1]],
  ['examples', { examples: [1], type: 'string' }, ['a'], [1]],
];

describe.each(CASES)('%s: %j', (_keyword, schema, good, bad) => {
  test.each(good.map((value) => [value]))('takes %j', (value) => {
    expect(ask({ schema }, value)).toBeUndefined();
  });
  test.each(bad.map((value) => [value]))('refuses %j', (value) => {
    expect(ask({ schema }, value)).toMatch(/^`\/v`/);
  });
});

test('every keyword has a case', () => {
  expect([...new Set(CASES.map(([keyword]) => keyword))].toSorted()).toEqual([...SCHEMA_KEYWORDS.keys()].toSorted());
});

test('says where and what', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      rows: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', maximum: 5 } } } },
    },
  };
  expect(ask({ schema }, { rows: [{ n: 1 }, { n: 9 }] })).toBe('`/v`: `/rows/1/n` must be at most 5');
  expect(ask({ schema }, [])).toBe('`/v` must be of type `object`');
  const closed: Schema = { type: 'object', properties: { a: true }, additionalProperties: false };
  expect(ask({ schema: closed }, { b: 1 })).toBe('`/v` must not have `b`; allowed are `a`');
});

describe('what cannot be read is refused, whatever the schema says of it', () => {
  const unreadable: readonly Json[] = [
    2 ** 53,
    -(2 ** 60),
    'a\0',
    'a\ud800',
    'x\u2028',
    [[2 ** 53]],
    { a: { b: 'a\0' } },
    { 'k\0': 1 },
    Number.POSITIVE_INFINITY,
  ];
  test.each(unreadable.map((value) => [value]))('%j', (value) => {
    for (const schema of [
      {},
      { not: { const: 1 } },
      { anyOf: [true, false] },
      { not: { not: true } },
    ] satisfies Schema[]) {
      expect(ask({ schema }, value), JSON.stringify(schema)).toMatch(/^`\/v` must /);
    }
  });

  const named: Schema = { type: 'object', properties: { path: { const: 'x' } } };
  test.each<Schema>([
    named,
    { not: named },
    { anyOf: [named, true] },
    { type: 'object', required: ['path'] },
    { not: { type: 'object', required: ['path'] } },
  ])('a key that reads like a named one: %j', (schema) => {
    expect(ask({ schema }, { path: 'x', Path: 'y' })).toContain('reads like');
    expect(ask({ schema }, { 'path ': 'y' })).toContain('reads like');
  });

  test('long texts under a pattern, also in a `not`', () => {
    const schema: Schema = { not: { type: 'string', pattern: 'b' } };
    expect(ask({ schema }, 'a')).toBeUndefined();
    expect(ask({ schema }, 'a'.repeat(70_000))).toContain('too much');
  });

  test('more than may be looked at', () => {
    const deep: Schema = {
      type: 'array',
      items: { anyOf: Array.from({ length: 50 }, (_, index) => ({ const: index })) },
    };
    expect(ask({ schema: deep }, Array(100).fill(49))).toBeUndefined();
    expect(ask({ schema: deep }, Array(10_000).fill(49))).toContain('too much');
    expect(check({ args: { '/v': { schema: {} } } }, { v: Array(500_000).fill(1) })?.text).toContain('too much');
    expect(check({ args: { '/v': { schema: {} } } }, { v: 'x'.repeat(9_000_000) })?.text).toContain('too much');
    expect(ask({ schema: { not: deep } }, Array(10_000).fill(49))).toContain('too much');
  });
});

describe('a config is refused', () => {
  test.each<readonly [Schema, string]>([
    [{ $ref: '#/x' }, '.schema.$ref: is refused'],
    [{ $defs: {} }, '.schema.$defs: is not one of the keywords'],
    [{ format: 'uri' }, '.schema.format: is not one of the keywords'],
    [{ patternProperties: {} }, 'is not one of the keywords'],
    [{ if: true }, 'is not one of the keywords'],
    [{ constructor: 1 }, 'is not one of the keywords'],
    [{ type: 'strin' }, '.schema.type: must name'],
    [{ type: [] }, '.schema.type: must name'],
    [{ enum: [] }, '.schema.enum: must be a list'],
    [{ enum: [{}] }, '.schema.enum: must hold no object'],
    [{ const: 2 ** 53 }, '.schema.const: must not be an integer'],
    [{ type: 'number', minimum: '1' }, '.schema.minimum: must be a number'],
    [{ minimum: 1 }, '.schema.minimum: needs `type`'],
    [{ type: 'object', pattern: 'a' }, '.schema.pattern: needs `type`'],
    [{ properties: {} }, '.schema.properties: needs `type`'],
    [{ type: 'string', pattern: '(' }, '.schema.pattern: is no RE2'],
    [{ type: 'string', pattern: 'a)|(b' }, '.schema.pattern: is no RE2'],
    [{ type: 'string', pattern: 1 }, '.schema.pattern: must be a string'],
    [{ type: 'string', maxLength: -1 }, '.schema.maxLength: must be an integer'],
    [{ type: 'object', properties: [] }, '.schema.properties: must be an object'],
    [{ type: 'object', properties: { a: { properties: {} } } }, '.schema.properties.a.properties: needs `type`'],
    [{ type: 'object', properties: { a: 1 } }, '.schema.properties.a: must be a schema'],
    [{ type: 'object', required: 'a' }, '.schema.required: must be a list'],
    [{ type: 'array', items: [true] }, '.schema.items: must be one schema'],
    [{ anyOf: [] }, '.schema.anyOf: must be a list'],
    [{ anyOf: [true, { nope: 1 }] }, '.schema.anyOf[1].nope: is not one'],
    [{ not: 'x' }, '.schema.not: must be a schema'],
  ])('%j', (schema, message) => {
    expect(complaints({ schema }).join('\n')).toContain(message);
  });

  test('that nests too deeply or holds too much', () => {
    const nest = (depth: number): Schema => (depth === 0 ? {} : { not: nest(depth - 1) });
    expect(complaints({ schema: nest(16) })).toEqual([]);
    expect(complaints({ schema: nest(17) })).toHaveLength(1);
    expect(complaints({ schema: nest(500) })).toHaveLength(1);
    expect(complaints({ schema: { anyOf: Array(999).fill(true) } })).toEqual([]);
    expect(complaints({ schema: { anyOf: Array(5000).fill(true) } })).toHaveLength(1);
  });
});

test('`not` is the opposite of what can be judged', () => {
  const schemas: readonly Schema[] = CASES.map(([, schema]) => schema);
  fc.assert(
    fc.property(fc.constantFrom(...schemas), fc.jsonValue({ maxDepth: 2 }), (schema, value) => {
      const given: Json = JSON.parse(JSON.stringify(value));
      const plain = ask({ schema }, given);
      const inverse = ask({ schema: { not: schema } }, given);
      expect(plain === undefined && inverse === undefined).toBe(false);
      expect(ask({ schema: { not: { not: schema } } }, given) === undefined).toBe(plain === undefined);
    }),
    { numRuns: 150, seed: 11 },
  );
});
