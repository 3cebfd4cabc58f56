// No descendant survives, whoever of guard, leader and watcher is killed: real processes, one row per server, one column per ending.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, type ExpectStatic, type TestContext, test } from 'vitest';
import { buildDriver, fixture, Guard, holdsWithin, isAlive } from './harness.ts';

let driver: ReturnType<typeof buildDriver>;
beforeAll(() => {
  driver = buildDriver();
});
afterAll(() => driver.remove());

const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent' };

/** The tests overlap (most of their time is grace), so each cleans up after itself. */
function open({ onTestFinished }: TestContext, args: readonly string[]): Guard {
  const guard = new Guard(driver.path, process.execPath, args, env);
  onTestFinished(() => guard.clean());
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
const endings: [string, { guardLives: boolean; act: (guard: Guard, expect: ExpectStatic) => void }][] = [
  ['the guard gets SIGTERM', { guardLives: true, act: (guard) => void guard.child.kill('SIGTERM') }],
  ['the guard gets SIGKILL', { guardLives: false, act: (guard) => void guard.child.kill('SIGKILL') }],
  ['the leader gets SIGKILL', { guardLives: true, act: (guard) => void kill(guard.leader) }],
  // Nobody would end the tree if the guard were killed now: the guard ends it.
  ['the watcher gets SIGKILL', { guardLives: true, act: (guard) => void kill(guard.watcher()) }],
  [
    'the watcher gets SIGKILL, and the guard SIGTERM at once',
    {
      guardLives: true,
      act: (guard) => {
        kill(guard.watcher());
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
  test.concurrent.for(endings)('is gone when %s', async ([, { guardLives, act }], context) => {
    const { expect } = context;
    const guard = open(context, args);
    const said = await guard.start();
    const orphan = Number(/ready (\d+)/.exec(said)?.[1] ?? 0);
    expect(guard.survivors().length).toBeGreaterThanOrEqual(3);
    act(guard, expect);
    if (guardLives) {
      // What `exited` promises: nothing is alive at the moment it settles.
      await guard.hear('exited');
      expect(guard.survivors()).toEqual([]);
    }
    await guard.exit();
    // The orphan bears no mark, so it is none of those; the watcher ends it with them, in whatever order.
    const isOrphanAlive = () => orphan !== 0 && isAlive(orphan);
    expect(await holdsWithin(5000, () => guard.survivors().length === 0 && !isOrphanAlive())).toBe(true);
  });
});

test.concurrent('a server that kills its watcher is killed before it can profit: the guard may be killed next', async (context) => {
  const { expect } = context;
  const guard = open(context, [fixture('ignores-sigterm')]);
  await guard.start();
  kill(guard.watcher());
  expect(await guard.hear('exited')).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
  expect(guard.survivors()).toEqual([]);
  await guard.exit();
  expect(guard.child.exitCode).toBe(0);
});

test.concurrent('known limit: who kills watcher and guard in the same moment is not ended', async (context) => {
  const { expect } = context;
  const guard = open(context, [fixture('ignores-sigterm')]);
  await guard.start();
  const watcher = guard.watcher();
  // A stopped guard sees nothing: the moment, made long.
  guard.child.kill('SIGSTOP');
  kill(watcher);
  guard.child.kill('SIGKILL');
  await guard.exit();
  expect(await holdsWithin(2000, () => !isAlive(watcher))).toBe(true);
  expect(isAlive(guard.leader)).toBe(true);
});

test.concurrent('after a SIGKILL of the guard the server gets SIGTERM, and time to act on it, even where it was stopped', async (context) => {
  const { expect } = context;
  const directory = mkdtempSync(join(tmpdir(), 'mcp-guard-grace-'));
  const file = join(directory, 'bye');
  const guard = open(context, [fixture('stops-itself'), file]);
  await guard.start();
  guard.child.kill('SIGKILL');
  await guard.exit();
  expect(await holdsWithin(5000, () => guard.survivors().length === 0)).toBe(true);
  expect(existsSync(file)).toBe(true);
  rmSync(directory, { recursive: true });
});

test.concurrent('known limit: an orphan that left the group and cleaned its environment outlives everything', async (context) => {
  const { expect } = context;
  const guard = open(context, [fixture('daemonises'), '--clean']);
  const orphan = Number(/ready (\d+)/.exec(await guard.start())?.[1]);
  try {
    guard.child.kill('SIGKILL');
    expect(await holdsWithin(5000, () => guard.survivors().length === 0)).toBe(true);
    expect(isAlive(orphan)).toBe(true);
  } finally {
    process.kill(orphan, 'SIGKILL');
  }
});

test.concurrent('a guard behind a guard: killing the outer one ends the inner tree too', async (context) => {
  const { expect } = context;
  const task = JSON.stringify({ command: process.execPath, args: [fixture('daemonises')], env });
  const outer = open(context, [driver.path, task, '--stdout']);
  await outer.start();
  expect(await holdsWithin(5000, () => outer.survivors().length >= 7)).toBe(true);
  outer.child.kill('SIGKILL');
  await outer.exit();
  expect(await holdsWithin(5000, () => outer.survivors().length === 0)).toBe(true);
});
