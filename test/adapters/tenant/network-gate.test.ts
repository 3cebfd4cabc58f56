// A gate to the network that does not open ends the start with its reason, and its directory is taken away by name alone.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeGateDirectory, removeGateDirectory } from '../../../src/adapters/gate-directory.ts';
import { probeSandbox } from '../../../src/adapters/isolation-probe.ts';
import { openNetworkGate } from '../../../src/adapters/network-gate.ts';

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'gate-'));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

describe('the directory of a gate', () => {
  test('is the user’s own, in the guard’s; that of a guard that is gone is taken away, and nothing that it leads to', () => {
    const parent = join(home, 'gates');
    fs.mkdirSync(parent);
    fs.writeFileSync(join(home, 'kept'), 'kept');
    const own = makeGateDirectory(parent, undefined);
    const dead = makeGateDirectory(parent, undefined, 2 ** 22 + 1);
    fs.symlinkSync(join(home, 'kept'), join(dead, 'a.sock'));
    expect(fs.statSync(dead).mode & 0o777).toBe(0o700);
    const next = makeGateDirectory(parent, undefined);
    expect(fs.readdirSync(parent).sort()).toEqual([basename(own), basename(next)].sort());
    expect(fs.readFileSync(join(home, 'kept'), 'utf8')).toBe('kept');
    fs.mkdirSync(join(next, 'deep'));
    removeGateDirectory(next);
    removeGateDirectory(own);
    expect(fs.readdirSync(parent)).toEqual([basename(next)]);
    if (process.getuid?.() === 0)
      expect(fs.statSync(makeGateDirectory(parent, { uid: 7001, gid: 7002 }))).toMatchObject({ uid: 7001, gid: 7002 });
  });
});

describe('a gate that does not open', () => {
  const open = (entry: string, bwrap = '/usr/bin/bwrap') => {
    const parent = join(home, 'gates');
    fs.mkdirSync(parent, { recursive: true });
    const modules = join(home, 'modules');
    fs.mkdirSync(modules, { recursive: true });
    fs.writeFileSync(join(modules, 'entry.mjs'), entry);
    const runtime = { kind: 'there', entry: join(modules, 'entry.mjs'), modules, socat: '/usr/bin/socat' } as const;
    return openNetworkGate({
      ...{ bwrap, runtime, domains: [], asUser: [], proxies: {}, say: () => {} },
      makeDirectory: () => makeGateDirectory(parent, undefined),
    });
  };

  test.for<readonly [string, string, string]>([
    ['throws', 'throw new Error("no \\u202e luck")', 'no \\u{202e} luck'],
    ['is not what it was', 'export const other = 1', 'initialize'],
    [
      'says nonsense',
      'process.stdout.write("{}\\n"); export const SandboxManager = { initialize: () => new Promise(() => {}) }',
      'something else',
    ],
    [
      'tells another place',
      `process.stdout.write('{"socket":"/etc/x y","token":"1"}\\n'); export const SandboxManager = { initialize: () => new Promise(() => {}) }`,
      'something else',
    ],
    ['ends', 'process.exit(3)', 'it ended with 3'],
  ])('because the runtime %s', async ([, entry, why], { skip }) => {
    if (probeSandbox(process.platform).kind === 'missing') return skip('this machine cannot show it');
    await expect(open(entry)).rejects.toMatchObject({
      code: 'isolation_unavailable',
      message: expect.stringContaining(why),
    });
    expect(fs.readdirSync(join(home, 'gates'))).toEqual([]);
  });

  test('because there is nothing to start it', async () => {
    await expect(open('', '/no/such/bwrap')).rejects.toMatchObject({ message: expect.stringContaining('ENOENT') });
  });
});
