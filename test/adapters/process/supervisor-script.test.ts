// The supervisor alone, under every shell of this machine that could be somebody's /bin/sh. Others are listed as skipped.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { resolveCommand } from '../../../src/adapters/command-path.ts';
import { supervisorScript } from '../../../src/adapters/supervisor-script.ts';
import { fixture, holdsWithin, isAlive, listRows } from './harness.ts';

const shells: [string, string[]][] = [
  ['sh', []],
  ['dash', []],
  ['bash', ['--posix']],
  ['bash', ['--norc', '-p']],
  ['busybox', ['sh']],
  ['mksh', []],
  ['ksh', []],
  ['yash', ['--posixly-correct']],
];
const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent' };
const find = (name: string) => resolveCommand(name, process.env.PATH, '/');

function supervise(shell: string, flags: string[], args: string[]) {
  const marker = randomBytes(16).toString('hex');
  const child = spawn(
    shell,
    [...flags, '-c', supervisorScript, 'mcp-guard-supervisor', marker, 'PWD OLDPWD', process.execPath, ...args],
    { env, detached: true, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] },
  );
  const group = child.pid ?? 0;
  const alive = () => listRows().filter((row) => row.group === group || row.environment.includes(marker));
  // The lifeline is a duplex socket; node types every extra one as either.
  const lifeline = child.stdio[3] as Writable;
  return { child, group, alive, lifeline };
}

describe.each(shells)('%s %j', (name, flags) => {
  const shell = find(name);
  const path = shell.found ? shell.path : '';

  test.skipIf(!shell.found)('reports status, passes streams and says nothing', async () => {
    for (const [how, code] of [
      ['7', 7],
      ['SIGKILL', 137],
      ['SIGTERM', 143],
    ] as const) {
      const { child, group } = supervise(path, flags, [fixture('exits-with'), how, '70000']);
      const [out, errors, [seen]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      expect([out.length, errors, seen]).toEqual([70_000, '', code]);
      process.kill(-group, 'SIGKILL');
    }
  });

  test.skipIf(!shell.found)('SIGTERM to the group ends the server, not the supervisor before it', async () => {
    const { child, group } = supervise(path, flags, [fixture('ignores-eof')]);
    await once(child.stderr, 'data');
    process.kill(-group, 'SIGTERM');
    expect(await once(child, 'exit')).toEqual([143, null]);
    process.kill(-group, 'SIGKILL');
  });

  test.skipIf(!shell.found)('the end of the lifeline ends all: group, marked orphan, detached child', async () => {
    for (const server of ['ignores-sigterm', 'daemonises', 'detaches']) {
      const { child, alive, lifeline } = supervise(path, flags, [fixture(server)]);
      const orphan = Number(/ready (\d+)/.exec(String(await once(child.stderr, 'data')))?.[1] ?? 0);
      expect(alive().length).toBeGreaterThanOrEqual(3);
      lifeline.destroy();
      expect(await holdsWithin(5000, () => alive().length === 0 && !(orphan > 0 && isAlive(orphan)))).toBe(true);
    }
  });
});

test.each([
  ['1000', 'started\n', true],
  ['0', '', false],
])('no server starts where the watcher cannot be forked: %s processes allowed', (limit, expected, works) => {
  // The limit does not bind root, and must come after the change of user, or exec itself fails.
  const drop = process.getuid?.() === 0 ? ['setpriv', '--reuid', '65534', '--clear-groups'] : [];
  const limited = ['bash', '-c', `ulimit -u ${limit}; exec /bin/sh -c "$@"`, 'bash'];
  const [command = '', ...args] = [...drop, ...limited, supervisorScript];
  const supervised = ['mcp-guard-supervisor', 'a'.repeat(32), 'PWD', '/bin/echo', 'started'];
  const { stdout, status } = spawnSync(command, [...args, ...supervised], {
    env,
    stdio: ['ignore', 'pipe', 'ignore', 'ignore'],
    encoding: 'utf8',
  });
  expect([stdout, status === 0]).toEqual([expected, works]);
});
