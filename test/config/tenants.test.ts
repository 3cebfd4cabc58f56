// One tenant's config out of all: its own structure, the stricter of everything else, and nothing of another tenant.
import { describe, expect, test } from 'vitest';
import { readShape } from '../../src/config/read-shape.ts';
import { restrictPolicy } from '../../src/config/restrict-policy.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import { readTenantRestrictions } from '../../src/config/tenant-restriction.ts';
import { viewForTenant } from '../../src/config/tenant-view.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { compilerWith } from './compiled.ts';

const base: JsonObject = {
  version: 1,
  scopes: {
    notes: { grants: [{ tool: 'read_*' }, { tool: 'write' }] },
    wide: { grants: [{ tool: '*' }] },
  },
  servers: {
    files: { command: 'node', args: ['all'], env: { A: '1', B: '2' }, cwd: '/shared', scope: 'notes' },
    other: { command: 'other', mode: 'observe', scope: 'wide' },
  },
  model: { id: 'base' },
};
const withTenants = (acme: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...base,
  ...more,
  tenants: { acme, globex: { servers: { files: { env: { SECRET: 'literal:of-globex' } } } } },
});

const { compile, errorsOf, policyOf: wholePolicyOf } = compilerWith({ variables: { HOME: '/home/ada' } });
function policyOf(document: JsonObject, tenant = 'acme') {
  expect(errorsOf(document)).toEqual([]);
  const view = viewForTenant(document, tenant);
  if (view.kind !== 'tenant') throw new Error(view.kind);
  const shape = readShape(document);
  if (!shape.ok) throw new Error(JSON.stringify(shape.issues));
  const restrictions = readTenantRestrictions(shape.config, tenant, undefined, () => {});
  return restrictPolicy(wholePolicyOf(view.document), restrictions).policy;
}
function serverOf(acme: JsonObject, id = 'files', more: JsonObject = {}) {
  const server = policyOf(withTenants(acme, more)).servers.get(id);
  if (server === undefined) throw new Error('no such server');
  return server;
}
function allowed(acme: JsonObject, id = 'files', more: JsonObject = {}): string[] {
  const scope = serverScopeOf(serverOf(acme, id, more));
  const names = ['read_a', 'read_b', 'write', 'delete'];
  return scope === 'unscoped'
    ? ['unscoped']
    : names.filter((name) => decideTarget(scope.layers, 'tool', name, 0).granted);
}

describe('which view', () => {
  test('a config without tenants is no matter of tenants', () => {
    expect(viewForTenant(base, 'acme')).toEqual({ kind: 'untenanted' });
  });

  test.each(['', 'Acme', 'acme ', 'ACME', 'аcme', 'acme\0', '..', 'toString', '__proto__', 'constructor', 'default'])(
    '%j is unknown where tenants are listed',
    (name) => expect(viewForTenant(withTenants({}), name)).toEqual({ kind: 'unknown' }),
  );

  test('a command that nobody lists is refused, whatever the config says: it would run unconfined', () => {
    expect(policyOf(withTenants({}, { unlisted: 'observe' })).unlisted).toBe('deny');
  });

  test('nothing of another tenant is in it', () => {
    expect(JSON.stringify(viewForTenant(withTenants({}), 'acme'))).not.toMatch(/globex|tenants/);
  });
});

describe('structure', () => {
  test('is replaced key by key, each whole; the working directory is never inherited', () => {
    const server = serverOf({ servers: { files: { args: ['own'], env: { B: '3' } } } });
    expect(server).toMatchObject({ command: 'node', args: ['own'], env: { B: { kind: 'literal', text: '3' } } });
    expect(Object.keys(server.env)).toEqual(['B']);
    expect(server.cwd).toBeUndefined();
    expect(serverOf({ servers: { files: { cwd: '/srv/acme' } } }).cwd).toBe('/srv/acme');
  });

  test('a server may be the tenant’s alone', () => {
    const own = {
      servers: { mine: { command: 'mine', scope: 'tight' } },
      scopes: { tight: { grants: [{ tool: 'read_a' }] } },
    };
    expect(serverOf(own, 'mine')).toMatchObject({ command: 'mine' });
    expect(allowed(own, 'mine')).toEqual(['read_a']);
    expect(policyOf(withTenants(own), 'globex').servers.has('mine')).toBe(false);
  });

  test('the model of the tenant stands in for the config’s', () => {
    expect(policyOf(withTenants({ model: { id: 'own' } })).model.id).toBe('own');
    expect(policyOf(withTenants({})).model.id).toBe('base');
  });

  test('every server is confined, with the strongest level that anybody asks for', () => {
    expect(serverOf({}).isolation).toMatchObject({ required: 'L0', network: false, openFiles: 4096 });
    const isolation = { required: 'L1', uid: 7001, openFiles: 100 };
    const own = {
      isolation: { required: 'L2', network: true, openFiles: 200 },
      servers: { files: { isolation: { required: 'L0' } } },
    };
    // alone: one user in `servers` would be that of every tenant
    const document = { ...base, servers: { files: { command: 'node', isolation } }, tenants: { acme: own } };
    const server = policyOf(document).servers.get('files');
    if (server === undefined) throw new Error('no such server');
    expect(server.isolation).toMatchObject({ required: 'L2', network: true, uid: 7001, gid: 7001, openFiles: 100 });
    const off = { isolation: { network: true }, servers: { files: { isolation: { network: false } } } };
    expect(serverOf(off).isolation?.network).toBe(false);
    expect(
      serverOf({ isolation: { network: true }, servers: { files: {} } }, 'files', {
        servers: { files: { command: 'node', isolation: { network: false } } },
      }).isolation?.network,
    ).toBe(false);
  });

  test('of domains what all voices permit', () => {
    const reach = (base: unknown, block: unknown, own: unknown, required = 'L3') => {
      const server = (network: unknown) => ({
        isolation: network === undefined ? { required } : { required, network },
      });
      const blocks = { ...server(block), servers: { files: server(own) } };
      const servers = { servers: { files: { command: 'node', ...server(base) } } };
      return serverOf(blocks as JsonObject, 'files', servers as JsonObject).isolation?.network; // of the shapes above
    };
    expect(reach(true, ['*.a.com'], ['x.a.com:443', 'b.org'])).toEqual(['x.a.com:443']);
    expect(reach(undefined, ['a.com'], undefined)).toEqual(['a.com']);
    expect(reach(['a.com'], ['b.org'], undefined)).toBe(false);
    expect(reach(['a.com'], undefined, false)).toBe(false);
    expect(reach(undefined, true, undefined, 'L2')).toBe(true);
  });
});

describe('everything else only restricts', () => {
  test.each<[string, JsonObject, string[]]>([
    ['nothing written', {}, ['read_a', 'read_b', 'write']],
    [
      'a scope of the same name',
      { scopes: { notes: { grants: [{ tool: '*' }], deny: [{ tool: 'write' }] } } },
      ['read_a', 'read_b'],
    ],
    [
      'a scope of its own',
      { scopes: { t: { grants: [{ tool: 'read_a' }, { tool: 'delete' }] } }, servers: { files: { scope: 't' } } },
      ['read_a'],
    ],
    ['a wider scope of the config', { servers: { files: { scope: 'wide' } } }, ['read_a', 'read_b', 'write']],
    [
      'both',
      {
        scopes: { notes: { grants: [{ tool: 'write' }] }, t: { grants: [{ tool: 'read_a' }] } },
        servers: { files: { scope: 't' } },
      },
      [],
    ],
  ])('%s', (_, acme, names) => {
    expect(allowed(acme)).toEqual(names);
  });

  test('a scope that is called as a method of every object is a scope like any other', () => {
    const scopes = { constructor: { grants: [{ tool: 'read_*' }] } };
    const more = { scopes, servers: { files: { command: 'node', scope: 'constructor' } } };
    expect(allowed({ scopes: { notes: { grants: [{ tool: '*' }] } } }, 'files', more)).toEqual(['read_a', 'read_b']);
    expect(allowed({ scopes: { constructor: { grants: [{ tool: '*_b' }] } } }, 'files', more)).toEqual(['read_b']);
  });

  test('a scope of the tenant is enforced where the server is only observed', () => {
    expect(serverOf({ servers: { other: { mode: 'enforce' } } }, 'other').mode).toBe('enforce');
    expect(allowed({ scopes: { wide: { grants: [] } } }, 'other')).toEqual([]);
  });

  test('without scopes in the config the tenant’s count alone', () => {
    const plain = { scopes: undefined as never, servers: { files: { command: 'node' }, other: { command: 'b' } } };
    const { scopes: _, ...rest } = { ...base, ...plain };
    const document = {
      ...rest,
      tenants: { acme: { scopes: { t: { grants: [{ tool: 'write' }] } }, servers: { files: { scope: 't' } } } },
    };
    const policy = policyOf(document);
    const of = (id: string) => serverScopeOf(policy.servers.get(id));
    const [files, other] = [of('files'), of('other')];
    if (files === 'unscoped' || other === 'unscoped') throw new Error('unscoped');
    expect(['read_a', 'write'].map((name) => decideTarget(files.layers, 'tool', name, 0).granted)).toEqual([
      false,
      true,
    ]);
    expect(decideTarget(other.layers, 'tool', 'write', 0).granted).toBe(false);
  });

  test('numbers: the stricter', () => {
    const server = serverOf({ servers: { files: { deadline: { hardMs: 1000 } } } });
    expect(server.deadline.hardMs).toBe(1000);
    expect(serverOf({ servers: { files: { deadline: { hardMs: 9_000_000 } } } }).deadline.hardMs).toBe(3_600_000);
    expect(policyOf(withTenants({ audit: { payload: 'off', maxAgeDays: 90, sync: 'always' } })).audit).toMatchObject({
      payload: 'full',
      maxAgeDays: 90,
      sync: 'always',
    });
  });
});

describe('what is wrong', () => {
  test.each<[string, JsonObject, string]>([
    [
      'an unknown scope',
      { servers: { files: { scope: 'nope' } } },
      'tenants.acme.servers.files.scope: there is no scope `nope`',
    ],
    [
      'a server without a command',
      { servers: { mine: {} } },
      'tenants.acme.servers.mine.command: required key is missing',
    ],
    [
      'observe',
      { servers: { files: { mode: 'observe' } } },
      'tenants.acme.servers.files.mode: `observe` would permit more',
    ],
    [
      'restart',
      { servers: { files: { onExit: 'restart' } } },
      'tenants.acme.servers.files.onExit: a tenant cannot set',
    ],
    [
      'a home',
      { servers: { files: { env: { HOME: '/x' } } } },
      'tenants.acme.servers.files.env.HOME: `HOME` is set by the guard',
    ],
    [
      'an unset variable',
      { servers: { files: { args: ['$' + '{NOPE}'] } } },
      'tenants.acme.servers.files.args[0]: cannot be expanded',
    ],
    [
      'a variable of the guard',
      { servers: { files: { env: { A: '$' + '{MCP_GUARD_TOKEN}' } } } },
      'tenants.acme.servers.files.env.A: cannot be expanded',
    ],
    ['a name of the guard', { servers: { files: { env: { MCP_GUARD_X: '1' } } } }, 'tenants.acme.servers.files.env'],
    [
      'two targets',
      { scopes: { t: { grants: [{ tool: 'a', prompt: 'b' }] } } },
      'tenants.acme.scopes.t.grants[0]: names',
    ],
    [
      'a key of the future',
      { servers: { files: { url: 'https://a.test' } } },
      'tenants.acme.servers.files.url: `url` is not yet enforced',
    ],
    ['root', { isolation: { uid: 0 } }, 'tenants.acme.isolation.uid: `0` is out of range'],
  ])('%s', (_, acme, message) => {
    expect(errorsOf(withTenants(acme)).join('\n')).toContain(message);
  });

  test.each([
    [{ required: 'L2', network: ['a.com'] }, 'domains hold at `L3` only'],
    [{ network: ['a.com'] }, 'domains hold at `L3` only'],
    [{ required: 'L3', network: true }, '`true` is every domain'],
  ])('a reach that would not hold: %j', (isolation, why) => {
    expect(errorsOf({ version: 1, servers: { files: { command: 'node', isolation } } })).toEqual([
      expect.stringContaining(`servers.files.isolation.network: ${why}`),
    ]);
    // with tenants it is for what each of them has
    const view = { ...base, servers: { files: { command: 'node', isolation } }, tenants: { acme: {} } };
    expect(errorsOf(view)).toEqual([]);
    const seen = viewForTenant(view as JsonObject, 'acme'); // of the shapes above
    expect(seen.kind === 'tenant' && errorsOf(seen.document)).toEqual([expect.stringContaining(why)]);
  });

  test('one user for two tenants', () => {
    const document = { ...base, tenants: { acme: { isolation: { uid: 7001 } }, globex: { isolation: { uid: 7001 } } } };
    expect(errorsOf(document).join('\n')).toContain(
      'tenants.globex.isolation.uid: user 7001 of `globex` is that of `acme`, too',
    );
  });

  test.each([
    [
      'of a server that all have',
      { isolation: { uid: 7001 } },
      {},
      {},
      'servers.files.isolation.uid: user 7001 of `globex`',
    ],
    [
      'that `servers` and a block name',
      { isolation: { uid: 7001 } },
      {},
      { isolation: { uid: 7001 } },
      'user 7001 of `globex`',
    ],
    [
      'one group',
      {},
      { isolation: { uid: 7001 } },
      { isolation: { uid: 7002, gid: 7001 } },
      'tenants.globex.isolation.gid: group 7001',
    ],
    [
      'a group for all',
      { isolation: { gid: 7009 } },
      { isolation: { uid: 7001 } },
      { isolation: { uid: 7002 } },
      'group 7009 of `globex`',
    ],
    [
      'of servers in their blocks',
      {},
      { servers: { files: { isolation: { uid: 7001 } } } },
      { servers: { files: { isolation: { uid: 7001 } } } },
      'tenants.globex.servers.files.isolation.uid: user 7001',
    ],
    [
      'groups alone',
      {},
      { isolation: { gid: 7001 } },
      { isolation: { gid: 7001 } },
      'tenants.globex.isolation.gid: group 7001',
    ],
  ])('one user for two tenants: %s', (_, shared, acme, globex, wanted) => {
    const document = { ...base, servers: { files: { command: 'node', ...shared } }, tenants: { acme, globex } };
    expect(errorsOf(document).join('\n')).toContain(wanted);
  });

  test('a user of its own for each, also where `servers` has one for nobody', () => {
    const isolation = { uid: 7000, gid: 7000 };
    const tenants = { acme: { isolation: { uid: 7001, gid: 7001 } }, globex: { isolation: { uid: 7002, gid: 7002 } } };
    expect(errorsOf({ ...base, servers: { files: { command: 'node', isolation } }, tenants })).toEqual([]);
  });

  test('`observe` for a server that only this tenant has', () => {
    const own = { servers: { mine: { command: 'node', mode: 'observe' } } };
    expect(errorsOf({ ...base, tenants: { acme: own } })).toEqual([
      expect.stringContaining('tenants.acme.servers.mine.mode: `observe` would permit more'),
    ]);
  });

  test('names that every object has are names like others', () => {
    const scopes = { constructor: { grants: [{ tool: 'read_a' }] } };
    const servers = { files: { command: 'node' }, constructor: { command: 'node', scope: 'constructor' } };
    expect(allowed({ scopes: { y: { grants: [{ tool: '*' }] } } }, 'constructor', { scopes, servers })).toEqual([
      'read_a',
    ]);
  });

  test('a home for all tenants', () => {
    const document = withTenants({}, { servers: { files: { command: 'node', env: { TMPDIR: '/tmp' } } } });
    expect(errorsOf(document).join('\n')).toContain('servers.files.env.TMPDIR: `TMPDIR` is set by the guard');
    expect(errorsOf({ version: 1, servers: { files: { command: 'node', env: { TMPDIR: '/tmp' } } } })).toEqual([]);
  });

  test.each(['run', 'tokens', 'canaries', 'con', 'lpt1'])('%j is taken', (id) => {
    expect(errorsOf({ ...base, tenants: { [id]: {} } })).toEqual([
      expect.stringContaining(`tenants.${id}: no tenant can be called that`),
    ]);
  });

  test.each(['api.example.com', '*.example.com:443', 'localhost:8080', 'a-b.c1', 'xn--bcher-kva.example'])(
    '`%s` is a domain',
    (domain) => {
      const isolation = { required: 'L3', network: [domain] };
      expect(errorsOf({ ...base, tenants: { acme: { isolation } } })).toEqual([]);
    },
  );

  test.each([
    '',
    '*',
    '*.com',
    'a.*.com',
    'A.com',
    '1.2.3.4',
    '0x7f.1',
    '[::1]',
    'a.com:0',
    'a.com.',
    'a..b',
    'http://a.com',
    'a.com/x',
    'bücher.de',
    'a.com\0',
  ])('%j is none', (domain) => {
    const isolation = { required: 'L3', network: [domain] };
    expect(errorsOf({ ...base, tenants: { acme: { isolation } } }).join('\n')).toContain(
      'tenants.acme.isolation.network',
    );
  });

  test.each(['Acme', 'a_b', '', 'a'.repeat(64), '..', 'a/b', 'é', 'acme\0'])('%j is no id', (id) => {
    expect(errorsOf({ ...base, tenants: { [id]: {} } }).join('\n')).toContain('is no legal name');
  });
});

test('a word for `canary` that is none is answered with all that are', () => {
  const compiled = compile({ version: 1, servers: {}, tenants: { acme: { canary: 'yes' } } });
  expect(compiled).toMatchObject({ ok: false, diagnostics: [{ why: 'allowed: `true`, `false`, `stop`' }] });
});
