// Every process of one user is ended, whatever it has done to be left alone, and nobody else's. As root, with users that nobody has.
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { systemTimers } from '../../../src/adapters/shutdown-ladder.ts';
import { endProcessesOf, listProcessesOf } from '../../../src/adapters/user-processes.ts';

// other runs of this file have others
const uid = 610_000 + (process.pid % 10_000) * 2;
const user = { uid, gid: uid };
const other = { uid: uid + 1, gid: uid + 1 };
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** Resolves once it has said a line. */
async function begin(script: string, as: object = user): Promise<ChildProcess> {
  const child = spawn('/bin/sh', ['-c', script], { ...as, stdio: ['ignore', 'pipe', 'ignore'], cwd: '/', env: {} });
  started.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

test('nobody is ended as root, or as the guard itself', async () => {
  for (const one of [0, -1, Number.NaN, process.getuid?.() ?? 0])
    await expect(endProcessesOf({ uid: one, gid: 1 }, systemTimers)).rejects.toThrow('are not ended');
});

describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('of one user', () => {
  test.each([
    ['in a session of its own, without an environment', 'env -i setsid sh -c "echo up; sleep 60" & sleep 0.01', 1],
    ['that ignores signals, and has stopped', 'trap "" TERM HUP INT; echo up; kill -STOP $$; sleep 60', 1],
    ['that starts others all the time', 'echo up; while :; do sleep 5 & sleep 0.002; done', 2],
    ['that kills whoever else is this user', 'echo up; while :; do kill -s KILL -- -1; done', 1],
  ])('%s', async (_, script, least) => {
    await begin(script);
    const bystander = await begin('echo up; exec sleep 60', other);
    expect(await endProcessesOf(user, systemTimers)).toBeGreaterThanOrEqual(least);
    expect(listProcessesOf(uid)).toEqual([]);
    expect(listProcessesOf(other.uid)).toEqual([bystander.pid]);
    expect(await endProcessesOf(user, systemTimers)).toBe(0);
  });

  test('not one that is root’s and only works as that user', async () => {
    const home = fs.mkdtempSync(join(tmpdir(), 'guard-user-'));
    const script = join(home, 'half.mjs');
    fs.writeFileSync(
      script,
      `process.setegid(${uid});process.seteuid(${uid});console.log('up');setInterval(()=>{},1e6);`,
    );
    const half = await begin(`exec ${process.execPath} ${script}`, {});
    expect([await endProcessesOf(user, systemTimers), half.exitCode, half.signalCode]).toEqual([0, null, null]);
    fs.rmSync(home, { recursive: true });
  });
});
