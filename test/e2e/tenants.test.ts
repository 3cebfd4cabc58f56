// Two tenants at once on a hostile server: nothing of one is in anything of the other, and without one of the barriers it is.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { connectRaw } from './client-raw.ts';
import type { Yard } from './guarded.ts';
import { skipLoudly } from './skipping.ts';
import {
  artefactsOf,
  BIN,
  connect,
  findLeaks,
  isolationOf,
  type Look,
  lacks,
  lookAround,
  openYard,
  ownUserOf,
  writeConfig,
} from './tenant-stage.ts';
import { readTrail } from './trail.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

const token = (place: string) => `canary-${place}-${randomBytes(12).toString('hex')}`;
const USERS = { acme: 7001, globex: 7002 } as const;
const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

interface Played {
  readonly leaks: readonly string[];
  /** How many places were searched. */
  readonly places: number;
  readonly acme: Look;
  readonly globex: Look;
}

interface Holes {
  readonly block?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly server?: object;
  /** Whom the second session is started for, in place of `globex`. */
  readonly second?: 'acme';
}

/** @param isolation of both @param holes what a barrier would have closed @param more is done with the other tenant, and what comes of it searched, too */
async function playBoth(
  isolation: (tenant: 'acme' | 'globex') => object,
  holes: Holes = {},
  more: (config: string) => Promise<ReadonlyMap<string, Buffer>> = async () => new Map(),
): Promise<Played> {
  const tokens = {
    env: token('env'),
    file: token('file'),
    written: token('written'),
    tool: token('tool'),
    outside: token('outside'),
  };
  const secret = join(yard.home, 'secret');
  fs.writeFileSync(secret, tokens.file, { mode: 0o600 });
  const look = {
    LOOK_AT: [yard.state, `${yard.state}-homes`, join(yard.state, 'acme'), join(`${yard.state}-homes`, 'acme')].join(
      ':',
    ),
  };
  const config = writeConfig(
    yard,
    {
      acme: {
        isolation: isolation('acme'),
        servers: { srv: { env: { A: tokens.env, B: `file:${secret}` }, ...holes.server } },
        ...holes.block,
      },
      globex: { isolation: isolation('globex'), servers: { srv: { env: look, ...holes.server } }, ...holes.block },
    },
    holes.server,
  );
  const host = {
    SSH_AUTH_SOCK: tokens.outside,
    npm_config_token: tokens.outside,
    HTTPS_PROXY: `http://u:${tokens.outside}@p`,
    ...holes.env,
  };
  const acme = connect(yard, config, 'acme', host);
  // the first one locks the config
  await acme.initialize();
  const globex = connect(yard, config, holes.second ?? 'globex', host);
  await globex.initialize();
  const [first] = await Promise.all([lookAround(acme, 1, 'write', tokens.written), lookAround(globex, 1)]);
  const [second] = await Promise.all([lookAround(globex, 2), lookAround(acme, 2, tokens.tool)]);
  expect([await acme.end(), await globex.end()]).toEqual([0, 0]);
  // what a run tells of its own tenant proves that the tokens were there to be found
  const own = findLeaks(artefactsOf(yard, 'acme', acme), Object.values(tokens).slice(0, 4));
  expect(own).toContain('client');
  const extra = await more(config);
  const artefacts = new Map([...artefactsOf(yard, holes.second ?? 'globex', globex), ...extra]);
  return {
    leaks: findLeaks(artefacts, Object.values(tokens)),
    places: artefacts.size,
    acme: first,
    globex: second,
  };
}

const ownUser = (tenant: 'acme' | 'globex') => ({ required: 'L1', uid: USERS[tenant] });
const sandbox = (tenant: 'acme' | 'globex') => ({
  ...{ required: 'L2', ...ownUserOf(USERS[tenant]) },
  readable: [FIXTURES],
});

describe('the search', () => {
  test.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['hex', (text: string) => Buffer.from(Buffer.from(text).toString('hex'))],
    ['base64', (text: string) => Buffer.from(Buffer.from(`x${text}`).toString('base64'))],
    ['URL-encoded', (text: string) => Buffer.from(encodeURIComponent(text))],
    ['gzipped', (text: string) => Buffer.concat([Buffer.from('in front'), gzipSync(text)])],
  ])('finds a token that is %s', (_, encode) => {
    expect(findLeaks(new Map([['here', encode('canary-/?-0123456789')]]), ['canary-/?-0123456789'])).toEqual(['here']);
  });
});

/** What a person has of a tenant beside its sessions: a guard that crashes, reports, and the archive that it is given. */
async function listMore(config: string): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>();
  const fails = { NODE_OPTIONS: `--require ${join(FIXTURES, 'crashes-on-signal.cjs')}` };
  const crashed = connect(yard, config, 'globex', fails);
  await crashed.initialize();
  await lookAround(crashed, 1);
  const here = ['--config', config, '--tenant', 'globex'];
  found.set('status', Buffer.from(yard.command('status', '--json', '--tenant', 'globex').stdout));
  process.kill(crashed.pid, 'SIGUSR2');
  expect(await crashed.exited).toEqual([70, null]);
  expect(crashed.stderr()).toContain('a defect of this test');
  found.set('crash', Buffer.from(crashed.stderr() + crashed.lines.join('\n')));
  const archive = join(yard.home, 'globex.tar');
  expect(yard.command('tenant', 'export', 'globex', '--out', archive).status).toBe(0);
  const reports = [
    ['audit', 'tail', '--json', '--all', '--tenant', 'globex'],
    ['audit', 'verify', '--json', '--tenant', 'globex'],
    ['breaker', 'status', '--json', ...here],
    ['scope', 'show', '--json', ...here],
    ['tenant', 'show', 'globex', '--json', '--config', config],
    ['tenant', 'history', 'globex', '--json', '--config', config],
  ];
  for (const words of reports) {
    const { status, stdout, stderr } = yard.command(...words);
    expect([words.join(' '), status]).toEqual([words.join(' '), 0]);
    found.set(words.join(' '), Buffer.from(stdout + stderr));
  }
  return found.set('export', fs.readFileSync(archive));
}

describe('canaries', () => {
  test('of one tenant are in nothing of the other behind users of their own', async ({ skip }) => {
    const why = lacks('L1');
    if (why !== undefined) skipLoudly(skip, why);
    const { leaks, places, acme, globex } = await playBoth(ownUser, {}, listMore);
    expect(leaks).toEqual([]);
    // client, stderr, record, payloads, inventory, crash, reports, export
    expect(places).toBeGreaterThan(14);
    expect([acme.uid, globex.uid]).toEqual([7001, 7002]);
    expect([acme.umask, globex.umask]).toEqual([0o077, 0o077]);
    expect(acme.limits).toMatch(/Max processes +512 +512/);
  });

  test('nor behind bubblewrap, where a tenant has no others at all', async ({ skip }) => {
    const why = lacks('L2');
    if (why !== undefined) skipLoudly(skip, why);
    const { leaks, globex } = await playBoth(sandbox, {}, listMore);
    expect(leaks).toEqual([]);
    expect(globex.host).toBe('globex');
    // itself, and what started it
    expect(globex.processes.length).toBeLessThanOrEqual(3);
    expect([...new Set(isolationOf(yard, 'globex'))]).toEqual(['L2']);
  });

  test('without either they are found: one user can read what another process of it was started with', async () => {
    const { leaks, acme, globex } = await playBoth(() => ({}));
    expect(leaks).toContain('client');
    expect(isolationOf(yard, 'acme')).toEqual(['L0']);
    // what L0 does give
    expect(acme.env).toMatchObject({
      HOME: join(`${yard.state}-homes`, 'acme', 'home'),
      TMPDIR: join(`${yard.state}-homes`, 'acme', 'home', 'tmp'),
      USER: 'acme',
    });
    expect([acme.cwd, globex.cwd]).toEqual(
      ['acme', 'globex'].map((name) => join(`${yard.state}-homes`, name, 'work', 'srv')),
    );
    expect(acme.limits).toMatch(/Max open files +4096 +4096/);
    expect(Object.keys(acme.env)).not.toEqual(expect.arrayContaining(['SSH_AUTH_SOCK']));
    expect(fs.statSync(join(`${yard.state}-homes`, 'acme', 'home', 'left')).mode & 0o777).toBe(0o600);
  });
});

test('no message says whose it is: names of tenants in bodies, `_meta`, tools, paths and ids lead nowhere else', async () => {
  const config = writeConfig(yard, { acme: {}, globex: {} });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  const names = [
    'globex',
    'GLOBEX',
    'globex\\u0000',
    '../globex',
    '..%2fglobex',
    'gl\\u00f6bex',
    '\\uff47lobex',
    '/globex/../globex',
  ];
  for (const [index, name] of names.entries()) {
    const meta = `"_meta":{"tenant":"${name}","mcp-guard/tenant":"${name}","x-tenant-id":"${name}"}`;
    const params = `{"name":"${name}","tenant":"${name}","arguments":{"tenant":"${name}","path":"${name}/x"},${meta}}`;
    const line = await acme.request(`${index}/${name.replaceAll('\\', '')}`, 'tools/call', params);
    expect(line).toMatch(/"result"|"error"/);
  }
  expect(await acme.end()).toBe(0);
  expect(fs.readdirSync(yard.state).filter((name) => !['acme', 'lock', 'run'].includes(name))).toEqual([]);
  expect(fs.readdirSync(`${yard.state}-homes`)).toEqual(['acme']);
  for (const { records } of readTrail(yard.state))
    expect((records[0]?.h as { readonly tenant?: unknown } | undefined)?.tenant).toBe('acme'); // of an `open` record
});

describe('with one barrier taken away they are found', () => {
  const shared = () => {
    const path = join(yard.home, 'shared');
    fs.mkdirSync(path, { mode: 0o777 });
    fs.chmodSync(path, 0o777);
    return path;
  };
  test.for<[string, (level: 'L1' | 'L2') => Parameters<typeof playBoth>[1], 'L1' | 'L2']>([
    ['the environment built from nothing', () => ({ server: { passEnv: ['SSH_AUTH_SOCK'] } }), 'L1'],
    ['a proxy without a name and password', () => ({ server: { passEnv: ['HTTPS_PROXY'] } }), 'L2'],
  ])('%s', async ([, hole, level], { skip }) => {
    const why = lacks(level);
    if (why !== undefined) skipLoudly(skip, why);
    const { leaks } = await playBoth(level === 'L1' ? ownUser : sandbox, hole(level));
    expect(leaks).toContain('client');
  });

  const taken = (swap: readonly (readonly [string, string])[], env: object = {}) => ({
    NODE_OPTIONS: `--require ${join(FIXTURES, 'takes-away.cjs')}`,
    TAKE_AWAY: JSON.stringify({
      swap: swap.map((pair) => pair.map((words) => words.replaceAll(' ', '\0').replaceAll('_', ' '))),
      env,
    }),
  });
  /** A user of its own stands behind the barriers of a sandbox, too, where root starts the guard. */
  const noUsers = [
    ['--reuid 7001 --regid 7001', '--reuid 0 --regid 0'],
    ['--reuid 7002 --regid 7002', '--reuid 0 --regid 0'],
    ['--bounding-set=-all', '--bounding-set=+all'],
    ['--cap-drop ALL', '--unshare-uts'],
  ] as const;
  test.for<[string, 'L1' | 'L2', (shared: string) => Readonly<Record<string, string>>]>([
    [
      'its own processes, and user namespace',
      'L2',
      () =>
        taken([
          ...['--unshare-pid', '--unshare-user --disable-userns'].map((words) => [words, '--unshare-uts'] as const),
          ['--proc /proc', '--bind /proc /proc'],
          ...noUsers,
        ]),
    ],
    [
      'its own mount view',
      'L2',
      () =>
        taken([
          ['--size 268435456 --tmpfs /tmp', '--ro-bind /tmp /tmp'],
          ['--unshare-user --disable-userns', '--unshare-uts'],
          ...noUsers,
        ]),
    ],
    // of two that stand together each holds where the other is gone
    [
      'a temporary directory of its own, and the umask',
      'L1',
      (dir) => taken([['umask_077', 'umask_000']], { TMPDIR: dir }),
    ],
    ['a cache of its own, and the umask', 'L1', (dir) => taken([['umask_077', 'umask_000']], { XDG_CACHE_HOME: dir })],
    ['a home of its own, and the umask', 'L1', (dir) => taken([['umask_077', 'umask_000']], { HOME: dir })],
    ['a user of its own', 'L1', () => taken(noUsers)],
  ])('%s', async ([, level, holes], { skip }) => {
    const why = lacks(level);
    if (why !== undefined) skipLoudly(skip, why);
    const { leaks } = await playBoth(level === 'L1' ? ownUser : sandbox, { env: holes(shared()) });
    expect(leaks).toContain('client');
  });

  test('a working directory of its own, and the umask', async ({ skip }) => {
    const why = lacks('L1');
    if (why !== undefined) skipLoudly(skip, why);
    const env = taken([['umask_077', 'umask_000']]);
    const { leaks } = await playBoth(ownUser, { env, block: {}, server: { cwd: shared() } });
    expect(leaks).toContain('client');
  });

  test('a directory of its own in the state: as the same tenant', async ({ skip }) => {
    const why = lacks('L2');
    if (why !== undefined) skipLoudly(skip, why);
    const { leaks } = await playBoth(sandbox, { second: 'acme' });
    expect(leaks.filter((place) => place.startsWith(join(yard.state, 'acme', 'audit')))).not.toEqual([]);
  });

  test('nothing is found with the means of these tests alone', async ({ skip }) => {
    const why = lacks('L2');
    if (why !== undefined) skipLoudly(skip, why);
    expect((await playBoth(sandbox, { env: taken([]) })).leaks).toEqual([]);
  });

  test('but not with a working directory that both have: no sandbox shows it', async ({ skip }) => {
    const why = lacks('L2');
    if (why !== undefined) skipLoudly(skip, why);
    const block = (tenant: 'acme' | 'globex') => ({ isolation: sandbox(tenant), servers: { srv: { cwd: both } } });
    const both = shared();
    const acme = connect(yard, writeConfig(yard, { acme: block('acme'), globex: block('globex') }), 'acme');
    expect(await acme.exited).toEqual([77, null]);
    expect(acme.stderr()).toContain('where another tenant has a directory');
  });
});

describe('what one server of a tenant leaves behind for another', () => {
  test.for<[string, (share: string) => object, number, string]>([
    ['its directory', (share) => ({ cwd: join(share, 'repo') }), 77, 'a server may write in'],
    [
      'its secret',
      (share) => ({ env: { B: `file:${join(share, 'token')}` } }),
      78,
      'another file could be put in its place',
    ],
  ])('is nothing that it is started with: %s', async ([, block, status, why], { skip }) => {
    const lack = lacks('L2');
    if (lack !== undefined) skipLoudly(skip, lack);
    const share = join(yard.home, 'share');
    fs.mkdirSync(join(share, 'repo'), { recursive: true });
    fs.writeFileSync(join(share, 'token'), 'a token of its own', { mode: 0o600 });
    const other = { command: process.execPath, isolation: { writable: [share] } };
    const config = writeConfig(yard, { acme: { isolation: sandbox('acme'), servers: { srv: block(share), other } } });
    const acme = connect(yard, config, 'acme');
    expect(await acme.exited).toEqual([status, null]);
    expect(acme.stderr()).toContain(why);
  });
});

test('what the host left open is closed, whatever its number', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('descriptors are found in /proc');
  const held = join(yard.home, 'held');
  fs.writeFileSync(held, 'of the host');
  const config = writeConfig(yard, { acme: {} });
  const hold = ['-c', 'exec 30<"$0"; exec "$@"', held, process.execPath, BIN, 'run', '--config', config];
  const args = [...hold, '--server', 'srv', '--tenant', 'acme'];
  const acme = connectRaw({ command: 'bash', args, env: yard.env(), directory: yard.home });
  await acme.initialize();
  const { open } = await lookAround(acme, 1);
  expect(open.length).toBeGreaterThan(2);
  expect(JSON.stringify(open)).not.toContain('held');
  expect(await acme.end()).toBe(0);
});
