// `__proto__` in arguments: what a server that copies by assignment would read there, no rule has judged.
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/wire/json.ts';
import { check, type Source } from './one-constraint.ts';

/** As a request comes: `__proto__` is a member of its own. */
const parse = (text: string): JsonObject => JSON.parse(text);

const ABSENT: Source = { args: { '/path': { absent: true } } };
const WITHIN: Source = { args: { '/path': { within: ['/data'], optional: true } } };

test('this is what a server reads that copies by assignment', () => {
  const args: { readonly path?: string } = Object.assign({}, parse('{"__proto__":{"path":"/etc/passwd"}}'));
  expect(args.path).toBe('/etc/passwd');
});

describe('is refused in an object that a rule walks through', () => {
  test.each<readonly [string, Source, string, string]>([
    ['of what must be absent', ABSENT, '{"__proto__":{"path":"/etc/passwd"}}', ''],
    ['of what is optional', WITHIN, '{"__proto__":{"path":"/etc/passwd"}}', ''],
    ['beside what is asked for', WITHIN, '{"path":"/data/x","__proto__":{"path":"/etc/passwd"}}', ''],
    ['with an escape', ABSENT, '{"\\u005f_proto__":{"path":"/etc/passwd"}}', ''],
    ['in another case', ABSENT, '{"__Proto__":{"path":"/etc/passwd"}}', ''],
    ['with a blank, which servers trim', ABSENT, '{" __proto__ ":{"path":"/etc/passwd"}}', ''],
    ['with something invisible', ABSENT, '{"__pro\u200bto__":{"path":"/etc/passwd"}}', ''],
    ['whatever it holds', ABSENT, '{"__proto__":1}', ''],
    ['further down', { args: { '/o/path': { absent: true } } }, '{"o":{"__proto__":{"path":"/etc/passwd"}}}', '/o'],
    [
      'in each element',
      { args: { '/a/*/path': { absent: true } } },
      '{"a":[{},{"__proto__":{"path":"/etc/passwd"}}]}',
      '/a/1',
    ],
    // a member that every reader sees, and below it one for those alone that copy by assignment
    [
      'of which every member is read',
      { args: { '/a/*/path': { within: ['/data'] } } },
      '{"a":{"__proto__":{"path":"/data/x","more":{"path":"/etc/passwd"}}}}',
      '/a',
    ],
    ['of which every member is read, with a blank', { args: { '/*': {} } }, '{"__proto__ ":{"path":"x"}}', ''],
    [
      'of which every member is a value',
      { args: { '/*': { schema: { type: 'object' } } } },
      '{"__proto__":{"path":"/etc/passwd"}}',
      '',
    ],
    ['though a pointer names it', { args: { '/__proto__': {} } }, '{"__proto__":{"path":"/etc/passwd"}}', ''],
    [
      'though a pointer leads through it',
      { args: { '/__proto__/path': { equals: 'x' } }, additional: false },
      '{"__proto__":{"path":"x","head":1}}',
      '',
    ],
  ])('%s', (_, source, args, pointer) => {
    expect(check(source, parse(args))).toMatchObject({ rule: 'confusable_key', pointer });
  });
});

test('is not allowed where nothing more is', () => {
  expect(check({ additional: false }, parse('{"__proto__":{"path":"x"}}'))?.rule).toBe('additional');
});

test.each([
  [{ type: 'object', properties: { path: false } }],
  [{ type: 'object', additionalProperties: { type: 'object' } }],
  [{ type: 'object', maxProperties: 1 }],
  [{ type: 'object', properties: { o: { type: 'object', properties: { path: false } } } }],
  [{ not: { type: 'object', required: ['path'] } }],
])('is refused everywhere below a schema: %j', (schema) => {
  for (const text of ['{"__proto__":{"path":"x"}}', '{"o":{"__proto__":{"path":"x"}}}', '{"o":[{"__proto__":1}]}'])
    expect(check({ args: { '/v': { schema } } }, { v: parse(text) })).toMatchObject({
      rule: 'schema',
      text: '`/v` holds `__proto__`, whose members some servers see beside it: leave it out',
    });
});

test('is named in a sentence', () => {
  expect(check(ABSENT, parse('{"__proto__":{"path":"/etc/passwd"}}'))?.text).toBe(
    'the arguments hold `__proto__`, whose members some servers see beside it: leave it out',
  );
});

test('stays somebody’s data where no rule reads, as do `constructor` and `prototype` anywhere', () => {
  expect(check(ABSENT, parse('{"data":{"__proto__":{"path":"x"}}}'))).toBeUndefined();
  expect(check({ args: { '/data': {} } }, parse('{"data":{"__proto__":{"path":"x"}}}'))).toBeUndefined();
  expect(check({}, parse('{"__proto__":{"path":"x"}}'))).toBeUndefined();
  expect(check(ABSENT, parse('{"constructor":{"prototype":{"path":"x"}},"prototype":{},"proto":1}'))).toBeUndefined();
});
