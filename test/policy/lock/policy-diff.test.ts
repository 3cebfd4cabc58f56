// What a person reads before an approval: what becomes possible, by name or by wildcard, what starts, what holds already.
import { describe, expect, test } from 'vitest';
import { diffPolicies, widensScopes } from '../../../src/policy/lock/policy-diff.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';

const TOOLS = ['read_file', 'read_dir', 'write_file', 'delete_file'];
const INVENTORY = new Map([['files', TOOLS]]);
const config = (scope: JsonObject | undefined, server: JsonObject = {}, top: JsonObject = {}): JsonObject => ({
  version: 1,
  servers: { files: { command: 'node', ...(scope === undefined ? {} : { scope: 'files' }), ...server } },
  ...(scope === undefined ? {} : { scopes: { files: scope } }),
  ...top,
});
const linesOf = (after: JsonObject, before: JsonObject | undefined) =>
  diffPolicies(after, before, INVENTORY).lines.map(({ kind, text }) => `${kind}: ${text}`);
const READS = { grants: [{ tool: 'read_*' }] };

test('nothing differs: nothing to approve', () => {
  expect(diffPolicies(config(READS), config(READS), INVENTORY)).toMatchObject({ lines: [], isApproved: true });
});

test('nothing was approved: everything becomes possible', () => {
  const { lines, isApproved } = diffPolicies(config(READS, { args: ['a b', 'c'] }), undefined, INVENTORY);
  expect(isApproved).toBe(false);
  expect(lines.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    'starts: new server, starts "node" "a b" "c"',
    'possible: grant tool `read_*` added',
    'possible: newly callable, swallowed by a wildcard: `read_file`, `read_dir`',
  ]);
});

test('by name and by wildcard are told apart', () => {
  const after = config({
    grants: [{ tool: 'read_*' }, { tool: 'write_file' }, { tool: '*_file', expires: '2026-12-31' }],
  });
  const { scopes } = diffPolicies(after, config(READS), INVENTORY);
  expect(scopes[0]?.newTools).toEqual([
    { tool: 'write_file', by: 'name', pattern: 'write_file' },
    { tool: 'delete_file', by: 'wildcard', pattern: '*_file' },
  ]);
  expect(linesOf(after, config(READS))).toEqual([
    'possible: grant tool `write_file` added',
    'possible: grant tool `*_file` added {"expires":"2026-12-31"}',
    'possible: newly callable, asked for by name: `write_file`',
    'possible: newly callable, swallowed by a wildcard: `delete_file`',
  ]);
});

test('a removed grant holds already; a removed denial does not', () => {
  expect(linesOf(config({ grants: [] }), config(READS))).toEqual([
    'holds: grant tool `read_*` removed',
    'holds: no longer to be called: `read_file`, `read_dir`',
  ]);
  const denied = { grants: [{ tool: '*' }], deny: [{ tool: 'delete_*', reason: 'no' }] };
  expect(linesOf(config({ grants: [{ tool: '*' }] }), config(denied))).toEqual([
    'possible: deny tool `delete_*` removed {"reason":"no"}',
    'possible: newly callable, swallowed by a wildcard: `delete_file`',
  ]);
  expect(diffPolicies(config(denied), config({ grants: [{ tool: '*' }] }), INVENTORY).isApproved).toBe(true);
});

test('unscoped and scoped', () => {
  expect(linesOf(config(undefined), config(READS))).toEqual([
    'possible: unscoped: every tool, resource, prompt and request',
    'holds: grant tool `read_*` removed',
    'possible: newly callable, because nothing restricts it: `write_file`, `delete_file`',
  ]);
  expect(linesOf(config(READS), config(undefined))).toEqual([
    'holds: scoped from now on',
    'holds: grant tool `read_*` added',
    'holds: no longer to be called: `write_file`, `delete_file`',
  ]);
  const nameless = { ...config(undefined), scopes: {} };
  expect(linesOf(nameless, config(READS))[0]).toBe('holds: no scope: nothing is granted');
});

describe('a grant whose terms changed', () => {
  const grant = (terms: JsonObject) => config({ grants: [{ tool: 'read_*', ...terms }] });
  test.each([
    ['a constraint more', {}, { args: { '/path': { prefix: '/a' } } }, 'holds'],
    ['a constraint less', { args: { '/path': { prefix: '/a' } } }, {}, 'possible'],
    ['another constraint', { args: { '/path': { prefix: '/a' } } }, { args: { '/path': { prefix: '/' } } }, 'possible'],
    ['a second pointer', { args: { '/a': { min: 1 } } }, { args: { '/a': { min: 1 }, '/b': { min: 1 } } }, 'holds'],
    ['an end', {}, { expires: '2026-12-31' }, 'holds'],
    ['a later end', { expires: '2026-12-31' }, { expires: '2027-12-31' }, 'possible'],
    ['an earlier end', { expires: '2026-12-31' }, { expires: '2026-12-31T08:00:00Z' }, 'holds'],
    ['no end', { expires: '2026-12-31' }, {}, 'possible'],
    ['an approval', {}, { approve: 'once' }, 'holds'],
    ['a stricter approval', { approve: 'once' }, { approve: 'always' }, 'holds'],
    ['no approval', { approve: 'once' }, {}, 'possible'],
    ['no other arguments', {}, { additional: false }, 'holds'],
    ['other arguments', { additional: false }, { additional: true }, 'possible'],
    ['what nobody knows', {}, { wide: true }, 'possible'],
    ['narrower here, wider there', {}, { args: { '/path': {} }, wide: true }, 'possible'],
    ['another reason', { reason: 'a' }, { reason: 'b', owner: 'c' }, 'same'],
  ])('%s', (_, before, after, kind) => {
    const found = diffPolicies(grant(after), grant(before), INVENTORY).lines.map((line) => line.kind);
    expect(found).toEqual([kind]);
  });
});

test('settings: what waits, what starts, what holds', () => {
  const before = config(
    READS,
    { env: { TOKEN: 'geheim', REF: 'env:A', LEVEL: 'info' }, mode: 'observe' },
    { audit: { onFailure: 'deny' } },
  );
  const after = config(
    READS,
    { env: { TOKEN: 'anderes', REF: 'env:B', LEVEL: 'info', NODE_OPTIONS: '-r ./x' } },
    { audit: { onFailure: 'allow-and-count' } },
  );
  const lines = linesOf(after, before);
  expect(lines).toEqual([
    'starts: env.TOKEN: (a literal) → another',
    'starts: env.REF: "env:A" → "env:B"',
    'starts: env.NODE_OPTIONS: nothing → "-r ./x"',
    'holds: mode: "observe" → "enforce" (the default)',
    'possible: audit.onFailure: "deny" → "allow-and-count"',
  ]);
  expect(lines.join()).not.toMatch(/geheim|anderes/);
});

test.each([
  ['pins', 'warn', undefined, 'possible: pins: "deny" (the default) → "warn"'],
  ['mode', 'observe', undefined, 'possible: mode: "enforce" (the default) → "observe"'],
  ['deadline', { hardMs: 7_200_000 }, undefined, 'possible: deadline.hardMs: 3600000 (the default) → 7200000'],
  ['onExit', 'restart', undefined, 'possible: onExit: nothing → "restart"'],
])('`%s` that nobody wrote is named by its default', (key, after, before, line) => {
  const of = (value: Json | undefined) => config(READS, value === undefined ? {} : { [key]: value });
  expect(linesOf(of(after), of(before))).toEqual([line]);
});

describe('a constraint that a wider grant beside it lifts', () => {
  const within = { args: { '/path': { within: ['/notes'] } } };
  const held = { tool: 'read_file', ...within };
  const told = (grants: readonly JsonObject[], before: readonly JsonObject[] = [held]) =>
    linesOf(config({ grants }), config({ grants: before })).filter((line) => line.includes('constraints'));
  const text = (name: string, by: string) =>
    `possible: \`${name}\`: its constraints (\`/path\` {"within":["/notes"]}) hold nobody back any more: grant \`${by}\` has none`;

  test('is said, whether the name is known by the grant, a pattern or the inventory', () => {
    expect(told([held, { tool: '*_file', reason: 'more' }])).toEqual([text('read_file', '*_file')]);
    expect(told([{ tool: 'delete_file' }, held, { tool: 'read_*', ...within }, { tool: '*' }])).toEqual([
      text('read_file', '*'),
    ]);
    const pattern = { tool: 'read_*', ...within };
    expect(told([pattern, { tool: 'read_dir' }], [pattern])).toEqual([text('read_dir', 'read_dir')]);
    expect(told([pattern, { tool: '*' }], [pattern])).toContain(text('read_*', '*'));
  });

  test('a grant that asks for something else opens another way', () => {
    expect(told([held, { tool: '*_file', args: { '/path': { within: ['/'] } } }])).toEqual([
      'possible: `read_file`: besides its constraints (`/path` {"within":["/notes"]}) those of grant `*_file` let it pass, too',
    ]);
  });

  test('is not said of what was free before, or of a grant that does not match', () => {
    expect(told([held, { tool: 'read_*' }, { tool: '*' }], [held, { tool: 'read_*' }])).toEqual([]);
    expect(told([held, { tool: 'write_*' }])).toEqual([]);
    expect(told([{ tool: 'read_file' }])).toEqual([]);
  });
});

test('of a new server the directory and the environment are shown, too', () => {
  const server = { cwd: '/srv', env: { NODE_OPTIONS: '-r ./x', API_KEY: 'geheim', REF: 'env:A' } };
  expect(linesOf(config(undefined, server), { version: 1, servers: {}, unlisted: 'deny' }).slice(0, 5)).toEqual([
    'starts: new server, starts "node"',
    'starts: cwd: "/srv"',
    'starts: env.NODE_OPTIONS: nothing → "-r ./x"',
    'starts: env.API_KEY: nothing → (a literal)',
    'starts: env.REF: nothing → "env:A"',
  ]);
});

test('of a new server whatever widens is shown, and what only narrows is not', () => {
  const server = {
    ...{ passEnv: ['SSH_X'], headers: { A: 'geheim' }, mode: 'observe', pins: 'off', breaker: { mode: 'off' } },
    ...{ deadline: { idleMs: 5, hardMs: 7_200_000 }, limits: [{ rate: '1/s' }], onExit: 'restart' },
    ...{
      isolation: { required: 'L3', network: true },
      tools: { '*': { pins: 'off' }, a: { breaker: { mode: 'off' } } },
    },
  };
  const bare = { version: 1, servers: {}, unlisted: 'deny' };
  for (const before of [undefined, bare, config(READS, {}, { servers: { other: { command: 'x' } } })]) {
    const lines = linesOf(config(READS, server), before);
    expect(lines.filter((line) => !/^holds: `other`/.test(line))).toEqual([
      'starts: new server, starts "node"',
      'starts: passEnv: nothing → ["SSH_X"]',
      'starts: headers: nothing → {A: (a literal)}',
      'possible: mode: "enforce" (the default) → "observe"',
      'possible: pins: "deny" (the default) → "off"',
      'possible: breaker: nothing → {"mode":"off"}',
      'possible: deadline.hardMs: 3600000 (the default) → 7200000',
      'possible: onExit: nothing → "restart"',
      'possible: isolation.network: nothing → true',
      'possible: tools.["*"].pins.mode: nothing → "off"',
      'possible: tools.a.breaker: nothing → {"mode":"off"}',
      'possible: grant tool `read_*` added',
      'possible: newly callable, swallowed by a wildcard: `read_file`, `read_dir`',
    ]);
  }
});

test('a constraint that a wider grant of a role lifts', () => {
  const roles = { reader: { scopes: ['reads'] } };
  const of = (grants: readonly JsonObject[]): JsonObject => ({
    ...config(READS),
    ...{ roles, scopes: { files: READS, reads: { grants } } },
  });
  const held = { tool: 'read_file', args: { '/path': { within: ['/notes'] } } };
  expect(linesOf(of([held, { tool: '*' }]), of([held]))).toContain(
    'possible: role `reader`: `read_file`: its constraints (`/path` {"within":["/notes"]}) hold nobody back any more: grant `*` has none',
  );
});

test('a long value is shown up to where it is cut, and how much is left', () => {
  const [line] = linesOf(config(READS, { args: [`${'a'.repeat(200)}b`] }), config(READS, { args: ['a'.repeat(200)] }));
  expect(line).toContain('ab"]');
  const [cut] = linesOf(config(READS, { args: ['a'.repeat(5000)] }), config(READS));
  expect(cut).toMatch(/a… \(908 more characters\)$/);
});

test('a server that is gone', () => {
  const gone = { version: 1, servers: {}, unlisted: 'deny' };
  expect(linesOf(gone, config(READS, {}, { unlisted: 'deny' }))).toEqual([
    'holds: `files` is no longer a server',
    'same: scopes: {"files":{"grants":[{"tool":"read_*"}]}} → nothing',
  ]);
});

test('hostile names are inert, and long lists are cut', () => {
  const names = Array.from({ length: 50 }, (_, index) => `x\u001b[2J\u202e${index}`);
  const { lines } = diffPolicies(
    config({ grants: [{ tool: 'x*' }] }),
    config({ grants: [] }),
    new Map([['files', names]]),
  );
  const text = lines.map((line) => line.text).join('\n');
  expect(text).toContain('and 30 more');
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test.each([
  ['a grant that is gone', { grants: [] }, {}, false],
  ['a denial more', { ...READS, deny: [{ tool: 'read_dir' }] }, {}, false],
  ['a grant more', { grants: [...READS.grants, { tool: 'x' }] }, {}, true],
  ['a narrower grant in place of a wider', { grants: [{ tool: 'read_file' }] }, {}, false],
  ['no scope at all', undefined, {}, true],
  ['a server more, which does not start', READS, { new: { command: 'y', scope: 'files' } }, false],
  ['a server less', READS, undefined, false],
] as const)('%s: whether anything of a scope waits for an approval', (_, scope, more, waits) => {
  const after = config(scope);
  const servers = more === undefined ? {} : { ...(after.servers as JsonObject), ...more };
  expect(widensScopes({ ...after, servers }, config(READS))).toBe(waits);
});
