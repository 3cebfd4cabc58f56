// An approval is a step from what was shown, whatever that was: a lock that came, went or changed meanwhile is not written over.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  memoryPath,
  openMachineKey,
  placeLock,
  readLock,
  rememberJudgement,
  writeLock,
} from '../../../src/adapters/lock-file.ts';
import type { SeenJudgement } from '../../../src/adapters/lock-reading.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const CONFIG: JsonObject = { version: 1, servers: { files: { command: 'node' } } };
const INPUT = { config: CONFIG, ceiling: { lock: 'first-use', approvers: undefined }, nowMs: 0 } as const;
let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'lock-changed-'));
  fs.writeFileSync(join(directory, 'mcp-guard.config.json'), JSON.stringify(CONFIG), { mode: 0o600 });
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const place = () => placeLock(join(directory, 'mcp-guard.config.json'), join(directory, 'state'), 'default');
const judge = () => readLock(place(), INPUT);
const approve = (why: string, judged: SeenJudgement = judge()) =>
  writeLock(place(), {
    ...{ judged, policy: CONFIG, pins: new Map(), who: 'ada', why, nowMs: 0, untilMs: undefined },
    key: openMachineKey(place()),
  });
const spoil = (): void => fs.appendFileSync(place().lock, '<<<<<<< HEAD\n');
const put = (text: string): void => fs.writeFileSync(place().lock, text, { mode: 0o600 });

test.each([
  ['broken', spoil],
  ['gone', () => fs.rmSync(place().lock)],
])('a lock that was %s when it was shown, and that somebody has mended since', async (_, damage) => {
  await approve('one');
  damage();
  const shown = judge();
  expect(shown.kind).toBe('refused');
  await approve('somebody else');
  const text = fs.readFileSync(place().lock, 'utf8');
  await expect(approve('late', shown)).rejects.toMatchObject({ code: 'lock_changed' });
  expect(fs.readFileSync(place().lock, 'utf8')).toBe(text);
});

test('a broken lock that is broken otherwise, or is gone, by now', async () => {
  await approve('one');
  spoil();
  const shown = judge();
  spoil();
  await expect(approve('late', shown)).rejects.toMatchObject({ code: 'lock_changed' });
  fs.rmSync(place().lock);
  await expect(approve('late', shown)).rejects.toMatchObject({ code: 'lock_changed' });
});

test('the same text lies there again, and another lock was accepted in between', async () => {
  await approve('one');
  spoil();
  const broken = fs.readFileSync(place().lock, 'utf8');
  const shown = judge();
  await approve('somebody else');
  put(broken);
  await expect(approve('late', shown)).rejects.toMatchObject({ code: 'lock_changed' });
  await approve('looked again');
});

test('nothing was there, and nothing is, but something was accepted in between', async () => {
  const shown = judge();
  expect(shown.kind).toBe('first_use');
  await approve('somebody else');
  fs.rmSync(place().lock);
  await expect(approve('late', shown)).rejects.toMatchObject({ code: 'lock_changed' });
});

test('a memory that was unreadable when it was shown, and is none by now', async () => {
  await approve('one');
  fs.writeFileSync(memoryPath(place()), '{}');
  const shown = judge();
  fs.rmSync(memoryPath(place()));
  await expect(approve('late', shown)).rejects.toMatchObject({ code: 'lock_changed' });
});

test('a lock that did not count when it was shown, and that was taken over since', async () => {
  await approve('one');
  const [text, memory] = [fs.readFileSync(place().lock, 'utf8'), fs.readFileSync(memoryPath(place()))];
  await approve('two');
  put(text);
  const shown = judge();
  expect(shown.kind).toBe('refused');
  fs.writeFileSync(memoryPath(place()), memory);
  expect(judge().kind).toBe('holds');
  await expect(approve('late', shown)).rejects.toMatchObject({ code: 'lock_changed' });
});

test('nothing changed: it is written, whatever it was', async () => {
  await approve('one', judge());
  spoil();
  await approve('two', judge());
  fs.rmSync(place().lock);
  await approve('three', judge());
  expect(judge()).toMatchObject({ kind: 'holds' });
});

test('that a session has seen the lock since is no change of it', async () => {
  await approve('one');
  fs.rmSync(memoryPath(place()));
  const shown = judge();
  await rememberJudgement(place(), judge());
  await approve('two', shown);
  expect(judge()).toMatchObject({ kind: 'holds' });
});
