// Finding by marker, by descent and by group, each alone, on processes of this test's own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  isGroupAlive,
  signalGroup,
  signalStrays,
  snapshotStrays,
  sweepMarked,
} from '../../../src/adapters/process-sweep.ts';
import { listCarriers, readProcess } from '../../../src/adapters/process-table.ts';
import { holdsWithin, isAlive } from './harness.ts';

const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** A node process that says `up`; a group of its own where `detached`. */
async function startNode(
  code: string,
  env: Record<string, string> = {},
  detached = true,
): Promise<ChildProcess & { pid: number }> {
  const source = `${code}; setInterval(() => {}, 1 << 30); process.stdout.write('up')`;
  const child = spawn(process.execPath, ['-e', source], { env, detached, stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  if (child.stdout === null || child.pid === undefined) throw new Error('not started');
  await once(child.stdout, 'data');
  return Object.assign(child, { pid: child.pid });
}

let serial = 0;
const newMarker = () => `marker-${process.pid}-${serial++}-`.padEnd(32, 'x');

describe('sweepMarked', () => {
  test('kills every carrier, whatever its group, and nobody else', async () => {
    const marker = newMarker();
    const [one, two] = await Promise.all([
      startNode('', { RUN: `outer.${marker}` }),
      startNode('', { RUN: marker }, false),
    ]);
    const stranger = await startNode('', { RUN: newMarker() });
    expect(listCarriers(marker).sort()).toEqual([one.pid, two.pid].sort());
    expect(sweepMarked(marker)).toBe(2);
    expect(await holdsWithin(2000, () => !isAlive(one.pid) && !isAlive(two.pid))).toBe(true);
    expect(isAlive(stranger.pid)).toBe(true);
    expect(sweepMarked(marker)).toBe(0);
  });

  test('finds a marker behind 300 kB of other variables', async () => {
    const marker = newMarker();
    const bulk = Object.fromEntries(['A', 'B', 'C'].map((name) => [name, 'x'.repeat(100_000)]));
    const child = await startNode('', { ...bulk, Z: marker });
    expect(listCarriers(marker)).toEqual([child.pid]);
  });

  test('never kills the guard itself', () => {
    const own = process.env.PATH ?? '';
    expect(listCarriers(own)).not.toContain(process.pid);
  });
});

describe('strays', () => {
  const stray = `const c = require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })`;

  test('are the descendants outside the group', async () => {
    const parent = await startNode(stray, { PATH: process.env.PATH ?? '' });
    const strays = snapshotStrays(parent.pid);
    expect(strays.map((row) => row.parent)).toEqual([parent.pid]);
    signalStrays(strays, 'SIGKILL');
    expect(await holdsWithin(2000, () => strays.every((row) => !isAlive(row.pid)))).toBe(true);
  });

  test('a later process under the same id is left alone', async () => {
    const child = await startNode('');
    const row = readProcess(child.pid);
    if (row === undefined) throw new Error('no row');
    const kill = vi.spyOn(process, 'kill');
    signalStrays([{ ...row, born: '1' }], 'SIGKILL');
    expect(kill).not.toHaveBeenCalled();
    kill.mockRestore();
    expect(isAlive(child.pid)).toBe(true);
  });
});

test.each([0, 1, -1, -4])('a signal to group %s is never sent', (group) => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  expect(signalGroup(group, 'SIGKILL')).toBe(false);
  expect(kill).not.toHaveBeenCalled();
  kill.mockRestore();
});

test('a group lives as long as it has a member that is no zombie', async () => {
  // The middle one never reaps its child: a zombie, in a group of its own.
  const code = `const c = require('node:child_process').spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    process.stdout.write(String(c.pid) + ' ', () => process.kill(process.pid, 'SIGSTOP'))`;
  const source = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(source);
  const group = Number(String(await once(source.stdout, 'data')));
  expect(isGroupAlive(group)).toBe(true);
  expect(await holdsWithin(2000, () => readProcess(source.pid ?? 0)?.zombie === false)).toBe(true);
  signalGroup(group, 'SIGKILL');
  expect(await holdsWithin(2000, () => !isGroupAlive(group))).toBe(true);
  expect(readProcess(group)?.zombie).toBe(true);
});

test('a process cannot lie about itself by its name', async () => {
  const child = await startNode("process.title = 'x) Z 1 1 '");
  expect(readProcess(child.pid)).toMatchObject({ parent: process.pid, group: child.pid, zombie: false });
});
