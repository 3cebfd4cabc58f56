// `auth` and `roles` of config and lock: whom not both let in is not let in, what is taken away holds at once, and a person is shown
// what waits.
import { describe, expect, test } from 'vitest';
import { AUTH_DEFAULTS } from '../../../src/config/auth-policy.ts';
import { compilePolicy } from '../../../src/config/compile.ts';
import { showDiagnostic } from '../../../src/config/diagnostics.ts';
import { AUTH_ABSENT } from '../../../src/policy/lock/auth-rules.ts';
import { combineDocuments } from '../../../src/policy/lock/combine.ts';
import { diffPolicies } from '../../../src/policy/lock/policy-diff.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const JWT: JsonObject = {
  ...{ issuer: 'https://a.example/', audience: 'us', jwksUrl: 'https://a.example/keys' },
  algorithms: ['RS256', 'ES256'],
};
const AUTH: JsonObject = { required: true, jwt: JWT };
const SCOPES: JsonObject = { ro: { grants: [{ tool: 'read' }] }, rw: { grants: [{ tool: '*' }] } };
const base = (more: JsonObject): JsonObject => ({
  ...{ version: 1, servers: { files: { command: 'node', scope: 'rw' } }, scopes: SCOPES },
  ...more,
});
const jwt = (more: JsonObject): JsonObject => {
  const merged = { ...JWT, ...more };
  return { ...AUTH, jwt: Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)) };
};

test('the defaults are those of the config', () => {
  expect(AUTH_ABSENT).toEqual({ cacheMs: AUTH_DEFAULTS.cacheMs, clockToleranceMs: AUTH_DEFAULTS.clockToleranceMs });
});

/** Config, lock, what holds, and what is said of it. */
const ROWS: readonly (readonly [string, JsonObject | undefined, JsonObject | undefined, unknown, readonly string[]])[] =
  [
    ['nothing on both sides', undefined, undefined, undefined, []],
    ['the same', AUTH, structuredClone(AUTH), AUTH, []],
    ['taken out', undefined, AUTH, { required: true }, ['auth.required wider', 'auth.jwt narrower']],
    ['turned off', { ...AUTH, required: false }, AUTH, AUTH, ['auth.required wider']],
    ['put in: it is asked at once', { required: true }, undefined, { required: true }, ['auth.required narrower']],
    ['an issuer added', AUTH, { required: true }, { required: true }, ['auth.jwt wider']],
    ['an issuer taken away', { required: true }, AUTH, { required: true }, ['auth.jwt narrower']],
    ['another issuer', jwt({ issuer: 'https://b.example/' }), AUTH, AUTH, ['auth.jwt.issuer changed']],
    ['another audience', jwt({ audience: 'them' }), AUTH, AUTH, ['auth.jwt.audience changed']],
    ['keys of another address', jwt({ jwksUrl: 'https://b.example/keys' }), AUTH, AUTH, ['auth.jwt.jwksUrl changed']],
    [
      'keys of a file',
      jwt({ jwksUrl: undefined, jwksFile: 'keys.json' }),
      AUTH,
      AUTH,
      ['auth.jwt.jwksFile changed', 'auth.jwt.jwksUrl changed'],
    ],
    ['other claims', jwt({ claims: { principal: 'nickname' } }), AUTH, AUTH, ['auth.jwt.claims changed']],
    ['an algorithm added', jwt({ algorithms: ['RS256', 'ES256', 'PS256'] }), AUTH, AUTH, ['auth.jwt.algorithms wider']],
    [
      'an algorithm taken away',
      jwt({ algorithms: ['ES256'] }),
      AUTH,
      jwt({ algorithms: ['ES256'] }),
      ['auth.jwt.algorithms narrower'],
    ],
    [
      'another algorithm: no JWT counts before it is approved',
      jwt({ algorithms: ['PS256'] }),
      AUTH,
      { required: true },
      ['auth.jwt.algorithms wider', 'auth.jwt.algorithms narrower'],
    ],
    ['more tolerance', jwt({ clockToleranceMs: 60_000 }), AUTH, AUTH, ['auth.jwt.clockToleranceMs wider']],
    [
      'less tolerance',
      jwt({ clockToleranceMs: 1 }),
      AUTH,
      jwt({ clockToleranceMs: 1 }),
      ['auth.jwt.clockToleranceMs narrower'],
    ],
    ['keys for longer', jwt({ cacheMs: 700_000 }), AUTH, AUTH, ['auth.jwt.cacheMs wider']],
    [
      'keys for a shorter time',
      jwt({ cacheMs: 30_000 }),
      AUTH,
      jwt({ cacheMs: 30_000 }),
      ['auth.jwt.cacheMs narrower'],
    ],
    [
      'a cache, where the keys of a file are approved',
      jwt({ cacheMs: 30_000 }),
      jwt({ jwksUrl: undefined, jwksFile: 'k' }),
      jwt({ jwksUrl: undefined, jwksFile: 'k' }),
      ['auth.jwt.jwksFile changed', 'auth.jwt.jwksUrl changed'],
    ],
    [
      'another token file',
      { ...AUTH, tokenFile: 'x' },
      { ...AUTH, tokenFile: 'y' },
      { ...AUTH, tokenFile: 'y' },
      ['auth.tokenFile changed'],
    ],
  ];

describe.each(ROWS)('%s', (_, config, lock, expected, said) => {
  const sides = [config, lock].map((auth) => base(auth === undefined ? {} : { auth }));
  const [ours = {}, theirs = {}] = sides;

  test('what holds', () => {
    const { document, differences } = combineDocuments(ours, theirs);
    expect(document.auth).toEqual(expected);
    expect(differences.map(({ path, direction }) => `${path.join('.')} ${direction}`)).toEqual(said);
  });

  test('is as legal as its two sources', () => {
    for (const document of [ours, theirs, combineDocuments(ours, theirs).document]) {
      const variables = {};
      const absolute = (path: string) => path;
      const compiled = compilePolicy({ document, variables, source: { path: '/c', digest: '' }, absolute });
      expect(compiled.ok ? [] : compiled.diagnostics.map(showDiagnostic)).toEqual([]);
    }
  });
});

describe('roles, as a person is shown them', () => {
  const roles = (of: JsonObject | undefined, scopes = SCOPES): JsonObject =>
    base({ scopes, auth: { required: true }, ...(of === undefined ? {} : { roles: of }) });
  const lines = (config: JsonObject, lock: JsonObject) => {
    const { lines: all, isApproved } = diffPolicies(config, lock, new Map());
    return {
      isApproved,
      lines: all.filter(({ server }) => server === undefined).map(({ kind, text }) => `${kind}: ${text}`),
    };
  };
  const reader = { reader: { scopes: ['ro'] } };

  test.each([
    ['the same', roles(reader), roles(reader), true, []],
    [
      'a new role',
      roles({ ...reader, writer: { scopes: ['rw'] } }),
      roles(reader),
      false,
      ['possible: role `writer`: is new', 'possible: role `writer`: grant tool `*` added'],
    ],
    ['a role that is gone', roles({}), roles(reader), true, ['holds: role `reader`: is gone, and grants nothing']],
    [
      'a role that grants more',
      roles({ reader: { scopes: ['ro', 'rw'] } }),
      roles(reader),
      false,
      ['possible: role `reader`: grant tool `*` added'],
    ],
    [
      'a role that grants less',
      roles(reader),
      roles({ reader: { scopes: ['ro', 'rw'] } }),
      true,
      ['holds: role `reader`: grant tool `*` removed'],
    ],
    [
      'a scope of a role that grants more',
      roles(reader, { ...SCOPES, ro: { grants: [{ tool: 'read' }, { tool: 'list' }] } }),
      roles(reader),
      false,
      ['possible: role `reader`: grant tool `list` added'],
    ],
    [
      'a scope of a role that denies less',
      roles(reader),
      roles(reader, { ...SCOPES, ro: { grants: [{ tool: 'read' }], deny: [{ tool: 'x' }] } }),
      false,
      ['possible: role `reader`: deny tool `x` removed'],
    ],
    [
      'no roles any more',
      roles(undefined),
      roles(reader),
      false,
      [
        'possible: roles: who has no role is no longer restricted by roles',
        'holds: role `reader`: is gone, and grants nothing',
      ],
    ],
    [
      'roles for the first time',
      roles(reader),
      roles(undefined),
      false,
      [
        'holds: roles: who has no role is granted nothing from now on',
        'possible: role `reader`: is new',
        'possible: role `reader`: grant tool `read` added',
      ],
    ],
  ] as const)('%s', (_, config, lock, isApproved, expected) => {
    expect(lines(config, lock)).toEqual({ isApproved, lines: expected });
  });
});
