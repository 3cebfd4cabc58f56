// A gate to the network that does not open ends the start with its reason, and its directory is taken away by name alone.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeGateDirectory, removeGateDirectory } from '../../../src/adapters/gate-directory.ts';
import { probeSandbox } from '../../../src/adapters/isolation-probe.ts';
import { writeKeyFilter } from '../../../src/adapters/key-filter.ts';
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

describe('a gate', () => {
  const open = (entry: string, bwrap = '/usr/bin/bwrap', say: (text: string) => void = () => {}) => {
    const parent = join(home, 'gates');
    fs.mkdirSync(parent, { recursive: true });
    const modules = join(home, 'modules');
    fs.mkdirSync(modules, { recursive: true });
    fs.writeFileSync(join(modules, 'entry.mjs'), entry);
    const runtime = { kind: 'there', entry: join(modules, 'entry.mjs'), modules, socat: '/usr/bin/socat' } as const;
    return openNetworkGate({
      ...{ bwrap, filter: writeKeyFilter(home), runtime, domains: [], asUser: [], proxies: {}, say },
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
  ])('does not open because the runtime %s', async ([, entry, why], { skip }) => {
    if (probeSandbox(process.platform).kind === 'missing') return skip('this machine cannot show it');
    await expect(open(entry)).rejects.toMatchObject({
      code: 'isolation_unavailable',
      message: expect.stringContaining(why),
    });
    expect(fs.readdirSync(join(home, 'gates'))).toEqual([]);
  });

  /** A runtime that opens, does that, and ends. */
  const opens = (then: string) =>
    `export const SandboxManager = {
      initialize: async () => {}, getLinuxHttpSocketPath: () => '/run/x/one.sock', getProxyAuthToken: () => 'ab'.repeat(16),
      getSandboxViolationStore: () => ({ subscribe(tell) { ${then}; process.exitCode = 5; } }),
    };`;
  const toldOf = async (then: string) => {
    const told: string[] = [];
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const say = (text: string) => {
      if (text.includes('has ended')) end();
      told.push(text);
    };
    const { socket, token } = await open(opens(then), undefined, say);
    expect([basename(socket), token]).toEqual(['one.sock', 'ab'.repeat(16)]);
    await ended;
    return told;
  };

  test('tells what it refused, inert, each once, and no more than some; and that it has ended', async ({ skip }) => {
    if (probeSandbox(process.platform).kind === 'missing') return skip('this machine cannot show it');
    const told = await toldOf(
      "for (let i = 0; i < 100; i += 1) { tell([{ line: 'deny \\u001b[31m' + i }]); tell([{ line: 'deny \\u001b[31m0' }]); }",
    );
    expect(told).toHaveLength(33);
    expect(told[0]).toBe('its gate to the network: deny \\u{1b}[31m0');
    expect(new Set(told).size).toBe(33);
    expect(told.at(-1)).toBe('its gate to the network has ended (it ended with 5): it reaches nothing any more');
    // whoever speaks through it is not heard for ever
    const loud = await toldOf(
      'for (let i = 0; i < 100; i += 1) process.stdout.write(\'{"refused":"\' + i + \'"}\\n\')',
    );
    expect(loud).toHaveLength(65);
  });

  test('sees nothing of the guard: neither its files nor its environment nor its processes', async ({ skip }) => {
    if (probeSandbox(process.platform).kind === 'missing') return skip('this machine cannot show it');
    fs.writeFileSync(join(home, 'kept'), 'of the guard');
    const look = `import fs from 'node:fs';
      const read = (path) => { try { return fs.readFileSync(path, 'utf8'); } catch (error) { return error.code; } };
      const names = Object.keys(process.env).filter((name) => name !== 'PWD').sort();
      const processes = fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length;
      throw new Error(['saw', read('${join(home, 'kept')}'), names, processes < 4].join(' '));`;
    await expect(open(look)).rejects.toMatchObject({
      message: expect.stringContaining('saw ENOENT HOME,PATH,TMPDIR true'),
    });
  });

  test('does not open where there is nothing to start it', async () => {
    await expect(open('', '/no/such/bwrap')).rejects.toMatchObject({
      message: expect.stringContaining('it ended with 127'),
    });
  });
});
