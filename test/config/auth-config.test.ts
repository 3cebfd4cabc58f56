// `auth` and `roles` of a config: what they mean, what is wrong with them, and what the roles of a principal leave of a policy.
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../src/config/policy.ts';
import { restrictPolicy } from '../../src/config/restrict-policy.ts';
import { restrictToRoles } from '../../src/config/restrict-roles.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';
import { compilerWith } from './compiled.ts';

const JWT = { issuer: 'i', audience: 'a', jwksFile: 'keys.json', algorithms: ['ES256'] };

const documentOf = (more: object) => ({
  ...{ version: 1, servers: { files: { command: 'node', scope: 'most' } } },
  scopes: {
    most: { grants: [{ tool: 'read' }, { tool: 'write' }, { tool: 'drop' }], deny: [{ tool: 'burn' }] },
    ro: { grants: [{ tool: 'read' }, { tool: 'other' }] },
    rw: { grants: [{ tool: 'read' }, { tool: 'write' }, { tool: 'burn' }] },
    safe: { grants: [{ tool: 'read' }, { tool: 'drop' }], deny: [{ tool: 'write' }] },
  },
  ...more,
});
const compiler = compilerWith({
  source: { path: '/etc/x/c.json', digest: '' },
  absolute: (path) => `/etc/x/${path}`,
});
const problems = (more: object): readonly string[] => compiler.errorsOf(documentOf(more));
const policyOf = (more: object): Policy => compiler.policyOf(documentOf(more));

test('what is not written has its default', () => {
  expect(policyOf({}).auth).toBeUndefined();
  expect(policyOf({ auth: {} }).auth).toEqual({ required: false, tokenFile: undefined, jwt: undefined });
  expect(policyOf({ auth: { required: true, tokenFile: 't', jwt: JWT } }).auth).toEqual({
    ...{ required: true, tokenFile: '/etc/x/t' },
    jwt: {
      ...{ issuer: 'i', audience: 'a', algorithms: ['ES256'], clockToleranceMs: 30_000 },
      keys: { kind: 'file', path: '/etc/x/keys.json' },
      claims: { principal: 'sub', tenant: undefined, roles: undefined },
    },
  });
  const url = { ...JWT, jwksFile: undefined, jwksUrl: 'https://x/' };
  expect(policyOf({ auth: { jwt: JSON.parse(JSON.stringify(url)) } }).auth?.jwt?.keys).toEqual({
    ...{ kind: 'url', url: 'https://x/', cacheMs: 600_000 },
  });
});

describe('what is wrong is said', () => {
  const inVariable = ['$', '{HOME}/t'].join('');
  const jwt = (more: object) => ({ auth: { required: true, jwt: JSON.parse(JSON.stringify({ ...JWT, ...more })) } });

  test.each([
    ['no keys', jwt({ jwksFile: undefined }), ['auth.jwt: names no keys']],
    ['two sources', jwt({ jwksUrl: 'https://x/' }), ['auth.jwt: names two sources of keys']],
    [
      'a cache for a shorter time than the issuer is left in peace',
      jwt({ jwksFile: undefined, jwksUrl: 'https://x/', cacheMs: 29_999 }),
      ['auth.jwt.cacheMs: '],
    ],
    ['a cache of a file', jwt({ cacheMs: 30_000 }), ['auth.jwt.cacheMs: means nothing here']],
    ['no TLS', jwt({ jwksFile: undefined, jwksUrl: 'http://x/' }), ['auth.jwt.jwksUrl: is not `https:`']],
    ['a file as an address', jwt({ jwksFile: undefined, jwksUrl: 'file:///x' }), ['auth.jwt.jwksUrl: is not `https:`']],
    [
      'a password in it',
      jwt({ jwksFile: undefined, jwksUrl: 'https://u:p@x/' }),
      ['auth.jwt.jwksUrl: holds a name or a password'],
    ],
    [
      'not this machine',
      jwt({ jwksFile: undefined, jwksUrl: 'http://127.0.0.1.evil.example/' }),
      ['auth.jwt.jwksUrl: is not `https:`'],
    ],
    ['`none`', jwt({ algorithms: ['none'] }), ['auth.jwt.algorithms[0]: is no algorithm for this']],
    ['`HS256`', jwt({ algorithms: ['ES256', 'HS256'] }), ['auth.jwt.algorithms[1]: is no algorithm for this']],
    ['a slip', jwt({ algorithms: ['ES265'] }), ['auth.jwt.algorithms[0]: is not known']],
    ['no algorithm', jwt({ algorithms: [] }), ['auth.jwt.algorithms: ']],
    ['half a pointer', jwt({ claims: { roles: '/a//b' } }), ['auth.jwt.claims.roles: is no JSON pointer']],
    ['a variable', { auth: { tokenFile: inVariable } }, ['auth.tokenFile: variables are not expanded here']],
    ['a variable', jwt({ jwksFile: inVariable }), ['auth.jwt.jwksFile: variables are not expanded here']],
    ['roles that nobody needs', { roles: { r: { scopes: ['ro'] } } }, ['roles: restricts nobody']],
    [
      'roles that nobody must have',
      { auth: { required: false }, roles: { r: { scopes: ['ro'] } } },
      ['roles: restricts nobody'],
    ],
    [
      'a scope that is not there',
      { auth: { required: true }, roles: { r: { scopes: ['rq'] } } },
      ['roles.r.scopes[0]: there is no scope `rq`'],
    ],
  ] as const)('%s', (_, more, expected) => {
    const found = problems(more);
    expect(found.map((line, index) => line.startsWith(expected[index] ?? '?'))).toEqual(expected.map(() => true));
  });

  test('on this machine keys need no TLS', () => {
    for (const host of ['127.0.0.1:8080', 'localhost', '[::1]:1'])
      expect(problems(jwt({ jwksFile: undefined, jwksUrl: `http://${host}/` }))).toEqual([]);
  });

  test('a token that was written into it is not shown', () => {
    for (const auth of [
      { token: 'mcpg_secret' },
      { mcpg_secret: true },
      { jwt: { mcpg_secret: 1 } },
      { tokens: ['mcpg_secret'] },
    ])
      expect(problems({ auth }).join('\n')).not.toContain('mcpg_secret');
  });
});

describe('the roles of a principal', () => {
  const roles = {
    auth: { required: true },
    roles: {
      reader: { scopes: ['ro'] },
      writer: { scopes: ['rw'] },
      careful: { scopes: ['safe'] },
      both: { scopes: ['ro', 'rw'] },
    },
  };
  const may = (held: readonly string[] | undefined, more: object = roles): string => {
    const policy = policyOf(more);
    const { policy: left } = restrictPolicy(policy, restrictToRoles(policy.roles, held));
    const scope = serverScopeOf(left.servers.get('files'));
    if (scope === 'unscoped') return 'everything';
    return ['read', 'write', 'drop', 'burn', 'other']
      .filter((tool) => decideTarget(scope.layers, 'tool', tool, 0).granted)
      .join(' ');
  };

  test.each([
    ['none was asked for', undefined, 'read write drop'],
    ['has none', [], ''],
    ['has one', ['reader'], 'read'],
    ['has another', ['writer'], 'read write'],
    ['has two: what either grants', ['reader', 'careful'], 'read drop'],
    ['has two: what either denies', ['writer', 'careful'], 'read drop'],
    ['has one of two scopes', ['both'], 'read write'],
    ['has one twice', ['reader', 'reader'], 'read'],
    ['has one that is not known', ['admin'], ''],
    ['has one that is not known beside one that is', ['admin', 'reader'], 'read'],
    ['has one called like a method', ['constructor', '__proto__'], ''],
  ] as const)('%s', (_, held, expected) => expect(may(held)).toBe(expected));

  test('a config without roles leaves who has none to the scope of the server, and grants nothing to who has some', () => {
    const none = { auth: { required: true } };
    expect(may([], none)).toBe('read write drop');
    expect(may(['reader'], none)).toBe('');
  });

  test('never widen: a server without a scope of its own is kept to the roles', () => {
    expect(may(['both'], { ...roles, servers: { files: { command: 'node' } } })).toBe('');
  });

  test('bring their limits: each role is a count of its own', () => {
    const limits = [{ key: ['principal' as const], rate: '5/min' }];
    const { roles: known } = policyOf({
      auth: { required: true },
      roles: { reader: { scopes: ['ro'], limits }, writer: { scopes: ['rw'], limits }, idle: { scopes: ['ro'] } },
    });
    const at = { id: 'files', cwd: undefined, home: undefined, args: [] };
    const of = (held: readonly string[], source: '' | 'lock' = '') =>
      restrictToRoles(known, held, source).map(({ by, ofServer }) => [by, ofServer?.(at).limits]);
    expect(of(['reader', 'writer', 'idle'])).toEqual([
      ['roles.reader + roles.writer + roles.idle', undefined],
      ['roles.reader', limits],
      ['roles.writer', limits],
    ]);
    expect(of(['reader'], 'lock').map(([by]) => by)).toEqual(['lock: roles.reader', 'lock: roles.reader']);
  });

  test('restrict a server that is not listed, too', () => {
    const policy = policyOf({ ...roles, unlisted: 'observe' });
    const { policy: left } = restrictPolicy(policy, restrictToRoles(policy.roles, ['reader']));
    const [applied] = left.restrictionsOf?.({ id: 'x', cwd: undefined, home: undefined, args: [] }) ?? [];
    expect(applied?.by).toBe('roles.reader');
    expect(applied?.scopes?.[0]?.map(({ name }) => name)).toEqual(['ro']);
  });
});
