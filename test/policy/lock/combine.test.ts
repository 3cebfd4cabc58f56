// What applies is never wider than the config nor than the lock: every key that the schema knows, one by one.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compilePolicy } from '../../../src/config/compile.ts';
import { listKeyPaths } from '../../../src/config/known-keys.ts';
import { DEFAULTS } from '../../../src/config/policy.ts';
import { combineDocuments } from '../../../src/policy/lock/combine.ts';
import { DOCUMENT_FIELDS, type Fields, ruleFor } from '../../../src/policy/lock/field-table.ts';
import { LOCK_REFUSALS } from '../../../src/policy/lock/lock-refusal.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';
import { memberOf } from '../../../src/wire/json.ts';

const files = (more: JsonObject = {}): JsonObject => ({ command: 'node', args: ['s.mjs'], ...more });
const withServer = (more: JsonObject, top: JsonObject = {}): JsonObject => ({
  ...top,
  servers: { files: files(more) },
});

describe('the table', () => {
  test.each(listKeyPaths())('says how `%s` combines', (path) => {
    expect(ruleFor(path)).toBeDefined();
  });

  test('a key that is not in it is not classified', () => {
    expect(ruleFor('servers.*.nonsense')).toBeUndefined();
    expect(ruleFor('constructor')).toBeUndefined();
    expect(ruleFor('audit.nonsense')).toBeUndefined();
  });

  test('has the defaults of the config', () => {
    expect(ruleFor('servers.*.deadline.idleMs')).toMatchObject({ absent: DEFAULTS.deadline.idleMs });
    expect(ruleFor('servers.*.deadline.hardMs')).toMatchObject({ absent: DEFAULTS.deadline.hardMs });
    expect(ruleFor('servers.*.tools.*.deadline.hardMs')).toMatchObject({ absent: DEFAULTS.deadline.hardMs });
    expect(ruleFor('maxLineBytes')).toMatchObject({ absent: DEFAULTS.maxLineBytes });
    for (const key of ['payload', 'maxBytes', 'maxAgeDays', 'onFailure', 'sync'] as const) {
      expect(ruleFor(`audit.${key}`)).toMatchObject({ absent: DEFAULTS.audit[key] });
    }
    const silent = compilePolicy({
      document: { version: 1 },
      variables: {},
      source: { path: '/c', digest: '' },
      absolute: (p) => p,
    });
    expect(silent).toMatchObject({ ok: true, policy: { unlisted: 'observe', strictPayload: false } });
  });
});

test('the same config twice is itself, and nothing differs', () => {
  const config = withServer(
    {
      tools: { 'read_*': { deadline: { hardMs: 5 } }, x: { pins: 'off', approve: 'once' } },
      env: { A: '1' },
      pins: 'warn',
    },
    {
      approvers: ['a'],
      limits: [{ key: ['tool'] }],
      audit: { payload: 'off' },
      scopes: { s: { grants: [] } },
      breaker: {},
    },
  );
  const { document, differences, blocked } = combineDocuments(config, structuredClone(config));
  expect(differences).toEqual([]);
  expect(blocked.size).toBe(0);
  expect(document).toEqual({
    ...config,
    unlisted: 'deny',
    servers: {
      files: files({
        ...{ env: { A: '1' }, pins: 'warn' },
        tools: { 'read_*': { deadline: { hardMs: 5 } }, x: { pins: { mode: 'off' }, approve: 'once' } },
      }),
    },
  });
});

/** Path, the narrow value, the wide one; undefined: the key is absent. */
const ORDERED: readonly (readonly [string, unknown, unknown])[] = [
  ['servers.files.mode', 'enforce', 'observe'],
  ['servers.files.mode', undefined, 'observe'],
  ['servers.files.deadline.idleMs', 100, 200],
  ['servers.files.deadline.idleMs', 100, undefined],
  ['servers.files.deadline.hardMs', 100, 200],
  ['servers.files.deadline.hardMs', undefined, 4_000_000],
  ['servers.files.pins', 'deny', 'warn'],
  ['servers.files.pins', undefined, 'off'],
  ['servers.files.pins', { mode: 'warn' }, { mode: 'warn', ignore: ['title'] }],
  ['servers.files.isolation.required', 'L2', 'L1'],
  ['servers.files.isolation.required', 'L1', undefined],
  ['servers.files.isolation.network', false, true],
  ['servers.files.isolation.network', undefined, ['a.com']],
  ['servers.files.isolation.network', ['x.a.com:443'], ['*.a.com']],
  ['servers.files.isolation.network', ['a.com'], true],
  ['servers.files.limits', [{ key: ['tool'], burst: 1 }], []],
  ['servers.files.limits', [{ key: ['tool'], burst: 1 }], undefined],
  ['servers.files.tools.x.deadline.hardMs', 100, 200],
  ['servers.files.tools.x.pins', 'deny', 'off'],
  ['servers.files.tools.x.approve', 'always', undefined],
  ['servers.files.tools.x.approve', 'session', 'once'],
  ['servers.files.tools.x.limits', [{ key: ['tool'], burst: 1 }], undefined],
  ['unlisted', 'deny', 'observe'],
  ['unlisted', undefined, 'observe'],
  ['strict', 'payload', undefined],
  ['strict', 'payload', 'envelope'],
  ['audit.payload', 'full', 'digest'],
  ['audit.payload', undefined, 'off'],
  ['audit.maxBytes', 4_000_000_000, undefined],
  ['audit.maxAgeDays', 30, 1],
  ['audit.onFailure', 'deny', 'allow-and-count'],
  ['audit.onFailure', undefined, 'allow-and-count'],
  ['audit.sync', 'always', 'group'],
  ['maxLineBytes', 65_536, 131_072],
  ['maxLineBytes', 65_536, undefined],
  ['limits', [{ key: ['tool'], burst: 1 }], undefined],
  ['lock', 'required', undefined],
  ['approvers', undefined, ['ed25519:x']],
  ['approvers', ['ed25519:a'], ['ed25519:a', 'ed25519:b']],
];

function put(document: unknown, path: string, value: unknown): JsonObject {
  const copy = structuredClone(document) as Record<string, unknown>;
  const keys = path.split('.');
  let at = copy;
  for (const key of keys.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Record<string, unknown>;
  }
  const last = keys.at(-1) ?? '';
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy as JsonObject;
}

const get = (document: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);

/** An absent key and its default are one. */
const meaning = (path: string, value: unknown): unknown => {
  const rule = ruleFor(path.replace('servers.files', 'servers.*').replace('tools.x', 'tools.*'));
  if (path.endsWith('pins')) {
    const { mode = 'deny', ignore = [] } =
      typeof value === 'string' ? { mode: value } : ((value ?? {}) as { mode?: string; ignore?: [] });
    return { mode, ignore };
  }
  if (path.endsWith('tools.x.approve')) return value ?? 'never';
  if (path === 'unlisted') return value ?? 'deny';
  if (Array.isArray(value) && value.length === 0) return undefined;
  return value ?? (rule !== undefined && 'absent' in rule ? rule.absent : undefined);
};

describe.each(ORDERED)('`%s`: %j is narrower than %j', (path, narrow, wide) => {
  const base = withServer({}, { version: 1 });
  const [narrowDocument, wideDocument] = [put(base, path, narrow), put(base, path, wide)];

  test('narrowing holds at once', () => {
    const { document, differences } = combineDocuments(narrowDocument, wideDocument);
    expect(meaning(path, get(document, path))).toEqual(meaning(path, narrow));
    expect(differences.map(({ direction }) => direction)).toEqual(['narrower']);
  });

  test('widening does nothing', () => {
    const { document, differences, blocked } = combineDocuments(wideDocument, narrowDocument);
    expect(meaning(path, get(document, path))).toEqual(meaning(path, narrow));
    expect(differences.map(({ direction }) => direction)).toEqual(['wider']);
    expect(blocked.size).toBe(0);
  });
});

describe('structural keys must be equal', () => {
  test.each([
    ['command', 'deno'],
    ['args', ['other.mjs']],
    ['args', undefined],
    ['cwd', '/tmp'],
    ['env', { NODE_OPTIONS: '' }],
    ['passEnv', ['SECRET']],
    ['url', 'https://example.com'],
    ['headers', { a: 'b' }],
    ['prefix', 'p'],
    ['separator', '-'],
  ])('`%s`', (key, value) => {
    const base = withServer({});
    const other = put(base, `servers.files.${key}`, value);
    for (const [config, lock] of [
      [base, other],
      [other, base],
    ] as const) {
      const { blocked } = combineDocuments(config, lock);
      expect(blocked.get('files')?.map(({ path }) => path)).toEqual([['servers', 'files', key]]);
    }
  });

  test('an absent list and an empty one are equal', () => {
    expect(combineDocuments(withServer({ passEnv: [], env: {}, headers: {} }), withServer({})).differences).toEqual([]);
  });

  test('a server that the lock does not know is blocked as a whole', () => {
    const config = { servers: { files: files(), more: files() } };
    expect([...combineDocuments(config, withServer({})).blocked.keys()]).toEqual(['more']);
  });
});

describe('what has no order stays as it was approved', () => {
  test.each([
    ['breaker', { mode: 'off' }, { mode: 'enforce' }],
    ['servers.files.breaker', { mode: 'off' }, undefined],
    ['servers.files.tools.x.breaker', { mode: 'off' }, undefined],
    ['servers.files.onExit', 'restart', 'exit'],
    ['servers.files.isolation.writable', ['/'], ['/tmp']],
    ['shutdown', { killAfterMs: 100_000 }, undefined],
    ['model', { id: 'm' }, undefined],
    ['tenants', { a: {} }, undefined],
    ['aKeyOfANewerVersion', true, undefined],
    ['constructor', { x: 1 }, undefined],
  ])('`%s`', (path, wanted, approved) => {
    const base = withServer({ tools: { x: {} } });
    const { document, differences } = combineDocuments(put(base, path, wanted), put(base, path, approved));
    expect(Object.hasOwn(document, path) ? get(document, path) : undefined).toEqual(
      path.includes('.') ? undefined : approved,
    );
    expect(get(document, path.includes('.') ? path : 'x')).toEqual(path.includes('.') ? approved : undefined);
    expect(differences.map(({ direction }) => direction)).toEqual(['changed']);
  });
});

test('where the log is written is as approved, however it is put', () => {
  const at = (config: Json | undefined, lock: Json | undefined): Json | undefined => {
    const side = (log: Json | undefined): JsonObject => ({ ...withServer({}), ...(log === undefined ? {} : { log }) });
    const { document } = combineDocuments(side(config), side(lock));
    return memberOf(memberOf(document, 'log'), 'file');
  };
  expect(at({ file: '../.bashrc', level: 'debug' }, undefined)).toBeUndefined();
  expect(at({ file: '../.bashrc' }, { level: 'warn' })).toBeUndefined();
  expect(at({ file: '../.bashrc' }, { file: 'guard.log' })).toBe('guard.log');
  expect(at(undefined, { file: 'guard.log' })).toBe('guard.log');
  expect(at({ file: 'guard.log' }, { file: 'guard.log' })).toBe('guard.log');
});

test('log, lint and the schema reference are no permissions', () => {
  const config = { ...withServer({}), log: { level: 'error' }, lint: { a: 'off' }, $schema: 'x' };
  const { document, differences } = combineDocuments(config, withServer({}));
  expect(document).toMatchObject({ log: { level: 'error' }, lint: { a: 'off' }, $schema: 'x' });
  expect(differences).toEqual([]);
});

test("scopes stay the config's, and are said to be layered", () => {
  const [config, lock] = [
    withServer({ scope: 'a' }, { scopes: { a: { grants: [{ tool: '*' }] } } }),
    withServer({ scope: 'b' }, { scopes: { b: {} } }),
  ];
  const { document, differences } = combineDocuments(config, lock);
  expect(document).toMatchObject({ scopes: config.scopes, servers: { files: { scope: 'a' } } });
  expect(differences.map(({ direction }) => direction)).toEqual(['layered', 'layered']);
});

describe('a server that leaves the config', () => {
  test('is gone where unlisted commands are denied', () => {
    const { document, differences } = combineDocuments({ servers: {} }, withServer({}));
    expect(document).toMatchObject({ unlisted: 'deny', servers: {} });
    expect(differences).toMatchObject([
      { direction: 'narrower', path: ['servers', 'files'] },
      { direction: 'wider', path: ['unlisted'], after: 'observe' },
    ]);
  });

  test('would run unscoped where they are observed: none are', () => {
    const lock = withServer({}, { unlisted: 'observe' });
    const { document, differences } = combineDocuments({ unlisted: 'observe', servers: {} }, lock);
    expect(document.unlisted).toBe('deny');
    expect(differences).toMatchObject([{ direction: 'wider', path: ['servers', 'files'] }]);
  });
});

test('numbers that cross stay a legal config', () => {
  const config = withServer(
    { deadline: { hardMs: 1000 }, tools: { x: { deadline: { hardMs: 900 } } } },
    { version: 1 },
  );
  const lock = withServer({ deadline: { idleMs: 5000, hardMs: 9000 }, tools: { x: { deadline: { idleMs: 4000 } } } });
  const { document } = combineDocuments(config, lock);
  expect(document).toMatchObject({
    servers: {
      files: { deadline: { idleMs: 1000, hardMs: 1000 }, tools: { x: { deadline: { idleMs: 900, hardMs: 900 } } } },
    },
  });
  const compiled = compilePolicy({
    document,
    variables: {},
    source: { path: '/c', digest: '' },
    absolute: (path) => path,
  });
  expect(compiled.ok).toBe(true);
});

describe('docs/lock.md', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../docs/lock.md', import.meta.url)), 'utf8');

  test('has a row for each key, and no other', () => {
    const rowsOf = (fields: Fields, above: string): string[] =>
      Object.entries(fields).flatMap(([key, rule]) => {
        const path = `${above}${key}`;
        if (!('fields' in rule)) return [`${path} ${rule.kind}`];
        return rowsOf(rule.fields, rule.kind === 'members' ? `${path}.` : `${path}.*.`);
      });
    const section = page.slice(page.indexOf('## How each key combines'), page.indexOf('## Pins'));
    const rows = [...section.matchAll(/^\| `([^`]+)` \| (\w+) \|$/gm)].map(([, path, rule]) => `${path} ${rule}`);
    expect(rows).toEqual(rowsOf(DOCUMENT_FIELDS, ''));
  });

  test('has a row for each refusal', () => {
    for (const code of Object.keys(LOCK_REFUSALS)) expect(page).toContain(`\`${code}\``);
  });
});
