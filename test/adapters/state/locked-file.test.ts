// Who gets the lock when its holder lives, died, or cannot be judged.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { withFileLock } from '../../../src/adapters/locked-file.ts';
import { readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import { GuardError } from '../../../src/guard-error.ts';

let lock: string;
const soon = { timeoutMs: 50 };
const own = { ...readOwnIdentity(), host: hostname(), nonce: 'n' };
/** The pid of a process that has ended and was waited for. */
const { pid: deadPid } = spawnSync('true');
const dead = { ...own, pid: deadPid };

beforeEach(() => {
  lock = join(mkdtempSync(join(tmpdir(), 'guard-lock-')), 'x.lock');
});

const held = (holder: object, path = lock): void => writeFileSync(path, JSON.stringify(holder));
async function outcome(): Promise<string> {
  try {
    return await withFileLock(lock, soon, () => 'taken');
  } catch (error) {
    if (error instanceof GuardError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
const leftovers = (): readonly string[] => readdirSync(join(lock, '..'));

test('is held while the action runs, and is gone afterwards, whatever came of it', async () => {
  await withFileLock(lock, soon, () => {
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
  });
  await expect(
    withFileLock(lock, soon, () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(leftovers()).toEqual([]);
});

test('a dead holder’s lock is broken', async () => {
  held(dead);
  expect(await outcome()).toBe('taken');
  expect(leftovers()).toEqual([]);
});

test('so is one whose pid belongs to somebody else now', async () => {
  held({ ...own, startTime: '1' });
  expect(await outcome()).toBe('taken');
});

test('and one of an earlier boot of this machine', async () => {
  held({ ...own, bootId: 'earlier' });
  expect(await outcome()).toBe('taken');
});

test.each<[string, object | string]>([
  ['a live holder', own],
  ['a holder on another machine, dead or not', { ...dead, host: 'elsewhere', bootId: 'other' }],
  ['a holder in another pid namespace', { ...dead, pidNamespace: 'pid:[1]' }],
  ['a lock that names nobody', {}],
  ['a lock that is no JSON', 'x'],
])('%s is never broken: the wait ends with an error that says who', async (_, holder) => {
  writeFileSync(lock, typeof holder === 'string' ? holder : JSON.stringify(holder));
  const before = readFileSync(lock, 'utf8');
  expect(await outcome()).toContain(`state_locked: \`${lock}\` was held for more than 50 ms by ${before}`);
  expect(readFileSync(lock, 'utf8')).toBe(before);
  expect(leftovers()).toEqual(['x.lock']);
});

test('nobody breaks a lock while somebody else is at it', async () => {
  held(dead);
  held(own, `${lock}.b`);
  expect(await outcome()).toContain('state_locked');
  expect(existsSync(lock)).toBe(true);
});

test('who died while breaking a lock is no obstacle', async () => {
  held(dead);
  held(dead, `${lock}.b`);
  held(dead, `${lock}.b.b`);
  expect(await outcome()).toBe('taken');
  expect(leftovers()).toEqual([]);
});

test('one that was replaced under the holder is not removed by it', async () => {
  await withFileLock(lock, soon, () => held(own));
  expect(existsSync(lock)).toBe(true);
});
