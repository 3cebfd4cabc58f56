// What this machine has seen of a lock, on disk: of one line nothing is forgotten; of another nothing is mixed in.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLockMemory, rememberLock } from '../../../src/adapters/lock-memory.ts';
import type { LockMemory } from '../../../src/policy/lock/lock-line.ts';
import { lockOf, memoryOf } from '../../policy/lock/locks.ts';

const CONFIG = '/c/mcp-guard.config.json';
const FIRST = lockOf({ why: 'first' });
const SECOND = lockOf({ previous: FIRST.body, why: 'second' });
const BRANCH = lockOf({ previous: FIRST.body, why: 'branch' });
const FOREIGN = lockOf({ line: { id: 'b'.repeat(32), approvals: [] }, seen: 8, why: 'foreign' });
let path: string;

beforeEach(() => {
  path = join(fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'seen-')), 'one.json');
});
afterEach(() => fs.rmSync(join(path, '..'), { recursive: true, force: true }));

const remember = (memory: LockMemory, replace: boolean | 'taken') => rememberLock(path, CONFIG, memory, replace);
function whys(): readonly string[] | undefined {
  const reading = readLockMemory(path, CONFIG);
  return reading.kind === 'known' ? reading.memory.seen?.map(({ why }) => why) : undefined;
}

test('a branch that was taken over leaves what was seen before', async () => {
  await remember(memoryOf(SECOND), true);
  expect(whys()).toEqual(['first', 'second']);
  await remember(memoryOf(BRANCH), 'taken');
  expect(whys()).toEqual(['first', 'second', 'branch']);
});

test('so does a later lock whose own list is short, and a memory of an earlier version', async () => {
  await remember({ ...memoryOf(FIRST), seen: undefined }, true);
  await remember({ ...memoryOf(SECOND), seen: SECOND.body.approvals.slice(-1) }, false);
  expect(whys()).toEqual(['first', 'second']);
});

test('another line has nothing of it', async () => {
  await remember(memoryOf(SECOND), true);
  await remember(memoryOf(FOREIGN), true);
  expect(whys()).toEqual(['foreign']);
});
