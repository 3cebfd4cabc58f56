// Which values a pointer means, what absence is, and which keys make an object unreadable.
import { describe, expect, test } from 'vitest';
import { compileConstraints } from '../../../src/policy/constraint/constraint-set.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { check, PORTS, type Source } from './one-constraint.ts';

const ok = { equals: 'ok' };
const parse = (text: string): JsonObject => JSON.parse(text);

describe('a pointer', () => {
  test.each<readonly [string, string, string | undefined]>([
    ['/a', '{"a":"ok"}', undefined],
    ['/a', '{"a":"no"}', 'equals /a'],
    ['/a/b', '{"a":{"b":"ok"}}', undefined],
    ['/a/b', '{"a":{"b":"no"}}', 'equals /a/b'],
    ['/a/0', '{"a":["ok","no"]}', undefined],
    ['/a/1', '{"a":["ok","no"]}', 'equals /a/1'],
    ['/a/0', '{"a":{"0":"ok"}}', undefined],
    ['/a~1b', '{"a/b":"ok"}', undefined],
    ['/a~0b', '{"a~b":"no"}', 'equals /a~0b'],
    ['/', '{"":"no"}', 'equals /'],
    ['/a/*', '{"a":["ok","ok"]}', undefined],
    ['/a/*', '{"a":["ok","no"]}', 'equals /a/1'],
    ['/a/*', '{"a":{"x":"ok","y":"no"}}', 'equals /a/y'],
    ['/a/*/p', '{"a":[{"p":"ok"},{"p":"no"}]}', 'equals /a/1/p'],
    ['/a/*/p', '{"a":[{"p":"ok"},{}]}', 'required /a/1/p'],
    ['/*', '{"x":"ok","y":"no"}', 'equals /y'],
    // nothing is there
    ['/a', '{}', 'required /a'],
    ['/a', '{"b":"ok"}', 'required /a'],
    ['/toString', '{}', 'required /toString'],
    ['/a/b', '{}', 'required /a/b'],
    ['/a/2', '{"a":["ok"]}', 'required /a/2'],
    ['/a/*', '{"a":[]}', 'required /a/*'],
    ['/a/*', '{"a":{}}', 'required /a/*'],
    ['/a/*/p', '{"a":[]}', 'required /a/*/p'],
    ['/*', '{}', 'required /*'],
    ['/a', '{"a":null}', 'equals /a'],
    // not of the kind that has members: a server may parse the text, or take a member of it
    ['/a/b', '{"a":"{\\"b\\":\\"ok\\"}"}', 'type /a'],
    ['/a/b', '{"a":null}', 'type /a'],
    ['/a/*', '{"a":"ok"}', 'type /a'],
    ['/a/b', '{"a":["ok"]}', 'type /a'],
    ['/a/00', '{"a":["ok"]}', 'type /a'],
    ['/a/-', '{"a":["ok"]}', 'type /a'],
    ['/a/length', '{"a":["ok"]}', 'type /a'],
  ])('%s over %s: %s', (pointer, args, expected) => {
    const violation = check({ args: { [pointer]: ok } }, parse(args));
    expect(violation && `${violation.rule} ${violation.pointer}`).toBe(expected);
  });

  test('reads arguments that are not there as none', () => {
    expect(check({ args: { '/a': ok } }, undefined)).toMatchObject({ rule: 'required', pointer: '/a' });
    expect(check({ args: { '/a': { ...ok, optional: true } } }, undefined)).toBeUndefined();
  });

  test.each(['', 'a', '/a~2', '/a~', `/${'a/'.repeat(16)}a`])('`%s` is none', (pointer) => {
    const compiled = compileConstraints({ args: { [pointer]: ok } }, 'grant', PORTS);
    expect(compiled.ok).toBe(false);
  });

  test('selects a bounded number of values', () => {
    const source = { args: { '/a/*/*': { maxLength: 1 } } };
    const rows = (count: number): JsonObject => ({ a: Array.from({ length: 100 }, () => Array(count).fill('x')) });
    expect(check(source, rows(100))).toBeUndefined();
    expect(check(source, rows(101))).toMatchObject({ rule: 'too_much' });
    expect(check({ args: { '/a/*': {} } }, { a: Array(1_000_000).fill(0) })).toMatchObject({ rule: 'too_much' });
    const wide = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`k${index}`, 'x']));
    expect(check({ args: { '/*': {} } }, wide)?.text).toBe('the arguments hold more than 10000 values: send less');
  });
});

describe('optional and absent', () => {
  test.each<readonly [string, string, string | undefined]>([
    ['/a', '{}', undefined],
    ['/a/b', '{"a":{}}', undefined],
    ['/a/*', '{"a":[]}', undefined],
    ['/a', '{"a":"no"}', 'equals'],
    ['/a', '{"a":null}', 'equals'],
    ['/a/b', '{"a":null}', 'type'],
    ['/a/b', '{"a":"x"}', 'type'],
    ['/a', '{"A":"x"}', 'confusable_key'],
  ])('optional %s over %s: %s', (pointer, args, expected) => {
    expect(check({ args: { [pointer]: { ...ok, optional: true } } }, parse(args))?.rule).toBe(expected);
  });

  test.each<readonly [string, string, string | undefined]>([
    ['/a', '{}', undefined],
    ['/a', '{"b":1}', undefined],
    ['/a', '{"a":1}', 'absent'],
    ['/a', '{"a":null}', 'absent'],
    ['/a', '{"A":1}', 'confusable_key'],
    ['/a/*/b', '{"a":[{},{"b":0}]}', 'absent'],
    ['/a/*/b', '{"a":[{},{}]}', undefined],
    ['/a/b', '{"a":"{\\"b\\":1}"}', 'type'],
  ])('absent %s over %s: %s', (pointer, args, expected) => {
    expect(check({ args: { [pointer]: { absent: true } } }, parse(args))?.rule).toBe(expected);
  });
});

describe('a key that reads like the wanted one', () => {
  test.each([
    'Path',
    'PATH',
    'path\0',
    'path ',
    '\u001fpath',
    'path\u0085',
    ' path',
    'path\t',
    'ｐath',
    'pa\u200bth',
    'pat\u017f',
    '\ufeffpath',
    'path\u00ad',
    'pa\ud800th',
    'x\u2028',
  ])('%j makes the object unreadable', (key) => {
    const wanted = key.endsWith('\u017f') ? 'pats' : 'path';
    const source: Source = { args: { [`/o/${wanted}`]: ok } };
    expect(check(source, { o: { [wanted]: 'ok', [key]: 'no' } })).toMatchObject({
      rule: 'confusable_key',
      pointer: '/o',
    });
    expect(check(source, { o: { [key]: 'no', [wanted]: 'ok' } })?.text).toContain('leave it out');
  });

  test.each(['paths', 'pat', 'pаth2', 'file_path', 'ключ', '😀'])('%j does not', (key) => {
    expect(check({ args: { '/path': ok } }, { path: 'ok', [key]: 'x' })).toBeUndefined();
  });

  test('on the way there as well, and folds the wanted key alike', () => {
    expect(check({ args: { '/opts/path': ok } }, { opts: { path: 'ok' }, Opts: {} })?.rule).toBe('confusable_key');
    expect(check({ args: { '/Kelvin': ok } }, { Kelvin: 'ok', '\u212aelvin': 'no' })?.rule).toBe('confusable_key');
    expect(check({ args: { '/ID': ok } }, { ID: 'ok', id: 'no' })?.rule).toBe('confusable_key');
  });

  test('is named in a sentence about one object, or about all', () => {
    expect(check({ args: { '/path': ok } }, { path: 'ok', Path: 'no' })?.text).toBe(
      'the arguments hold `Path`, which reads like `path`: leave it out',
    );
    expect(check({ args: { '/o/path': ok } }, { o: { path: 'ok', Path: 'no' } })?.text).toBe(
      '`/o` holds `Path`, which reads like `path`: leave it out',
    );
  });

  test('stays somebody’s data where no rule reads', () => {
    expect(
      check({ args: { '/path': ok } }, { path: 'ok', headers: { A: '1', a: '2', 'x\0': '\ud800' } }),
    ).toBeUndefined();
  });
});

describe('`additional: false`', () => {
  const source: Source = {
    additional: false,
    args: { '/path': { prefix: 'a' }, '/opts/depth': { optional: true }, '/files/*/name': { optional: true } },
  };

  test.each<readonly [string, string | undefined]>([
    ['{"path":"a"}', undefined],
    ['{"path":"a","opts":{"depth":{"any":[1]}}}', undefined],
    ['{"path":"a","files":[{"name":"x"},{"name":"y"}]}', undefined],
    ['{"path":"a","head":1}', '/head'],
    ['{"path":"a","constructor":1}', '/constructor'],
    ['{"path":"a","opts":{"deep":1}}', '/opts/deep'],
    ['{"path":"a","files":[{"name":"x"},{"mode":"y"}]}', '/files/1/mode'],
  ])('over %s refuses %s', (args, expected) => {
    const violation = check(source, parse(args));
    expect(violation?.pointer).toBe(expected);
    if (expected !== undefined) expect(violation?.rule).toBe('additional');
  });

  test('says what is allowed', () => {
    expect(check(source, { path: 'a', x: 1 })?.text).toBe('`/x` is not allowed; allowed are `path`, `opts` or `files`');
  });

  test('does not offer what must be absent', () => {
    const closed = { additional: false, args: { '/path': {}, '/mode': { absent: true } } } as const;
    expect(check(closed, { path: 'a', x: 1 })?.text).toBe('`/x` is not allowed; allowed is `path`');
    expect(check(closed, { path: 'a', mode: 1 })?.text).toBe('`/mode` must be left out');
    expect(check({ additional: false, args: { '/mode': { absent: true } } }, { x: 1 })?.text).toBe(
      '`/x` is not allowed; no argument is',
    );
    const below = { additional: false, args: { '/o/mode': { absent: true } } } as const;
    expect(check(below, { o: {} })).toBeUndefined();
    expect(check(below, { x: 1 })?.text).toBe('`/x` is not allowed; allowed is `o`');
    expect(check(below, { o: { x: 1 } })?.text).toBe('`/o/x` is not allowed; no argument is');
  });

  test('without any pointer takes no argument at all', () => {
    expect(check({ additional: false }, {})).toBeUndefined();
    expect(check({ additional: false }, undefined)).toBeUndefined();
    expect(check({ additional: false }, { x: 1 })).toMatchObject({ rule: 'additional', pointer: '/x' });
    expect(check({ additional: true }, { x: 1 })).toBeUndefined();
  });

  test('keeps an element of a list that no pointer names out', () => {
    const first = { additional: false, args: { '/a/0': {} } };
    expect(check(first, { a: [1] })).toBeUndefined();
    expect(check(first, { a: [1, 2] })).toMatchObject({ rule: 'additional', pointer: '/a/1' });
  });
});

test('pointers and keys from a call are shown inert and short', () => {
  const key = `\u001b[2J\u202e\`${'x'.repeat(5000)}`;
  const violation = check({ args: { '/*': ok } }, { [key]: 'no' });
  expect(violation?.pointer).toMatch(/^\/\\u\{1b\}\[2J\\u\{202e\}'x+…$/);
  expect(violation?.pointer.length).toBeLessThan(100);
  expect(check({ additional: false }, { [key]: 1 })?.text.length).toBeLessThan(200);
});
