// Scopes of a config → scopes that can be asked, or what is wrong with them.
import { describe, expect, test } from 'vitest';
import { readExpiry } from '../../src/config/check-scopes.ts';
import { listRules } from '../../src/config/diagnostics.ts';
import type { Policy } from '../../src/config/policy.ts';
import type { ConstraintPorts } from '../../src/policy/constraint/constraint-document.ts';
import { compilerWith, policyOf as policyWithoutPorts } from './compiled.ts';

const portsFor = (cwd: string | undefined, home = '/home/ada', args: readonly string[] = []): ConstraintPorts => ({
  compilePattern: (source) => {
    const compiled = new RegExp(`^(?:${source})$`, 'u');
    return (text) => compiled.test(text);
  },
  realPath: (path) => path,
  homeDir: home,
  bases: () => [cwd ?? '/started/here', ...args],
  windows: false,
});

const { compile, errorsOf, policyOf } = compilerWith({ portsFor });

const withScope = (scope: object, more: object = {}) => ({
  version: 1,
  scopes: { files: scope },
  servers: { files: { command: 'a', scope: 'files', ...more } },
});
const granting = (grant: object) => withScope({ grants: [grant] });

describe('a scope', () => {
  test('carries what was written, and where', () => {
    const written = {
      grants: [
        { tool: 'read_*', reason: 'to look', owner: 'ada', expires: '2026-12-31' },
        { request: 'elicitation/create', approve: 'once' },
      ],
      deny: [{ resource: 'file:///etc/*', reason: 'private' }],
    };
    const policy = policyOf(withScope(written, { mode: 'observe' }));
    const server = policy.servers.get('files');
    expect(server?.mode).toBe('observe');
    expect(server?.scope).toBe(policy.scopes?.get('files'));
    expect(server?.scope).toEqual({
      name: 'files',
      rule: 'scopes.files',
      grants: [
        {
          effect: 'grant',
          rule: 'scopes.files.grants[0]',
          kind: 'tool',
          pattern: 'read_*',
          checkArguments: undefined,
          reason: 'to look',
          owner: 'ada',
          expiresAtMs: Date.UTC(2027, 0, 1),
          approve: undefined,
        },
        {
          effect: 'grant',
          rule: 'scopes.files.grants[1]',
          kind: 'request',
          pattern: 'elicitation/create',
          checkArguments: undefined,
          reason: undefined,
          owner: undefined,
          expiresAtMs: Number.POSITIVE_INFINITY,
          approve: 'once',
        },
      ],
      denies: [
        {
          effect: 'deny',
          rule: 'scopes.files.deny[0]',
          kind: 'resource',
          pattern: 'file:///etc/*',
          reason: 'private',
        },
      ],
      source: written,
    });
    // what is compiled from it must be what a lock has signed
    expect(JSON.parse(JSON.stringify(server?.scope?.source))).toEqual(written);
  });

  test('may be empty, and grants nothing then', () => {
    expect(policyOf(withScope({})).scopes?.get('files')).toMatchObject({ grants: [], denies: [] });
    expect(policyOf(withScope({ grants: [], deny: [] })).servers.get('files')?.scope?.grants).toEqual([]);
  });

  test('is frozen', () => {
    const scope = policyOf(granting({ tool: 'a', args: { '/p': { equals: 1 } } })).servers.get('files')?.scope;
    for (const part of [scope, scope?.grants, scope?.grants[0], scope?.denies, scope?.source]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});

describe('constraints', () => {
  const paths = granting({ tool: 'read', args: { '/path': { within: ['/c/there'] } }, additional: false });
  const checkOf = (policy: Policy, id: string) => policy.servers.get(id)?.scope?.grants[0]?.checkArguments;

  test('are compiled, and count relative paths from where each server works and what its command names', () => {
    const policy = policyOf({
      ...paths,
      servers: {
        here: { command: 'a', scope: 'files' },
        there: { command: 'a', scope: 'files', cwd: 'there', env: { HOME: '/c/there' } },
        inside: { command: 'a', scope: 'files', cwd: 'there', env: { HOME: '/c/there' }, args: ['/c/there/a'] },
        outside: { command: 'a', scope: 'files', cwd: 'there', env: { HOME: '/c/there' }, args: ['/c/data'] },
        named: { command: 'a', scope: 'files', args: ['/c/there'] },
      },
    });
    const [here, there] = ['here', 'there'].map((id) => checkOf(policy, id));
    const allows = (id: string, path: string) => checkOf(policy, id)?.({ path }) === undefined;
    expect(['here', 'there', 'inside', 'outside', 'named'].map((id) => allows(id, 'x'))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
    expect(['here', 'there', 'inside', 'outside', 'named'].map((id) => allows(id, '/c/there/x'))).toEqual(
      Array(5).fill(true),
    );
    expect(here?.({ path: '/c/there/x' })).toBeUndefined();
    expect(here?.({ path: 'x' })).toMatchObject({ rule: 'within', pointer: '/path' });
    expect(there?.({ path: 'x' })).toBeUndefined();
    expect(there?.({ path: '../x' })).toMatchObject({ rule: 'within' });
    expect(there?.({ path: 'x', mode: 1 })).toMatchObject({ rule: 'additional' });
  });

  test('`additional: false` alone allows no argument', () => {
    const check = checkOf(policyOf(granting({ tool: 'a', additional: false })), 'files');
    expect(check?.(undefined)).toBeUndefined();
    expect(check?.({ a: 1 })).toMatchObject({ rule: 'additional' });
    expect(checkOf(policyOf(granting({ tool: 'a', additional: true })), 'files')).toBeUndefined();
  });

  test('that nobody can compile throw when they are asked, which denies', () => {
    expect(() => checkOf(policyWithoutPorts(paths), 'files')?.({ path: '/x' })).toThrow(
      'the constraints of scopes.files.grants[0] were not compiled',
    );
  });

  test('are judged from where the server works, and from what it takes for its home', () => {
    const files = { grants: [{ tool: 'read', args: { '/path': { within: ['~/notes'] } } }] };
    const policy = policyOf({
      version: 1,
      scopes: { files },
      servers: {
        here: { command: 'a', scope: 'files' },
        there: { command: 'a', scope: 'files', env: { HOME: '/x/home' } },
        secret: { command: 'a', scope: 'files', env: { HOME: 'env:ELSEWHERE' } },
      },
    });
    const allows = (server: string) => checkOf(policy, server)?.({ path: '/x/home/notes' }) === undefined;
    expect(['here', 'there', 'secret'].map(allows)).toEqual([false, true, false]);
  });

  test('that make no sense are told once, with their place', () => {
    const bad = { tool: 'a', args: { '/p': { pattern: '(' }, '/q': { min: 2, max: 1 } } };
    const servers = { one: { command: 'a', scope: 'files', cwd: '/x' }, two: { command: 'a', scope: 'files' } };
    const errors = errorsOf({ version: 1, scopes: { files: { grants: [{ tool: 'b' }, bad] } }, servers });
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatch(/^scopes\.files\.grants\[1\]\.args\["\/p"\]\.pattern: /);
    expect(errors[1]).toMatch(/^scopes\.files\.grants\[1\]\.args\["\/q"\].*`min` is above `max`/);
  });
});

describe('a server without a scope', () => {
  test('is free where the config has no scopes at all', () => {
    const policy = policyOf({ version: 1, servers: { files: { command: 'a' } } });
    expect(policy.scopes).toBeUndefined();
    expect(policy.servers.get('files')).toMatchObject({ scope: undefined, mode: 'enforce' });
  });

  test.each([{}, { other: { grants: [{ tool: '*' }] } }])('is granted nothing where it has: %j', (scopes) => {
    const policy = policyOf({ version: 1, scopes, servers: { 'my-files': { command: 'a' } } });
    expect(policy.servers.get('my-files')?.scope).toEqual({
      name: '',
      rule: 'servers.my-files.scope',
      grants: [],
      denies: [],
      source: {},
    });
  });
});

describe('diagnostics', () => {
  test.each<[string, object, string]>([
    [
      'a scope that does not exist',
      { version: 1, scopes: { files: {} }, servers: { a: { command: 'a', scope: 'fils' } } },
      'servers.a.scope: there is no scope `fils`; did you mean `files`?',
    ],
    [
      'no scopes',
      { version: 1, servers: { a: { command: 'a', scope: 'x' } } },
      'there is no scope `x`; write it under `scopes`, which has none',
    ],
    [
      'no scope of the object itself',
      { version: 1, scopes: {}, servers: { a: { command: 'a', scope: 'constructor' } } },
      'there is no scope `constructor`',
    ],
    [
      'no target',
      granting({ reason: 'x' }),
      'scopes.files.grants[0]: names nothing: one rule is about one thing; add one of `tool`, `resource`, `prompt`, `request`',
    ],
    [
      'two targets',
      granting({ tool: 'a', prompt: 'b' }),
      'scopes.files.grants[0]: names `tool` and `prompt` at once: one rule is about one thing; write one rule for each',
    ],
    ['a denial without a target', withScope({ deny: [{}] }), 'scopes.files.deny[0]: names nothing'],
    ['a misspelt target', granting({ tol: 'a' }), 'unknown key `tol`; did you mean `tool`?'],
    [
      'arguments of a denial',
      withScope({ deny: [{ tool: 'a', args: {} }] }),
      'scopes.files.deny[0].args: unknown key `args`',
    ],
    [
      'a resource with arguments',
      granting({ resource: 'a', args: {} }),
      'scopes.files.grants[0].args: a resource has no arguments',
    ],
    [
      'a request with arguments',
      granting({ request: 'a', additional: false }),
      'scopes.files.grants[0].additional: a request has no arguments',
    ],
    [
      'a date that is none',
      granting({ tool: 'a', expires: 'tomorrow' }),
      'scopes.files.grants[0].expires: `tomorrow` is malformed: it is read as a day (to its end) or a time, both UTC; write `2026-12-31` or `2026-12-31T12:00:00Z`',
    ],
    [
      'a day that does not exist',
      granting({ tool: 'a', expires: '2026-02-30' }),
      'scopes.files.grants[0].expires: there is no such time as `2026-02-30`; write a day',
    ],
    ['an hour that does not exist', granting({ tool: 'a', expires: '2026-02-03T25:00Z' }), 'there is no such time'],
    ['a time without a zone', granting({ tool: 'a', expires: '2026-02-03T12:00:00' }), 'is malformed'],
    [
      'half a character',
      granting({ tool: 'a\ud83d' }),
      'scopes.files.grants[0].tool: holds a character that no name can have',
    ],
    [
      'a misspelt method',
      granting({ request: 'sampling/createMesage' }),
      'scopes.files.grants[0].request: `sampling/createMesage` is no method of the protocol that a server asks of its client: the rule would match nothing; did you mean `sampling/createMessage`?',
    ],
    ['half a method', granting({ request: 'sampling' }), 'did you mean `sampling/createMessage`?'],
    ['a word that is no method', granting({ request: 'everything' }), 'write one of `sampling/createMessage`, `elici'],
    ['a method of the client', granting({ request: 'tools/call' }), '`tools/call` is no method of the protocol that'],
    ['a pattern of such', granting({ request: 'tools/*' }), '`tools/*` is no method of the protocol that a server'],
    [
      'what needs no grant',
      granting({ request: 'tasks/get' }),
      '`tasks/get` needs no grant: no rule is asked about it',
    ],
    [
      'a notification',
      granting({ method: 'notifications/x' }),
      'scopes.files.grants[0].method: `notifications/x` is about notifications: those pass without a grant, and no rule is asked about them; remove it',
    ],
    ['a denial of notifications', withScope({ deny: [{ method: 'notifications/*' }] }), 'is about notifications'],
    ['a method in disguise', granting({ method: 'Tool/call' }), '`Tool/call` reads as a method of the protocol: a req'],
    [
      'methods of the protocol, as a pattern',
      granting({ method: 'tools/*' }),
      'scopes.files.grants[0].method: `tools/*` reaches no method of the protocol, only what else a server calls so: what',
    ],
    ['a misspelt method to deny', withScope({ deny: [{ request: 'root/list' }] }), 'did you mean `roots/list`?'],
    ['a bad name of a scope', { version: 1, scopes: { Files: {} } }, 'scopes.Files: `Files` is no legal name'],
    ['a bad mode', withScope({}, { mode: 'enfoce' }), 'servers.files.mode: `enfoce` is not allowed here'],
  ])('%s', (_, document, expected) => {
    expect(errorsOf(document).join('\n')).toContain(expected);
  });

  test('a method that other revisions may bring is none', () => {
    expect(errorsOf(granting({ request: 'vendor/ask' }))).toEqual([]);
    expect(errorsOf(granting({ request: 'sampling/*' }))).toEqual([]);
    expect(errorsOf(granting({ request: '*' }))).toEqual([]);
    expect(errorsOf(granting({ request: 'vend*' }))).toEqual([]);
    expect(errorsOf(granting({ method: 'tools/execute' }))).toEqual([]);
    expect(errorsOf(granting({ method: '*' }))).toEqual([]);
    expect(errorsOf(withScope({ deny: [{ method: 'tools/*' }] }))).toEqual([]);
  });

  test('come together with those of the shape', () => {
    const errors = errorsOf({
      version: 1,
      scopes: { files: { grants: [{ tool: 5 }, {}, { tool: 'a', expires: '2026-99-99' }] } },
      servers: { a: { command: 'a', scope: 'nope' } },
    });
    expect(errors.map((error) => error.split(': ')[0])).toEqual([
      'scopes.files.grants[0].tool',
      'scopes.files.grants[1]',
      'scopes.files.grants[2].expires',
      'servers.a.scope',
    ]);
    const compiled = compile(granting({}));
    expect(compiled.ok ? [] : listRules(compiled.diagnostics)).toEqual([]);
  });
});

test.each<[string, number | undefined]>([
  ['2026-12-31', Date.UTC(2027, 0, 1)],
  ['2028-02-29', Date.UTC(2028, 2, 1)],
  ['2026-02-29', undefined],
  ['2026-12-31T12:30Z', Date.UTC(2026, 11, 31, 12, 30)],
  ['2026-12-31T12:30:15.5Z', Date.UTC(2026, 11, 31, 12, 30, 15, 500)],
  ['2026-12-31T24:00:00Z', undefined],
  ['2026-13-01', undefined],
  ['0000-00-00', undefined],
])('%s ends at %s', (expires, expected) => {
  expect(readExpiry(expires)).toBe(expected);
});
