// One server as the session sees it: streams, status, environment. Containment has its own file.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createSpawner, mapStatus } from '../../../src/adapters/spawn-upstream.ts';
import type { UpstreamCommand, UpstreamProcess } from '../../../src/ports/upstream.ts';
import { fixture, holdsWithin, isAlive, listRows } from './harness.ts';

const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent' };
const home = mkdtempSync(join(tmpdir(), 'mcp-guard-spawn-'));
afterAll(() => rmSync(home, { recursive: true }));

function start(
  name: string,
  args: readonly string[] = [],
  over: Partial<UpstreamCommand> = {},
  outerRun?: string,
): UpstreamProcess {
  const command = {
    command: process.execPath,
    args: [fixture(name), ...args],
    cwd: undefined,
    env,
    stderr: 'pipe',
    ...over,
  } as const;
  return createSpawner({ outerRun }).spawn(command);
}

/** True where a member of the group is stopped. */
function listStopped(group: number): boolean {
  return listRows().some(
    (row) => row.group === group && readFileSync(`/proc/${row.pid}/status`, 'latin1').includes('State:\tT'),
  );
}

/** The id that a fixture says on stderr as `ready <pid>`. */
async function readOrphan(upstream: UpstreamProcess): Promise<number> {
  return Number(/ready (\d+)/.exec(String(await once(upstream.stderr ?? upstream.stdout, 'data')))?.[1]);
}

async function report(over: Partial<UpstreamCommand>, args: readonly string[] = [], outerRun?: string) {
  const upstream = start('prints-environment', args, over, outerRun);
  return JSON.parse(await text(upstream.stdout));
}

describe('status', () => {
  test.each([
    ['0', { kind: 'exited', code: 0 }],
    ['3', { kind: 'exited', code: 3 }],
    ['255', { kind: 'exited', code: 255 }],
    ['SIGTERM', { kind: 'signalled', signal: 'SIGTERM', number: 15 }],
    ['SIGKILL', { kind: 'signalled', signal: 'SIGKILL', number: 9 }],
    ['SIGSEGV', { kind: 'signalled', signal: 'SIGSEGV', number: 11 }],
  ])('%s is told, and the supervisor says nothing of its own', async (how, expected) => {
    const upstream = start('exits-with', [how]);
    const [status, said] = await Promise.all([
      upstream.exited,
      text(upstream.stderr ?? Readable.from([])),
      upstream.stdout.resume(),
    ]);
    expect(status).toEqual(expected);
    expect(said).toBe('');
  });

  test.each([
    [128, null, { kind: 'exited', code: 128 }],
    [129, null, { kind: 'signalled', signal: 'SIGHUP', number: 1 }],
    [192, null, { kind: 'exited', code: 192 }],
    [null, 'SIGKILL', { kind: 'signalled', signal: 'SIGKILL', number: 9 }],
  ] as const)('code %s, signal %s', (code, signal, expected) => expect(mapStatus(code, signal)).toEqual(expected));

  test('`terminate` is SIGTERM to the whole tree, `kill` is SIGKILL', async () => {
    const tree = start('ignores-eof');
    await once(tree.stderr ?? tree.stdout, 'data');
    tree.terminate();
    expect(await tree.exited).toMatchObject({ signal: 'SIGTERM' });
    const kill = vi.spyOn(process, 'kill');
    tree.terminate();
    tree.kill();
    expect(kill).not.toHaveBeenCalled(); // the id may be somebody else's by now
    kill.mockRestore();
    const stubborn = start('ignores-sigterm');
    await once(stubborn.stderr ?? stubborn.stdout, 'data');
    stubborn.terminate();
    expect(isAlive(stubborn.pid ?? 0)).toBe(true);
    stubborn.kill();
    expect(await stubborn.exited).toMatchObject({ signal: 'SIGKILL' });
  });

  test('a stopped server hears `terminate`', async () => {
    const file = join(home, 'terminated');
    const upstream = start('stops-itself', [file]);
    expect(await holdsWithin(5000, () => listStopped(upstream.pid ?? 0))).toBe(true);
    upstream.terminate();
    expect(await upstream.exited).toEqual({ kind: 'exited', code: 0 });
    expect(readFileSync(file, 'utf8')).toBe('bye');
  });

  test('`kill` has killed what left the group before it returns: the guard may end right after it', async () => {
    const marked = start('daemonises');
    const detached = start('detaches');
    const grouped = start('detaches', ['--same-group']);
    const all = [marked, detached, grouped];
    const orphans = await Promise.all(all.map(readOrphan));
    for (const upstream of all) upstream.kill();
    // No turn of the event loop in between: nothing but `kill` itself can have done it.
    const end = performance.now() + 2000;
    while (orphans.some(isAlive) && performance.now() < end);
    expect(orphans.filter(isAlive)).toEqual([]);
    await Promise.all(all.map((upstream) => upstream.exited));
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGALRM'])(
    'a server that sends %s to its own group ends neither leader nor watcher',
    async (signal) => {
      const upstream = start('signals-own-group', [signal]);
      const group = () => listRows().filter((row) => row.group === upstream.pid).length;
      upstream.stdin.write('go\n');
      expect(String(await once(upstream.stdout, 'data'))).toBe('alive\n');
      expect(group()).toBe(3);
      upstream.stdin.end();
      upstream.kill();
      await upstream.exited;
      expect(group()).toBe(0);
    },
  );
});

describe('streams', () => {
  test('nothing is lost for a consumer that comes late', async () => {
    const upstream = start('exits-with', ['0', '3000000'], { stderr: 'inherit' });
    expect(upstream.stderr).toBe(undefined);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await once(upstream.stdout, 'readable');
    expect((await text(upstream.stdout)).length).toBe(3_000_000);
  });

  test('what was written before the end is read after it', async () => {
    const upstream = start('exits-with', ['0', '40000']);
    await upstream.exited;
    expect((await text(upstream.stdout)).length).toBe(40_000);
  });

  test('a consumer that was pausing when the server ended gets the rest', async () => {
    const upstream = start('exits-with', ['0', '150000']);
    let bytes = 0;
    upstream.stdout.on('data', (chunk) => {
      bytes += chunk.length;
      upstream.stdout.pause();
    });
    await upstream.exited;
    upstream.stdout.resume();
    upstream.stdout.on('pause', () => upstream.stdout.resume());
    await once(upstream.stdout, 'end');
    expect(bytes).toBe(150_000);
  });

  test('a consumer that only wants it gone resumes', async () => {
    // More than a pipe holds: the server can only end if it is read.
    const upstream = start('exits-with', ['0', '3000000']);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    upstream.stdout.resume();
    await once(upstream.stdout, 'end');
    await upstream.exited;
  });

  test('a consumer that pauses stays paused', async () => {
    const upstream = start('floods-lines');
    upstream.stdout.once('data', () => upstream.stdout.pause());
    await once(upstream.stdout, 'pause');
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(upstream.stdout.readableFlowing).toBe(false);
    upstream.kill();
    await upstream.exited;
  });

  test('the end of stdin reaches the server', async () => {
    const upstream = start('echo');
    upstream.stdin.end('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
    expect(await text(upstream.stdout)).toBe('{"jsonrpc":"2.0","id":1,"result":{}}\n');
    expect(await upstream.exited).toEqual({ kind: 'exited', code: 0 });
  });

  test('writing to a server that is gone is no crash', async () => {
    const upstream = start('exits-with', ['0']);
    await upstream.exited;
    await new Promise((resolve) => upstream.stdin.write('x'.repeat(100_000), resolve));
    expect(upstream.stdin.writable).toBe(false);
  });
});

describe('environment, arguments, directory', () => {
  const marker = expect.stringMatching(/^[0-9a-f]{32}$/);

  test('is what was given and the marker, nothing else', async () => {
    const given = {
      ...env,
      marker: 'm',
      leader: 'l',
      group: 'g',
      LC_ALL: 'xx',
      EMPTY: '',
      LINES: 'a\nb=c',
      Q: `'"$(id)`,
    };
    expect((await report({ env: given })).env).toEqual({ ...given, MCP_GUARD_RUN: marker });
  });

  test('names that a shell cannot hold arrive, and no start-up file of a shell is read', async () => {
    writeFileSync(join(home, '.bashrc'), 'export FROM_BASHRC=1\n');
    const given = {
      ...env,
      HOME: home,
      'a-b': '1',
      'x.y': '2',
      'BASH_FUNC_exec%%': '() { echo stolen; }',
      BASH_ENV: join(home, '.bashrc'),
    };
    const { env: seen } = await report({ env: given });
    expect(seen).toEqual({ ...given, MCP_GUARD_RUN: marker });
  });

  test('a guard below a guard adds its marker to the outer one', async () => {
    const outer = 'a'.repeat(32);
    const run = (await report({}, [], outer)).env.MCP_GUARD_RUN;
    expect(run).toMatch(new RegExp(`^${outer}\\.[0-9a-f]{32}$`));
    expect((await report({}, [], 'x; touch y')).env.MCP_GUARD_RUN).toEqual(marker);
  });

  test('a marker in the given environment is not believed', async () => {
    expect((await report({ env: { ...env, MCP_GUARD_RUN: 'mine' } })).env.MCP_GUARD_RUN).toEqual(marker);
  });

  test('arguments arrive as they are', async () => {
    const args = ['', 'a b', '$HOME', '`id`', "'", '"', '*', '\\', '--', '-c', '=', 'é🙂'];
    expect((await report({}, args)).args).toEqual(args);
  });

  test('no file of the supervisor is open in the server', async () => {
    const upstream = start('', [], { command: 'ls', args: ['/proc/self/fd'] });
    // What this process inherited without close-on-exec, every child of it has: the comparison is with a direct spawn.
    const direct = spawnSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout;
    expect(await text(upstream.stdout)).toBe(direct);
  });

  test('the working directory is the given one', async () => {
    expect((await report({ cwd: home })).cwd).toBe(home);
  });
});

describe('what cannot be started says why, at once, and its streams are inert', () => {
  const refused: [string, Partial<UpstreamCommand>, RegExp][] = [
    [
      'no such command',
      { command: 'mcp-guard-no-such' },
      /^cannot start `mcp-guard-no-such`: it is in no directory of PATH/,
    ],
    ['a directory', { command: '/' }, /is a directory/],
    ['a NUL', { args: ['a\0'] }, /argument 1 contains NUL/],
    ['no working directory', { cwd: '/nonexistent' }, /working directory `\/nonexistent` is not a directory/],
    ['too long', { args: ['x'.repeat(200_000)] }, /E2BIG: shorten/],
  ];
  test.each(refused)('%s', async (_case, over, reason) => {
    const upstream = start('echo', [], over);
    expect(upstream.pid).toBe(undefined);
    upstream.stdin.write('x');
    upstream.terminate();
    upstream.kill();
    expect(await upstream.exited).toEqual({ kind: 'unstartable', reason: expect.stringMatching(reason) });
    expect(await text(upstream.stdout)).toBe('');
  });

  test('a command named like a shell builtin is a file, never the builtin', async () => {
    symlinkSync(process.execPath, join(home, 'exec'));
    const seen = await report({ command: 'exec', env: { ...env, PATH: home } });
    expect(seen.args).toEqual([]);
  });
});
