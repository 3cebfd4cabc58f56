// Who gets the lock when its holder lives, died, or cannot be judged.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
afterEach(() => rmSync(dirname(lock), { recursive: true, force: true }));

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

const UNKNOWN: readonly [string, object | string][] = [
  ['a holder on another machine, dead or not', { ...dead, host: 'elsewhere', bootId: 'other' }],
  ['a holder in another pid namespace', { ...dead, pidNamespace: 'pid:[1]' }],
  ['a lock that names nobody', {}],
  ['a lock that is no JSON', 'x'],
];

describe('with patience for a holder that nobody can judge', () => {
  const patient = { timeoutMs: 150, unknown: { olderThanMs: 60_000, seenForMs: 60 } };
  const age = (ms: number, path = lock): void => {
    const since = new Date(Date.now() - ms);
    utimesSync(path, since, since);
  };
  const put = (holder: object | string): void =>
    writeFileSync(lock, typeof holder === 'string' ? holder : JSON.stringify(holder));
  const ask = (options = patient) => withFileLock(lock, options, () => 'taken').catch((error) => error.code);

  test.each(UNKNOWN)('%s is broken once it is old, and was looked at for long enough', async (_, holder) => {
    put(holder);
    age(61_000);
    expect(await ask()).toBe('taken');
    expect(leftovers()).toEqual([]);
  });

  test('so is the lock of who died while breaking it', async () => {
    const [, elsewhere = {}] = UNKNOWN[0] ?? [];
    for (const path of [lock, `${lock}.b`]) {
      writeFileSync(path, JSON.stringify(elsewhere));
      age(61_000, path);
    }
    expect(await ask({ ...patient, timeoutMs: 400 })).toBe('taken');
    expect(leftovers()).toEqual([]);
  });

  test.each([
    ['is young', 59_000, patient],
    ['is of the future', -61_000, patient],
    ['was not looked at for long enough', 61_000, { ...patient, unknown: { ...patient.unknown, seenForMs: 10_000 } }],
  ])('one that %s is not', async (_, ms, options) => {
    put({ ...dead, host: 'elsewhere' });
    age(ms);
    expect(await ask(options)).toBe('state_locked');
    expect(leftovers()).toEqual(['x.lock']);
  });

  test('nor is that of a live holder, however old', async () => {
    put(own);
    age(1e9);
    expect(await ask()).toBe('state_locked');
  });

  test('one that is another at each look, is not, however old they all are', async () => {
    let turns = 0;
    let isOver = false;
    const replace = (): void => {
      if (isOver) return;
      turns += 1;
      put({ ...dead, host: 'elsewhere', nonce: turns });
      age(61_000);
      setImmediate(replace);
    };
    replace();
    const code = await ask();
    isOver = true;
    expect(code).toBe('state_locked');
    expect(turns).toBeGreaterThan(1);
  });

  test('who held it is told', async () => {
    const told: boolean[] = [];
    await withFileLock(lock, patient, (isHeld) => {
      told.push(isHeld());
      held({ ...own, nonce: 'taken over' });
      told.push(isHeld());
    });
    expect(told).toEqual([true, false]);
  });
});

test.each<[string, object | string]>([['a live holder', own], ...UNKNOWN])(
  '%s is never broken: the wait ends with an error that says who',
  async (_, holder) => {
    writeFileSync(lock, typeof holder === 'string' ? holder : JSON.stringify(holder));
    const before = readFileSync(lock, 'utf8');
    expect(await outcome()).toContain(`state_locked: \`${lock}\` was held for more than 50 ms by ${before}`);
    expect(readFileSync(lock, 'utf8')).toBe(before);
    expect(leftovers()).toEqual(['x.lock']);
  },
);

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
