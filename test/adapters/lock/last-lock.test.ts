// The last lock that was accepted is kept to be compared with: what was really accepted and signed, or nothing, with the reason.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepLockText } from '../../../src/adapters/kept-lock.ts';
import { type LastLock, readLastLock } from '../../../src/adapters/last-lock.ts';
import {
  memoryPath,
  placeLock,
  readLock,
  rememberJudgement,
  takeLock,
  writeLock,
} from '../../../src/adapters/lock-file.ts';
import { openSigningKey } from '../../../src/adapters/signing-key.ts';
import { makePrivateDir } from '../../../src/adapters/state-paths.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const CONFIG: JsonObject = { version: 1, servers: { files: { command: 'node' } } };
const CEILING = { lock: 'first-use', approvers: undefined } as const;
const NOW = Date.parse('2026-07-28T09:00:00.000Z');
let directory: string;
let stateDir: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'last-lock-'));
  stateDir = join(directory, 'state');
  fs.writeFileSync(join(directory, 'mcp-guard.config.json'), JSON.stringify(CONFIG), { mode: 0o600 });
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const place = () => placeLock(join(directory, 'mcp-guard.config.json'), stateDir, 'default');
const input = (config = CONFIG) => ({ config, ceiling: CEILING, nowMs: NOW });
const judge = (config = CONFIG) => readLock(place(), input(config));
const last = (config = CONFIG): LastLock => readLastLock(place(), input(config));
const keyIn = (name: string) => openSigningKey(makePrivateDir(stateDir, [name, 'keys']));
const keptFiles = (): readonly string[] => {
  const seen = dirname(memoryPath(place()));
  return fs
    .readdirSync(seen)
    .filter((name) => name.endsWith('.text'))
    .map((name) => join(seen, name));
};
const kept = (): string => keptFiles()[0] ?? '';
const approve = (why = 'because', policy = CONFIG, key = keyIn('lock'), config = policy) =>
  writeLock(place(), {
    ...{ judged: judge(config), policy, pins: new Map(), who: 'ada', why },
    ...{ nowMs: NOW, untilMs: undefined, key },
  });
const spoil = (): void => fs.appendFileSync(place().lock, '<<<<<<< HEAD\n');
const newest = (found = last()): string | undefined =>
  found.kind === 'kept'
    ? found.held.lock.body.approvals.at(-1)?.why
    : `${found.kind}: ${'why' in found ? found.why : ''}`;

test('nothing was accepted: there is nothing to compare with', () => {
  expect(last()).toEqual({ kind: 'none' });
});

test('each approval takes the place of the last, one file, for this user alone', async () => {
  await approve('one');
  await approve('two');
  expect(keptFiles()).toHaveLength(1);
  expect(fs.readFileSync(kept())).toEqual(fs.readFileSync(place().lock));
  if (process.platform !== 'win32') expect(fs.statSync(kept()).mode & 0o777).toBe(0o600);
});

test.each([
  ['the marks of a merge', spoil],
  ['gone', () => fs.rmSync(place().lock)],
  ['another text', () => fs.writeFileSync(place().lock, fs.readFileSync(place().lock, 'utf8').replace('ada', 'bob'))],
])('where the lock does not count: %s', async (_, damage) => {
  await approve('one');
  damage();
  expect(judge().kind).toBe('refused');
  expect(newest()).toBe('one');
  const found = last();
  expect(found.kind === 'kept' && found.held.policy).toEqual(CONFIG);
  // and it is in force nowhere
  expect(judge().kind).toBe('refused');
});

const CHANGES: readonly (readonly [string, () => void, string])[] = [
  ['missing', () => fs.rmSync(kept()), 'it was not kept'],
  ['torn', () => fs.truncateSync(kept(), 20), 'is not what was accepted'],
  ['empty', () => fs.truncateSync(kept(), 0), 'is not what was accepted'],
  [
    'edited',
    () => fs.writeFileSync(kept(), fs.readFileSync(kept(), 'utf8').replace('node', 'nade')),
    'is not what was accepted',
  ],
  ['writable by others', () => fs.chmodSync(kept(), 0o666), 'others can write it'],
];
test.skipIf(process.platform === 'win32').each(CHANGES)('a text that is %s is none', async (_, change, why) => {
  await approve('one');
  change();
  expect(last()).toMatchObject({ kind: 'lost', why: expect.stringContaining(why) });
  // the lock beside the config holds all the same
  expect(judge().kind).toBe('holds');
});

test('a link in its place is not followed', async () => {
  await approve('one');
  const moved = join(directory, 'moved');
  fs.renameSync(kept(), moved);
  fs.symlinkSync(moved, join(dirname(memoryPath(place())), 'link'));
  const name = join(dirname(memoryPath(place())), 'link');
  fs.renameSync(name, keptPathOf(fs.readFileSync(moved)));
  expect(last()).toMatchObject({ kind: 'lost', why: expect.stringContaining('cannot be read') });
});

function keptPathOf(text: Uint8Array): string {
  const digest = crypto.hash('sha256', text);
  return `${memoryPath(place()).replace(/\.json$/, '')}-${digest.slice(0, 32)}.text`;
}

test('who writes text and digest shows no lock that nobody signed', async () => {
  await approve('one');
  const forged = fs.readFileSync(kept(), 'utf8').replace('node', 'nade');
  fs.rmSync(kept());
  fs.writeFileSync(keptPathOf(Buffer.from(forged)), forged, { mode: 0o600 });
  const memory = JSON.parse(fs.readFileSync(memoryPath(place()), 'utf8'));
  memory.digest = crypto.hash('sha256', forged);
  fs.writeFileSync(memoryPath(place()), JSON.stringify(memory));
  expect(last()).toMatchObject({ kind: 'lost', why: expect.stringContaining('not what was signed') });
});

test('a key whose word does not count any more shows nothing', async () => {
  const other = keyIn('other');
  const policy = { ...CONFIG, approvers: [other.publicKey] };
  await approve('one', policy, other);
  expect(newest(last(policy))).toBe('one');
  expect(last(CONFIG)).toMatchObject({ kind: 'lost' });
});

test('an earlier version kept none: the next session does, once', async () => {
  await approve('one');
  fs.rmSync(kept());
  await rememberJudgement(place(), judge());
  expect(newest()).toBe('one');
  const [before] = [fs.statSync(kept()).ino];
  await rememberJudgement(place(), judge());
  expect(fs.statSync(kept()).ino).toBe(before);
});

test('a lock that is seen, and one that a person takes over, is kept', async () => {
  const approver = keyIn('other');
  const policy = { ...CONFIG, approvers: [approver.publicKey] };
  await approve('a1', policy, approver);
  const first = fs.readFileSync(place().lock);
  await approve('mine', policy);
  fs.writeFileSync(place().lock, first);
  const refused = judge(policy);
  if (refused.kind !== 'refused' || refused.take === undefined) throw new Error('it is to be taken');
  expect(newest(last(policy))).toBe('mine');
  await takeLock(place(), refused.take);
  expect(newest(last(policy))).toBe('a1');
  await approve('a2', policy, approver);
  const second = fs.readFileSync(place().lock);
  expect(keptFiles()).toHaveLength(1);
  fs.rmSync(dirname(memoryPath(place())), { recursive: true });
  const judged = judge(policy);
  await rememberJudgement(place(), judged);
  expect(fs.readFileSync(kept())).toEqual(second);
});

test('what is not the text that is remembered is not kept: another guard accepted a newer one', async () => {
  await approve('one');
  fs.rmSync(kept());
  const text = fs.readFileSync(place().lock, 'utf8');
  const digest = crypto.hash('sha256', text);
  keepLockText(memoryPath(place()), digest, () => `${text} `);
  expect(keptFiles()).toEqual([]);
  keepLockText(memoryPath(place()), digest, () => text);
  expect(newest()).toBe('one');
});

test('a text that cannot be kept keeps nobody from approving', async () => {
  await approve('one');
  fs.rmSync(kept());
  const path = keptPathOf(fs.readFileSync(place().lock));
  fs.mkdirSync(path);
  await rememberJudgement(place(), judge());
  expect(judge().kind).toBe('holds');
  expect(last()).toMatchObject({ kind: 'lost' });
});
