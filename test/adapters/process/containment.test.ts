// No descendant survives, whoever of guard, leader and watcher is killed: real processes, one row per server, one column per ending.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildDriver, fixture, Guard, holdsWithin, isAlive } from './harness.ts';

let driver: ReturnType<typeof buildDriver>;
beforeAll(() => {
  driver = buildDriver();
});
afterAll(() => driver.remove());

const guards = new Set<Guard>();
afterEach(() => {
  for (const guard of guards) guard.clean();
  guards.clear();
});

const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent' };

function open(args: readonly string[], command: string = process.execPath): Guard {
  const guard = new Guard(driver.path, command, args, env);
  guards.add(guard);
  return guard;
}

const servers: [string, string[]][] = [
  ['a plain server', [fixture('echo'), '--stdout']],
  ['a tree as npx makes it', [fixture('spawns-grandchild')]],
  ['a server that ignores EOF', [fixture('ignores-eof')]],
  ['a server that ignores EOF and TERM', [fixture('ignores-sigterm')]],
  ['an orphan in its own session', [fixture('daemonises')]],
  ['a child with a session of its own and a clean environment', [fixture('detaches')]],
  ['a stubborn child in the group with a clean environment', [fixture('detaches'), '--same-group']],
  ['a server that forks again and again', [fixture('forks-repeatedly')]],
  ['a stopped server', [fixture('stops-itself')]],
];

const kill = (pid: number) => process.kill(pid, 'SIGKILL');

/** Each returns once the deed is done; `guardLives` tells whether `exited` is to be heard. */
const endings: [string, { guardLives: boolean; act: (guard: Guard) => void | Promise<void> }][] = [
  ['the guard gets SIGTERM', { guardLives: true, act: (guard) => void guard.child.kill('SIGTERM') }],
  ['the guard gets SIGKILL', { guardLives: false, act: (guard) => void guard.child.kill('SIGKILL') }],
  ['the leader gets SIGKILL', { guardLives: true, act: (guard) => void kill(guard.leader) }],
  [
    'the watcher gets SIGKILL, then the guard SIGTERM',
    {
      guardLives: true,
      act: (guard) => {
        kill(guard.watcher());
        expect(isAlive(guard.leader)).toBe(true);
        guard.child.kill('SIGTERM');
      },
    },
  ],
  [
    'the guard and the leader get SIGKILL at once',
    {
      guardLives: false,
      act: (guard) => {
        guard.child.kill('SIGKILL');
        kill(guard.leader);
      },
    },
  ],
];

describe.each(servers)('%s', (_server, args) => {
  test.each(endings)('is gone when %s', async (_ending, { guardLives, act }) => {
    const guard = open(args);
    const said = await guard.start();
    const orphan = Number(/ready (\d+)/.exec(said)?.[1] ?? 0);
    expect(guard.survivors().length).toBeGreaterThanOrEqual(3);
    await act(guard);
    if (guardLives) {
      // What `exited` promises: nothing is alive at the moment it settles.
      await guard.hear('exited');
      expect(guard.survivors()).toEqual([]);
    }
    await guard.exit();
    expect(await holdsWithin(5000, () => guard.survivors().length === 0)).toBe(true);
    expect(orphan !== 0 && isAlive(orphan)).toBe(false);
  });
});

test('the watcher alone is killed: the server lives on and answers', async () => {
  const guard = open([fixture('ignores-eof')]);
  await guard.start();
  const watcher = guard.watcher();
  kill(watcher);
  expect(await holdsWithin(5000, () => !isAlive(watcher))).toBe(true);
  expect(isAlive(guard.leader)).toBe(true);
  expect(guard.child.exitCode).toBe(null);
});

test('after a SIGKILL of the guard the server gets SIGTERM, and time to act on it, even where it was stopped', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-guard-grace-'));
  const file = join(directory, 'bye');
  const guard = open([fixture('stops-itself'), file]);
  await guard.start();
  guard.child.kill('SIGKILL');
  await guard.exit();
  expect(await holdsWithin(5000, () => guard.survivors().length === 0)).toBe(true);
  expect(existsSync(file)).toBe(true);
  rmSync(directory, { recursive: true });
});

test('known limit: an orphan that left the group and cleaned its environment outlives everything', async () => {
  const guard = open([fixture('daemonises'), '--clean']);
  const orphan = Number(/ready (\d+)/.exec(await guard.start())?.[1]);
  try {
    guard.child.kill('SIGKILL');
    expect(await holdsWithin(5000, () => guard.survivors().length === 0)).toBe(true);
    expect(isAlive(orphan)).toBe(true);
  } finally {
    process.kill(orphan, 'SIGKILL');
  }
});

test('a guard behind a guard: killing the outer one ends the inner tree too', async () => {
  const task = JSON.stringify({ command: process.execPath, args: [fixture('daemonises')], env });
  const outer = open([driver.path, task, '--stdout']);
  await outer.start();
  expect(await holdsWithin(5000, () => outer.survivors().length >= 7)).toBe(true);
  outer.child.kill('SIGKILL');
  await outer.exit();
  expect(await holdsWithin(5000, () => outer.survivors().length === 0)).toBe(true);
});
