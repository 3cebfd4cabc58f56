// How a server of a tenant is started: what is required and missing ends in an error, at which level it runs, and where. What the words before
// its command do: start-prefix.test.ts.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConfineInput, confineServer, type Probes } from '../../../src/adapters/confine-server.ts';
import { findUser, probeSandbox, probeUsers } from '../../../src/adapters/isolation-probe.ts';
import { probeNetworkRuntime } from '../../../src/adapters/network-gate-probe.ts';
import { keyringPrefix } from '../../../src/adapters/session-keyring.ts';
import { makeTenantPlaces } from '../../../src/adapters/tenant-places.ts';
import { compileIsolation, type IsolationPolicy } from '../../../src/config/isolation-policy.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'confine-'));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

type Written = NonNullable<Parameters<typeof compileIsolation>[0]>;
const there = { kind: 'there', program: '/usr/bin/tool' } as const;
const RUNTIME = {
  kind: 'there',
  entry: '/m/node_modules/r/i.js',
  modules: '/m/node_modules',
  socat: '/usr/bin/socat',
} as const;
const PROBES: Probes = {
  users: () => there,
  sandbox: () => there,
  runtime: () => RUNTIME,
  gate: async () => ({ socket: '/gates/one.sock', token: 'ab'.repeat(16) }),
  userNamed: () => undefined,
  claim: () => {},
};
function input(written: Written, probes: Partial<Probes> = {}, more: Partial<ConfineInput> = {}): ConfineInput {
  const isolation = compileIsolation(written, (path) => path) as IsolationPolicy; // something is written
  const required = { level: isolation.required, by: 'the config' };
  return {
    ...{ stateDir: join(home, 'state'), tenant: 'acme', server: 'srv', isolation, required, uid: 0, platform: 'linux' },
    probes: { ...PROBES, ...probes },
    ...more,
  };
}
/** A sandbox without a user of its own: of a guard that root has not started. */
const boxed = { uid: process.getuid?.() === 0 ? 1000 : process.getuid?.() };
const make = (name: string) => {
  const path = join(home, name);
  fs.mkdirSync(path, { recursive: true });
  return path;
};
const missing = (why: string) => () => ({ kind: 'missing', why }) as const;
const wordsOf = async (given: ConfineInput, command = '/bin/sh', args: readonly string[] = []) => {
  const { level, places, prefixFor } = await confineServer(given);
  return { level, ...prefixFor(command, args, places.work, { PATH: '/usr/bin:/bin' }), places };
};

describe('what is required and missing is an error that says so', () => {
  test.each<[string, Written, Partial<Probes>, string]>([
    ['no root', { required: 'L1', uid: 7001 }, { users: missing('only root can') }, 'only root can'],
    ['root in a sandbox, and no user', { required: 'L2' }, {}, 'has no user of its own'],
    ['root at L3, and no user', { required: 'L3' }, {}, 'has no user of its own'],
    ['no root, and a user is written down', { uid: 7001 }, { users: missing('only root can') }, 'only root can'],
    ['no user', { required: 'L1' }, {}, 'has no user of its own'],
    ['the guard’s own user', { uid: 4711 }, {}, 'its user is the guard’s own'],
    [
      'no bubblewrap',
      { required: 'L2', uid: 7001 },
      { sandbox: missing('there is no `bwrap`') },
      'there is no `bwrap`',
    ],
    ['L3', { required: 'L3' }, { runtime: missing('is not installed') }, 'is not installed'],
    [
      'L3, and no bubblewrap',
      { required: 'L3', uid: 7001 },
      { sandbox: missing('there is no `bwrap`') },
      'there is no `bwrap`',
    ],
    ['L3 with every domain', { required: 'L3', network: true }, {}, '`isolation.network` is `true`'],
    ['domains below L3', { required: 'L2', network: ['a.com'] }, {}, 'which hold at `L3` only'],
    ['domains without a level', { network: ['a.com'] }, {}, 'which hold at `L3` only'],
  ])('%s', async (_, written, probes, why) => {
    const uid = written.uid === 4711 ? 4711 : 0;
    await expect(confineServer(input(written, probes, { uid }))).rejects.toMatchObject({
      code: 'isolation_unavailable',
      exitCode: 77,
      message: expect.stringContaining(why),
    });
    expect(fs.existsSync(join(home, 'state-homes'))).toBe(false);
  });

  test('a ceiling’s level counts, and is named', async () => {
    const given = input(
      {},
      { sandbox: missing('nothing') },
      { uid: 1000, required: { level: 'L2', by: '/etc/mcp-guard/ceiling.json' } },
    );
    await expect(confineServer(given)).rejects.toThrow('needs isolation L2 (/etc/mcp-guard/ceiling.json), and nothing');
  });

  test('this machine’s answers', async () => {
    expect(probeUsers('darwin', 0)).toMatchObject({ kind: 'missing', why: expect.stringContaining('Linux only') });
    expect(probeUsers('linux', 1000)).toMatchObject({ kind: 'missing', why: expect.stringContaining('root') });
    expect(probeSandbox('win32')).toMatchObject({ kind: 'missing', why: expect.stringContaining('win32') });
    expect(probeNetworkRuntime('darwin')).toMatchObject({ kind: 'missing', why: expect.stringContaining('darwin') });
    const said = probeNetworkRuntime('linux', { from: import.meta.filename, path: home });
    expect(said).toMatchObject({ kind: 'missing', why: 'there is no `socat`: install socat' });
    const away = join(home, 'guard.js');
    fs.writeFileSync(away, '');
    expect(probeNetworkRuntime('linux', { from: away })).toMatchObject({ why: expect.stringContaining('npm install') });
    const pack = join(home, 'node_modules', '@anthropic-ai', 'sandbox-runtime');
    fs.mkdirSync(pack, { recursive: true });
    fs.writeFileSync(join(pack, 'package.json'), '{"version":"0.0.79","main":"./index.js"}');
    expect(probeNetworkRuntime('linux', { from: away })).toMatchObject({
      kind: 'missing',
      why: expect.stringContaining('is there in version 0.0.79, and this mcp-guard drives 0.0.78'),
    });
    const passwd = join(home, 'passwd');
    fs.writeFileSync(passwd, 'root:x:0:0::/:/bin/sh\nmcpg-acme:x:7005:7006::/:/bin/false\nmcpg-odd:x::::\n');
    expect(findUser('mcpg-acme', passwd)).toEqual({ uid: 7005, gid: 7006 });
    for (const name of ['mcpg', 'mcpg-acm', 'root', 'mcpg-odd']) expect(findUser(name, passwd)).toBeUndefined();
  });
});

describe('levels', () => {
  test('L0 limits files; processes are counted over a user, so not without one', async () => {
    const { level, words } = await wordsOf(input({ memoryBytes: 1_073_741_824 }));
    expect(level).toBe('L0');
    expect(words.slice(0, 2)).toEqual(['/bin/sh', '-c']);
    expect(words.slice(4, 7)).toEqual(['4096', '-', '1048576']);
    expect(words.at(-1)).toBe('--');
  });

  test('a user that is written down is used, L2 around it, and the limits inside', async ({ skip }) => {
    if (process.getuid?.() !== 0) return skip('this machine cannot show it');
    fs.chmodSync(home, 0o711);
    const { level, words } = await wordsOf(input({ required: 'L2', uid: 7001, gid: 7002 }));
    expect(level).toBe('L2');
    expect(words[3]).toBe('mcp-guard-filter');
    const at = words.indexOf('--reuid') - 1;
    expect(words.slice(5, at)).toEqual(keyringPrefix());
    expect(words.slice(at, at + 6)).toEqual(['/usr/bin/tool', '--reuid', '7001', '--regid', '7002', '--clear-groups']);
    expect(words.indexOf('--unshare-pid')).toBeGreaterThan(at + 6);
    expect(words.indexOf('mcp-guard-limits')).toBeGreaterThan(words.indexOf('--unshare-pid'));
    expect(words.slice(words.indexOf('mcp-guard-limits') + 1, words.indexOf('mcp-guard-limits') + 4)).toEqual([
      '4096',
      '512',
      '-',
    ]);
    expect(words).toContain('--unshare-net');
  });

  test('its user is claimed on this machine before anything runs as it', async () => {
    const steps: string[] = [];
    const probes: Partial<Probes> = {
      claim: ({ id }, uid) => void steps.push(`claim ${id} ${uid}`),
      sandbox: () => {
        steps.push('sandbox');
        return there;
      },
    };
    await confineServer(input({ required: 'L2', uid: 7001 }, probes)).catch(() => undefined);
    expect(steps).toEqual(['claim acme 7001', 'sandbox']);
    await confineServer(input({ required: 'L2' }, probes, boxed));
    expect(steps.slice(2)).toEqual(['sandbox']);
  });

  test('the user of a tenant may have its name', async ({ skip }) => {
    if (process.getuid?.() !== 0) return skip('this machine cannot show it');
    fs.chmodSync(home, 0o711);
    const asked: string[] = [];
    const userNamed = (name: string) => {
      asked.push(name);
      return { uid: 7005, gid: 7005 };
    };
    const { level, words, places } = await wordsOf(input({ required: 'L1' }, { userNamed }));
    expect([level, asked, words[words.indexOf('--reuid') + 1]]).toEqual(['L1', ['mcpg-acme'], '7005']);
    expect(fs.statSync(places.home)).toMatchObject({ uid: 7005, gid: 7005 });
    expect(fs.statSync(places.home).mode & 0o777).toBe(0o700);
  });

  test('another user must be able to reach its home', async ({ skip }) => {
    if (process.getuid?.() !== 0) return skip('this machine cannot show it');
    fs.chmodSync(home, 0o700);
    await expect(confineServer(input({ uid: 7001 }))).rejects.toThrow('cannot be entered by the tenant');
  });

  test('at L3 the network is what the gate lets through, and without domains there is no gate', async () => {
    const asked: Parameters<Probes['gate']>[0][] = [];
    const gate: Probes['gate'] = async (given) => {
      asked.push({ ...given, directory: given.makeDirectory() } as (typeof asked)[number]);
      return { socket: '/gates/one.sock', token: 'ab'.repeat(16) };
    };
    const { level, words, env } = await wordsOf(
      input({ required: 'L3', network: ['a.com', '*.b.org:443'] }, { gate }, boxed),
    );
    expect(level).toBe('L3');
    expect(words).toContain('--unshare-net');
    const placed = words.indexOf('/gates/one.sock');
    expect(words.slice(placed - 1, placed + 2)).toEqual(['--ro-bind', '/gates/one.sock', '/run/mcp-guard-gate.sock']);
    // what the guard inherited is closed before anything of the server's user runs
    expect(words.indexOf('mcp-guard-bridge')).toBeGreaterThan(words.indexOf('mcp-guard-limits'));
    expect(words.slice(-6)).toEqual([
      'mcp-guard-bridge',
      '/usr/bin/socat',
      '/run/mcp-guard-gate.sock',
      '3128',
      '0C38',
      '--',
    ]);
    expect(env).toMatchObject({
      HTTPS_PROXY: `http://srt:${'ab'.repeat(16)}@127.0.0.1:3128`,
      all_proxy: `socks5h://srt:${'ab'.repeat(16)}@127.0.0.1:3128`,
      NO_PROXY: 'localhost,127.0.0.1',
    });
    expect(asked).toMatchObject([{ domains: ['a.com', '*.b.org:443'], bwrap: '/usr/bin/tool', asUser: [] }]);
    const none = await wordsOf(input({ required: 'L3' }, { gate }, boxed));
    expect([
      none.level,
      none.words.includes('--unshare-net'),
      none.words.includes('mcp-guard-bridge'),
      none.env,
    ]).toEqual([...['L3', true, false], {}]);
    expect(asked).toHaveLength(1);
    const local = await wordsOf(input({ required: 'L3', network: ['localhost:80'] }, { gate }, boxed));
    expect(local.env.NO_PROXY).toBe('');
  });

  test('network, and what is readable and writable', async () => {
    const [readable, writable] = ['r', 'w'].map(make) as [string, string];
    const { words, notes } = await wordsOf(
      input({ required: 'L2', network: true, readable: [readable], writable: [writable] }, {}, boxed),
      '/bin/sh',
      [join(readable, 'x.mjs'), home, '--flag', '/usr/bin/env', '/not/there'],
    );
    expect(words).not.toContain('--unshare-net');
    const at = words.indexOf(readable);
    expect(words.slice(at - 1, at + 2)).toEqual(['--ro-bind', readable, readable]);
    expect(words.slice(words.indexOf(writable) - 1, words.indexOf(writable) + 2)).toEqual([
      '--bind',
      writable,
      writable,
    ]);
    expect(notes).toEqual([`its sandbox does not show \`${home}\`: add it to \`isolation.readable\``]);
    // in the config already, and nobody has approved it
    const unapproved = { paths: [home], mend: 'mcp-guard scope approve' };
    const waiting = input({ required: 'L2', readable: [readable] }, {}, { ...boxed, unapproved });
    const args = [join(home, 'w'), join(readable, 'x.mjs')];
    expect((await wordsOf(waiting, '/bin/sh', args)).notes).toEqual([
      `its sandbox does not show \`${args[0]}\`: it is in the config and waits for an approval: \`mcp-guard scope approve\``,
    ]);
  });

  test('a program that is fetched needs the network once', async () => {
    fs.writeFileSync(join(home, 'npx'), '#!/bin/sh\n', { mode: 0o700 });
    const command = join(home, 'npx');
    const args = ['-y', 'some-server@1.0.0'];
    await expect(wordsOf(input({ required: 'L2' }, {}, boxed), command, args)).rejects.toMatchObject({
      code: 'isolation_unavailable',
      message: expect.stringContaining('fetches its program when it is first started, and has no network'),
    });
    expect((await wordsOf(input({ required: 'L2', network: true }, {}, boxed), command, args)).env).toEqual({});
    fs.mkdirSync(join(home, 'state-homes', 'acme', 'home', '.npm', '_npx'), { recursive: true });
    expect((await wordsOf(input({ required: 'L2' }, {}, boxed), command, args)).env).toMatchObject({
      npm_config_offline: 'true',
    });
    expect((await wordsOf(input({ required: 'L2' }, {}, boxed), '/bin/sh', ['x'])).env).toEqual({});
  });
});

describe('places', () => {
  const scope = () => openTenantScope(join(home, 'state'), 'acme');

  test('are the tenant’s own, closed, and the same again', () => {
    const first = makeTenantPlaces(scope(), 'srv', undefined);
    expect(makeTenantPlaces(scope(), 'srv', undefined)).toEqual(first);
    expect(first.home).toBe(join(home, 'state-homes', 'acme', 'home'));
    expect(first.work).toBe(join(home, 'state-homes', 'acme', 'work', 'srv'));
    for (const path of [first.home, first.work]) expect(fs.statSync(path).mode & 0o777).toBe(0o700);
    for (const value of Object.values(first.env)) expect(value === 'acme' || value.startsWith(first.home)).toBe(true);
    expect(first.env).toMatchObject({
      USER: 'acme',
      TMPDIR: join(first.home, 'tmp'),
      npm_config_cache: join(first.home, '.npm'),
    });
  });

  test.each([
    ['state-homes'],
    ['state-homes/acme'],
    ['state-homes/acme/home'],
    ['state-homes/acme/work'],
    ['state-homes/acme/work/srv'],
  ])('a link in the place of %s is refused', (name) => {
    const path = join(home, name);
    fs.mkdirSync(join(path, '..'), { recursive: true, mode: 0o711 });
    for (let at = join(path, '..'); at !== home; at = join(at, '..')) fs.chmodSync(at, 0o711);
    fs.mkdirSync(join(home, 'elsewhere'), { mode: name.endsWith('home') || name.endsWith('srv') ? 0o700 : 0o711 });
    fs.symlinkSync(join(home, 'elsewhere'), path);
    expect(() => makeTenantPlaces(scope(), 'srv', undefined)).toThrow('is not a directory of user');
  });

  test('a home that others could enter is refused', () => {
    const { home: own } = makeTenantPlaces(scope(), 'srv', undefined);
    fs.chmodSync(own, 0o755);
    expect(() => makeTenantPlaces(scope(), 'srv', undefined)).toThrow('with mode 700');
  });
});
