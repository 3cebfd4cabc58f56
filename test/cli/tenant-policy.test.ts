// What holds for a tenant under a lock: an edit of its block narrows at once and widens nothing, whatever key it touches.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadLockedPolicy } from '../../src/cli/locked-policy.ts';
import { openRunLock } from '../../src/cli/run-lock.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { startRun } from './start-run.ts';

const NOW = Date.parse('2026-07-28T09:00:00.000Z');
let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'tenant-policy-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const ACME: JsonObject = {
  servers: { files: { args: ['acme'], env: { KEY: 'env:ACME' }, passEnv: ['ONE'] }, own: { command: 'own' } },
  scopes: { files: { grants: [{ tool: 'read' }, { tool: 'list' }], deny: [{ tool: 'list' }] } },
  limits: [{ key: ['tool'], rate: '5/min' }],
  isolation: { required: 'L1', uid: 7001, readable: ['/srv/a'], network: false, openFiles: 100 },
};
const config = (tenants: JsonObject | undefined): JsonObject => ({
  version: 1,
  servers: { files: { command: 'node', args: ['all'], scope: 'files', deadline: { hardMs: 5000 } } },
  scopes: { files: { grants: [{ tool: '*' }] } },
  ...(tenants === undefined ? {} : { tenants }),
});
const context = (tenant: string) => ({
  ...{
    env: { ACME: 'secret' },
    uid: process.getuid?.(),
    stateDir: join(directory, 'state'),
    tenant,
    nowMs: NOW,
    actor: 'ada',
  },
  ceilings: NO_CEILINGS,
  identify: async () => undefined,
});
const place = () => ({ path: join(directory, 'config.json'), origin: 'flag', digest: undefined }) as const;
const write = (document: JsonObject): void => fs.writeFileSync(place().path, JSON.stringify(document), { mode: 0o600 });
const start = (tenant = 'acme') => startRun(place(), context(tenant));

async function lockAsItStands(): Promise<void> {
  write(config({ acme: ACME, globex: {} }));
  await start();
}
async function edited(change: JsonObject, tenant = 'acme') {
  write(config({ acme: { ...ACME, ...change }, globex: {} }));
  return start(tenant);
}
const TOOLS = ['read', 'list', 'write'];
function toolsOf(run: Awaited<ReturnType<typeof start>>): readonly string[] {
  const entry = run.policy.servers.get('files');
  const scope = serverScopeOf(entry, run.layersOf(entry));
  return scope === 'unscoped'
    ? ['unscoped']
    : TOOLS.filter((name) => decideTarget(scope.layers, 'tool', name, NOW).granted);
}
const withServer = (change: JsonObject): JsonObject => ({
  servers: { ...(ACME.servers as JsonObject), files: { ...(ACME.servers as { files: JsonObject }).files, ...change } },
});
const isolated = (change: JsonObject): JsonObject => ({ isolation: { ...(ACME.isolation as JsonObject), ...change } });

test('what waits for an approval opens nothing of another tenant’s, and is named for the texts', async () => {
  const globex = { isolation: { writable: ['/srv/globex'] } };
  write(config({ acme: ACME, globex }));
  await start();
  const before = (await start()).policy;
  expect(before.foreignPlaces?.()).toContainEqual({ path: '/srv/globex', access: 'write' });
  expect(before.unapproved).toBeUndefined();
  write(
    config({
      acme: { ...ACME, ...isolated({ required: 'L2', readable: ['/srv/a', '/srv/more'], writable: ['/srv/w'] }) },
      globex,
    }),
  );
  const { policy } = await start();
  expect(policy.servers.get('files')?.isolation).toMatchObject({ required: 'L2', readable: ['/srv/a'], writable: [] });
  expect(policy.foreignPlaces?.()).toEqual(before.foreignPlaces?.());
  expect(policy.unapproved?.placesOf.get('files')).toEqual(['/srv/more', '/srv/w']);
  expect(policy.unapproved?.mend).toContain('mcp-guard scope approve');
});

test.each<[string, JsonObject]>([
  ['takes the key out', { globex: {} }],
  ['takes the tenant out', {}],
  ['breaks the block', { globex: { isolation: { writable: '/srv/other' } } }],
])('what another tenant had stays closed while an edit waits that %s', async (_, others) => {
  write(config({ acme: ACME, globex: { isolation: { writable: ['/srv/globex'] } } }));
  await start();
  write(config({ acme: ACME, ...others }));
  expect((await start()).policy.foreignPlaces?.()).toContainEqual({ path: '/srv/globex', access: 'write' });
});

test('a block that cannot be read is said where places of others are asked for, and nowhere else', async () => {
  await lockAsItStands();
  write(config({ acme: ACME, globex: { isolation: { writable: 7 } } }));
  const { policy } = await start();
  expect(() => policy.foreignPlaces?.()).toThrow('`tenants.globex.isolation.writable` is no text');
});

test('as it was approved', async () => {
  await lockAsItStands();
  const run = await start();
  expect(toolsOf(run)).toEqual(['read']);
  expect(run.policy.servers.get('files')).toMatchObject({
    args: ['acme'],
    passEnv: ['ONE'],
    isolation: { required: 'L1', uid: 7001 },
  });
  expect(() => run.refuseUnapproved('files')).not.toThrow();
  expect(() => run.refuseUnapproved('own')).not.toThrow();
  expect(toolsOf(await start('globex'))).toEqual(TOOLS);
  expect(run.policy.unlisted).toBe('deny');
});

describe('an edit widens nothing', () => {
  test.each<[string, JsonObject]>([
    ['its arguments', withServer({ args: ['other'] })],
    ['its environment', withServer({ env: { KEY: 'env:OTHER' } })],
    ['one more variable', withServer({ env: { KEY: 'env:ACME', MORE: 'x' } })],
    ['variables passed on', withServer({ passEnv: ['ONE', 'TWO'] })],
    ['its command', withServer({ command: 'sh' })],
    ['its directory', withServer({ cwd: '/' })],
    ['no environment of its own', withServer({ env: {} })],
  ])('%s: the server does not start', async (_, change) => {
    await lockAsItStands();
    const run = await edited(change);
    expect(() => run.refuseUnapproved('files')).toThrow(expect.objectContaining({ code: 'server_unapproved' }));
  });

  test('a server that is new to the tenant does not start', async () => {
    await lockAsItStands();
    const run = await edited({ servers: { ...(ACME.servers as JsonObject), more: { command: 'more' } } });
    expect(() => run.refuseUnapproved('more')).toThrow(expect.objectContaining({ code: 'server_unapproved' }));
  });

  test.each<[string, JsonObject]>([
    ['no scope', { scopes: {} }],
    ['a wider scope', { scopes: { files: { grants: [{ tool: '*' }] } } }],
    ['no denial', { scopes: { files: { grants: [{ tool: 'read' }, { tool: 'list' }] } } }],
  ])('%s: the approved one holds', async (_, change) => {
    await lockAsItStands();
    expect(toolsOf(await edited(change))).toEqual(['read']);
  });

  test('a limit that is gone or looser: both apply; one that stayed applies once', async () => {
    await lockAsItStands();
    const limitsOf = async (change: JsonObject) =>
      (await edited(change)).policy.servers
        .get('files')
        ?.restrictedBy?.flatMap(({ limits = [] }) => limits.map(({ rate }) => rate));
    expect(await limitsOf({ limits: [] })).toEqual(['5/min']);
    expect(await limitsOf({ limits: [{ key: ['tool'], rate: '9/min' }] })).toEqual(['9/min', '5/min']);
    expect(await limitsOf(isolated({ openFiles: 50 }))).toEqual(['5/min']);
  });

  test.each<[string, JsonObject, object]>([
    ['a lower level', isolated({ required: 'L0' }), { required: 'L1' }],
    ['another user', isolated({ uid: 7009 }), { uid: 7001 }],
    ['a wider view', isolated({ readable: ['/'] }), { readable: ['/srv/a'] }],
    ['the network', isolated({ network: true }), { network: false }],
    ['more files', isolated({ openFiles: 900 }), { openFiles: 100 }],
    ['no isolation', { isolation: {} }, { required: 'L1', uid: 7001, openFiles: 100 }],
  ])('%s: what was approved holds', async (_, change, holds) => {
    await lockAsItStands();
    expect((await edited(change)).policy.servers.get('files')?.isolation).toMatchObject(holds);
  });
});

test.each<[string, JsonObject, (run: Awaited<ReturnType<typeof start>>) => unknown, unknown]>([
  ['a smaller scope', { scopes: { files: { grants: [] } } }, toolsOf, []],
  ['a higher level', isolated({ required: 'L2' }), (run) => run.policy.servers.get('files')?.isolation?.required, 'L2'],
  ['fewer files', isolated({ openFiles: 64 }), (run) => run.policy.servers.get('files')?.isolation?.openFiles, 64],
])('%s takes effect at once', async (_, change, look, wanted) => {
  await lockAsItStands();
  expect(look(await edited(change))).toEqual(wanted);
});

test('a canary or a quota that is taken away or loosened holds until that is approved; a stricter one at once', async () => {
  const seen = ({ policy }: Awaited<ReturnType<typeof start>>) => [policy.canary, policy.audit.quotaBytes];
  write(config({ acme: { ...ACME, canary: 'stop', audit: { quota: { maxBytes: 5_000_000 } } }, globex: {} }));
  await start();
  expect(seen(await start())).toEqual(['stop', 5_000_000]);
  expect(seen(await start('globex'))).toEqual([undefined, undefined]);
  expect(seen(await edited({}))).toEqual(['stop', 5_000_000]);
  expect(seen(await edited({ canary: false, audit: { quota: { maxBytes: 9_000_000 } } }))).toEqual(['stop', 5_000_000]);
  expect(seen(await edited({ canary: true, audit: { quota: { maxBytes: 2_000_000 } } }))).toEqual(['stop', 2_000_000]);
  fs.rmSync(directory, { recursive: true });
  fs.mkdirSync(directory);
  write(config({ acme: { ...ACME, canary: true }, globex: {} }));
  await start();
  expect(seen(await edited({ canary: 'stop' }))).toEqual(['stop', undefined]);
});

describe('tenants come and go only by approval', () => {
  test.each(['nobody', 'default', 'Acme', 'acme ', '__proto__', 'constructor'])('%j is none', async (tenant) => {
    await lockAsItStands();
    await expect(start(tenant)).rejects.toMatchObject({ code: 'tenant_unknown', exitCode: 77 });
  });

  test('a new one', async () => {
    await lockAsItStands();
    write(config({ acme: ACME, globex: {}, initech: {} }));
    await expect(start('initech')).rejects.toMatchObject({ code: 'tenant_unapproved', exitCode: 77 });
    expect(toolsOf(await start())).toEqual(['read']);
  });

  test('one that is taken away, or all of them', async () => {
    await lockAsItStands();
    write(config({ globex: {} }));
    await expect(start()).rejects.toMatchObject({ code: 'tenant_unknown' });
    write(config(undefined));
    await expect(start()).rejects.toMatchObject({ code: 'tenant_unapproved' });
    await expect(start('default')).rejects.toMatchObject({ code: 'tenant_unapproved' });
    await expect(loadLockedPolicy(place(), context('default'))).rejects.toMatchObject({ code: 'tenant_unapproved' });
  });

  test('the first one, in a config that had none', async () => {
    write(config(undefined));
    await start('default');
    write(config({ acme: ACME }));
    await expect(start()).rejects.toMatchObject({ code: 'tenant_unapproved' });
  });
});

test('what is wrong for one tenant alone is said with its name', async () => {
  write(config({ acme: { servers: { files: { deadline: { idleMs: 9, hardMs: 5 } } } }, globex: {} }));
  await expect(start('globex')).resolves.toBeDefined();
  write(config({ acme: { servers: { own: { command: 'x', deadline: { idleMs: 9, hardMs: 5 } } } }, globex: {} }));
  await expect(start('acme')).rejects.toMatchObject({ message: expect.stringContaining('for the tenant `acme`') });
});

test('an error in the block of one tenant keeps no other out, once the config is locked; one that is shared does', async () => {
  await lockAsItStands();
  write(config({ acme: ACME, globex: { servers: { files: { scope: 'nope' } } } }));
  expect(toolsOf(await start())).toEqual(['read']);
  await expect(start('globex')).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('no scope `nope`'),
  });
  write(config({ acme: ACME, globex: { isolation: { uid: 7001 } } }));
  for (const tenant of ['acme', 'globex'])
    await expect(start(tenant)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('user 7001'),
    });
});

test('what is locked first is right as a whole', async () => {
  write(config({ acme: ACME, globex: { servers: { files: { scope: 'nope' } } } }));
  await expect(start()).rejects.toMatchObject({ code: 'config_invalid' });
  expect(fs.existsSync(join(directory, 'mcp-guard.lock.json'))).toBe(false);
});

test('a start as nobody that the config knows locks nothing', async () => {
  write(config({ acme: ACME }));
  await expect(openRunLock(place(), context('zed'))).rejects.toMatchObject({ code: 'tenant_unknown' });
  expect(fs.existsSync(join(directory, 'mcp-guard.lock.json'))).toBe(false);
});

test('a block that nobody touched names what all have: an edit of that gives it nothing before it is approved', async () => {
  const shared = (tool: string): JsonObject => ({
    ...config({ acme: { servers: { files: { scope: 'more' } } } }),
    scopes: { files: { grants: [{ tool: '*' }] }, more: { grants: [{ tool }] } },
  });
  write(shared('read'));
  await start();
  write(shared('*'));
  expect(toolsOf(await start())).toEqual(['read']);
});

test('a start compares the block of its tenant alone; the signature is over all of them', async () => {
  await lockAsItStands();
  write(config({ acme: ACME, globex: { canary: true, scopes: { files: { grants: [] } } } }));
  const run = await start();
  expect([run.notes, run.waiting, toolsOf(run)]).toEqual([[], undefined, ['read']]);
  expect(toolsOf(await start('globex'))).toEqual([]);
  const path = join(directory, 'mcp-guard.lock.json');
  const lock = JSON.parse(fs.readFileSync(path, 'utf8'));
  lock.policy.tenants.globex = { canary: true };
  // in the one notation that a lock has: nothing but the signature tells
  fs.writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
  await expect(start()).rejects.toMatchObject({
    code: 'lock_edited',
    message: expect.stringContaining('not what was'),
  });
});
