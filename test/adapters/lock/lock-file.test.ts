// The lock on disk: first use, approval, rollback, loss, races, keys; with real files and real keys.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type LockWish,
  lockError,
  placeLock,
  readLock,
  rememberJudgement,
  takeLock,
  writeLock,
} from '../../../src/adapters/lock-file.ts';
import { rememberLock } from '../../../src/adapters/lock-memory.ts';
import { openSigningKey, readSigningKey, signingKeyPath, verifySignature } from '../../../src/adapters/signing-key.ts';
import { makePrivateDir } from '../../../src/adapters/state-paths.ts';
import type { LockMemory } from '../../../src/policy/lock/lock-line.ts';
import { explainRefusal } from '../../../src/policy/lock/lock-refusal.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const CONFIG: JsonObject = { version: 1, servers: { files: { command: 'node' } } };
const CEILING = { lock: 'first-use', approvers: undefined } as const;
const NOW = Date.parse('2026-07-28T09:00:00.000Z');
let directory: string;
let stateDir: string;
let configPath: string;

beforeEach(() => {
  directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'lock-'));
  stateDir = join(directory, 'state');
  configPath = join(directory, 'mcp-guard.config.json');
  fs.writeFileSync(configPath, JSON.stringify(CONFIG), { mode: 0o600 });
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const place = () => placeLock(configPath, stateDir, 'default');
const judge = (config: JsonObject = CONFIG) => readLock(place(), { config, ceiling: CEILING, nowMs: NOW });
const machineKey = () => openSigningKey(makePrivateDir(stateDir, ['lock', 'keys']));
const memoryFile = (): string => {
  const [name] = fs.readdirSync(join(stateDir, 'lock', 'seen')).filter((one) => one.endsWith('.json'));
  return join(stateDir, 'lock', 'seen', name ?? '');
};
async function approve(more: Partial<LockWish> = {}) {
  const wish: LockWish = {
    ...{ judged: judge(), policy: CONFIG, pins: new Map(), who: 'ada', why: 'because' },
    ...{ nowMs: NOW, untilMs: undefined, key: machineKey() },
  };
  return writeLock(place(), { ...wish, ...more });
}
const code = (judgement = judge()): string => (judgement.kind === 'refused' ? judgement.refusal.code : judgement.kind);

test('the name of a lock', () => {
  const nameOf = (path: string): string => placeLock(path, stateDir, 'default').lock;
  expect(nameOf('/c/mcp-guard.config.yaml')).toBe('/c/mcp-guard.lock.json');
  expect(nameOf('/c/.mcp-guardrc')).toBe('/c/mcp-guard.lock.json');
  expect(nameOf('/c/config.json')).toBe('/c/mcp-guard.lock.json');
  expect(nameOf('/c/team.json')).toBe('/c/team.mcp-guard.lock.json');
});

test('a link to a config is that config', () => {
  fs.symlinkSync(configPath, join(directory, 'link.json'));
  const link = join(directory, 'link.json');
  expect(placeLock(link, stateDir, 'default')).toEqual({ ...place(), named: link });
});

test('reading writes nothing', () => {
  expect(code()).toBe('first_use');
  expect(fs.readdirSync(directory)).toEqual(['mcp-guard.config.json']);
});

test('from first use to a second approval', async () => {
  await approve();
  expect(fs.statSync(place().lock).mode & 0o777).toBe(0o600);
  expect(judge()).toMatchObject({ kind: 'holds', remember: undefined, isFirstSight: false });
  const wider = { ...CONFIG, unlisted: 'observe' };
  expect(judge(wider)).toMatchObject({ combination: { document: { unlisted: 'deny' } } });
  await approve({ judged: judge(wider), policy: wider });
  expect(judge(wider)).toMatchObject({ kind: 'holds', combination: { document: { unlisted: 'observe' } } });
  expect(judge(wider)).toMatchObject({ lock: { body: { approvals: [{ number: 1 }, { number: 2 }] } } });
});

test('an older lock that is put back is refused, and so is none', async () => {
  await approve();
  const first = fs.readFileSync(place().lock);
  await approve({ policy: { ...CONFIG, strict: 'payload' } });
  fs.writeFileSync(place().lock, first);
  expect(code()).toBe('lock_older');
  fs.rmSync(place().lock);
  expect(code()).toBe('lock_vanished');
  // an approval mends it, above all that was seen
  await approve({ judged: judge() });
  expect(judge()).toMatchObject({
    kind: 'holds',
    lock: { body: { approvals: [{ number: 1 }, { number: 2 }, { number: 3 }] } },
  });
});

test('no repair drops what was seen: machines that saw less take the next lock', async () => {
  await approve({ why: 'one' });
  const [first, memory] = [fs.readFileSync(place().lock), fs.readFileSync(memoryFile())];
  await approve({ why: 'two' });
  const two = fs.readFileSync(place().lock);
  const spoil: readonly (() => void)[] = [
    () => fs.rmSync(place().lock),
    () => fs.writeFileSync(place().lock, first),
    () => fs.writeFileSync(place().lock, `<<<<<<< ours\n${first}=======\n${two}>>>>>>> theirs\n`),
    () => fs.writeFileSync(place().lock, two.toString().replaceAll('"two"', '"other"')),
  ];
  for (const spoilIt of spoil) {
    spoilIt();
    expect(judge().kind).toBe('refused');
    const { body } = await approve({ judged: judge() });
    expect(body.approvals.slice(0, 2).map(({ why }) => why)).toEqual(['one', 'two']);
    const now = fs.readFileSync(memoryFile());
    fs.writeFileSync(memoryFile(), memory);
    expect(code()).toBe('holds');
    fs.writeFileSync(memoryFile(), now);
  }
});

test('a lock of a key that counts nowhere here costs nothing that was seen', async () => {
  await approve({ why: 'one' });
  await approve({ why: 'two' });
  const memory = fs.readFileSync(memoryFile());
  const bob = openSigningKey(makePrivateDir(join(directory, 'bob'), ['keys']));
  await approve({ why: 'three', key: bob });
  fs.writeFileSync(memoryFile(), memory);
  expect(code()).toBe('lock_untrusted');
  const { body } = await approve({ judged: judge(), why: 'four' });
  expect(body.approvals.map(({ number, why }) => [number, why])).toEqual([
    [1, 'one'],
    [2, 'two'],
    [4, 'four'],
  ]);
  fs.writeFileSync(memoryFile(), memory);
  expect(code()).toBe('holds');
});

test('reasons beyond measure make no memory that cannot be read again', async () => {
  const why = 'x'.repeat(900_000);
  for (const one of ['a', 'b', 'c', 'd']) {
    await approve({ why: one + why });
    expect(code()).toBe('holds');
  }
  fs.rmSync(place().lock);
  expect(code()).toBe('lock_vanished');
  const text = fs.readFileSync(memoryFile(), 'utf8');
  for (const seen of ['[{}]', '{}', '7']) {
    fs.writeFileSync(memoryFile(), text.replace(/"seen":\[.*?\]/, `"seen":${seen}`));
    expect(code()).toBe('lock_memory');
  }
});

test('a machine that sees it for the first time remembers it', async () => {
  await approve();
  fs.rmSync(memoryFile());
  const judged = judge();
  expect(judged).toMatchObject({ kind: 'holds', isFirstSight: true });
  await rememberJudgement(place(), judged);
  expect(judge()).toMatchObject({ isFirstSight: false });
  fs.rmSync(place().lock);
  expect(code()).toBe('lock_vanished');
});

test.each(['', '{}', '{"version":1}', '{"version":2}', 'null'])('a memory that is %j denies', async (text) => {
  await approve();
  fs.writeFileSync(memoryFile(), text);
  const damaged = judge();
  expect(code(damaged)).toBe('lock_memory');
  // the next approval is above the lock that is there, whose number is only claimed
  await approve({ judged: damaged });
  expect(judge()).toMatchObject({ lock: { body: { approvals: [{ number: 2 }] } } });
});

test('a memory of another version, or of another config, denies', async () => {
  await approve();
  const text = fs.readFileSync(memoryFile(), 'utf8');
  for (const edited of [text.replace('"version":1', '"version":2'), text.replace('mcp-guard.config.json', 'x.json')]) {
    expect(edited).not.toBe(text);
    fs.writeFileSync(memoryFile(), edited);
    expect(code()).toBe('lock_memory');
  }
});

test('what was seen last is never forgotten for less', async () => {
  await approve();
  await approve({ judged: judge(), why: 'second' });
  const text = fs.readFileSync(memoryFile(), 'utf8');
  const { id, newest, ...rest } = JSON.parse(text);
  const less: LockMemory = { ...rest, id, newest: { ...newest, number: 1 }, digest: 'a'.repeat(64) };
  await rememberLock(memoryFile(), place().config, less, false);
  await rememberLock(memoryFile(), place().config, less, true);
  expect(fs.readFileSync(memoryFile(), 'utf8')).toBe(text);
  fs.writeFileSync(memoryFile(), '{}');
  await expect(rememberLock(memoryFile(), place().config, less, false)).rejects.toMatchObject({
    code: 'state_unusable',
  });
});

test("an approver's newer word is remembered over what was approved here, and not the other way round", async () => {
  const approver = openSigningKey(makePrivateDir(directory, ['approver']));
  const config = { ...CONFIG, approvers: [approver.publicKey] };
  const looked = () => judge(config);
  await approve({ judged: looked(), policy: config, key: approver, why: 'a1' });
  const first = fs.readFileSync(place().lock);
  // elsewhere the approver goes on from there
  const other = { ...place(), stateDir: join(directory, 'other') };
  const seen = readLock(other, { config, ceiling: CEILING, nowMs: NOW });
  await writeLock(other, {
    ...{ judged: seen, policy: config, pins: new Map(), who: 'ada', why: 'a2', nowMs: NOW },
    ...{ untilMs: undefined, key: approver },
  });
  const second = fs.readFileSync(place().lock);
  fs.writeFileSync(place().lock, first);
  for (const why of ['m2', 'm3']) await approve({ judged: looked(), policy: config, why });
  const own = fs.readFileSync(place().lock);
  const before = JSON.parse(fs.readFileSync(memoryFile(), 'utf8'));
  expect(before).toMatchObject({ newest: { why: 'm3' }, anchor: { why: 'a1' } });
  fs.writeFileSync(place().lock, first);
  expect(code(looked())).toBe('lock_older');
  fs.writeFileSync(place().lock, second);
  const judged = looked();
  expect(judged).toMatchObject({ kind: 'holds', isFirstSight: false });
  await rememberJudgement(place(), judged);
  expect(JSON.parse(fs.readFileSync(memoryFile(), 'utf8'))).toMatchObject({ newest: { why: 'a2', number: 2 } });
  expect(looked()).toMatchObject({ kind: 'holds', remember: undefined });
  const { version: _, config: __, ...late } = before;
  await rememberLock(memoryFile(), place().config, late, false);
  expect(JSON.parse(fs.readFileSync(memoryFile(), 'utf8'))).toMatchObject({ newest: { why: 'a2' } });
  fs.writeFileSync(place().lock, own);
  expect(code(looked())).toBe('lock_older');
  // and by a person over whatever is known
  fs.writeFileSync(place().lock, second);
  await approve({ judged: looked(), policy: config, why: 'm3' });
  fs.writeFileSync(place().lock, second);
  const refused = looked();
  expect(
    lockError(place(), refused.kind === 'refused' ? refused.refusal : { code: 'lock_newer', what: '', mend: '' }),
  ).toMatchObject({ code: 'lock_older', hint: expect.stringContaining('--take --reason') });
  if (refused.kind !== 'refused' || refused.take === undefined) throw new Error('it is to be taken');
  await takeLock(place(), refused.take);
  expect(code(looked())).toBe('holds');
});

test.each([
  ['lock_unreadable', false],
  ['lock_edited', true],
] as const)('%s names an approval only where that mends it', (refused, isNamed) => {
  expect(lockError(place(), explainRefusal(refused)).hint?.includes('scope approve')).toBe(isNamed);
});

test.each([1, {}, { number: 0 }])('a memory whose anchor is %j denies', async (anchor) => {
  await approve();
  const text = JSON.parse(fs.readFileSync(memoryFile(), 'utf8'));
  fs.writeFileSync(memoryFile(), JSON.stringify({ ...text, anchor }));
  expect(code()).toBe('lock_memory');
});

test('a later time is remembered, an earlier one is not', async () => {
  await approve({ untilMs: NOW + 3_600_000 });
  const late = readLock(place(), { config: CONFIG, ceiling: CEILING, nowMs: NOW + 600_000 });
  await rememberJudgement(place(), late);
  expect(judge()).toMatchObject({ clockWasMs: NOW + 600_000 });
  const remember = late.kind === 'holds' ? late.remember : undefined;
  if (remember === undefined) throw new Error('nothing to remember');
  await rememberLock(memoryFile(), place().config, { ...remember, latestMs: NOW }, true);
  expect(judge()).toMatchObject({ clockWasMs: NOW + 600_000 });
  // who approves says what time it is
  await approve({ untilMs: NOW + 7_200_000 });
  expect(judge()).toMatchObject({ clockWasMs: undefined, untilMs: NOW + 7_200_000 });
});

test.each([
  ['id', 'x'],
  ['newest', {}],
  ['latestMs', -1],
  ['latestMs', 0.5],
])('a memory whose %s is %j denies', async (key, value) => {
  await approve();
  fs.writeFileSync(
    memoryFile(),
    JSON.stringify({ ...JSON.parse(fs.readFileSync(memoryFile(), 'utf8')), [key]: value }),
  );
  expect(code()).toBe('lock_memory');
});

test('an approval goes on where the lock was lost, so that others who saw it take it for a successor', async () => {
  const first = await approve();
  fs.rmSync(place().lock);
  const second = await approve();
  expect(second.body).toMatchObject({ id: first.body.id, approvals: [first.body.approvals[0], { number: 2 }] });
});

test('the memory of one config is not that of another', async () => {
  await approve();
  const other = join(directory, 'config.json');
  fs.copyFileSync(configPath, other);
  const judged = readLock(placeLock(other, stateDir, 'default'), { config: CONFIG, ceiling: CEILING, nowMs: NOW });
  expect(code(judged)).toBe('lock_foreign');
});

test('what was shown is what is approved', async () => {
  const shown = judge();
  await approve();
  await expect(approve({ judged: shown })).rejects.toMatchObject({ code: 'lock_changed' });
  const second = judge();
  await approve({ why: 'somebody else' });
  await expect(approve({ judged: second })).rejects.toMatchObject({ code: 'lock_changed' });
});

test('of two approvals at once one wins', async () => {
  machineKey();
  const judged = judge();
  const results = await Promise.allSettled(['a', 'b', 'c'].map((why) => approve({ judged, why })));
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
  expect(code()).toBe('holds');
});

test('a lock that cannot be written leaves everything as it was', async () => {
  const judged = judge();
  fs.mkdirSync(place().lock);
  await expect(approve({ judged })).rejects.toMatchObject({ code: 'lock_changed' });
  fs.rmdirSync(place().lock);
  const gone = { ...place(), lock: join(directory, 'no', 'lock.json') };
  const wish = { judged, policy: CONFIG, pins: new Map(), who: 'a', why: 'b', nowMs: NOW, untilMs: undefined };
  await expect(writeLock(gone, { ...wish, key: machineKey() })).rejects.toMatchObject({ code: 'lock_unwritable' });
  expect(code()).toBe('first_use');
});

test.skipIf(process.getuid === undefined)('a lock that others can write is not read', async () => {
  await approve();
  fs.chmodSync(place().lock, 0o666);
  expect(code()).toBe('lock_unreadable');
});

test('bytes before the text are an edit', async () => {
  await approve();
  fs.writeFileSync(place().lock, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), fs.readFileSync(place().lock)]));
  expect(code()).toBe('lock_edited');
  fs.writeFileSync(place().lock, Buffer.from([0xff]));
  expect(code()).toBe('lock_unreadable');
});

test('the error names the file and the command', async () => {
  await approve();
  fs.appendFileSync(place().lock, ' ');
  const judged = judge();
  const error = judged.kind === 'refused' ? lockError(place(), judged.refusal) : undefined;
  expect(error).toMatchObject({ code: 'lock_edited', exitCode: 77 });
  expect(error?.message).toContain(place().lock);
  expect(error?.hint).toContain(`mcp-guard scope approve --config ${configPath} --reason`);
});

describe('keys', () => {
  test('made once, private, and signing', () => {
    const key = machineKey();
    expect(machineKey().publicKey).toBe(key.publicKey);
    const path = signingKeyPath(join(stateDir, 'lock', 'keys'));
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(join(stateDir, 'lock', 'keys'))).toEqual(['ed25519.pem']);
    expect(key.publicKey).toMatch(/^ed25519:[A-Za-z0-9+/]{43}=$/);
    expect(verifySignature(key.publicKey, 'ä', key.sign('ä'))).toBe(true);
    expect(verifySignature(key.publicKey, 'b', key.sign('ä'))).toBe(false);
  });

  test('a signature has one spelling, a key too', () => {
    const key = machineKey();
    const signature = key.sign('a');
    expect(verifySignature(key.publicKey, 'a', `${signature} `)).toBe(false);
    expect(verifySignature(key.publicKey, 'a', signature.replace(/==$/, ''))).toBe(false);
    expect(verifySignature(key.publicKey.replace('ed25519:', 'rsa:'), 'a', signature)).toBe(false);
    expect(verifySignature(key.publicKey.slice('ed25519:'.length), 'a', signature)).toBe(false);
    expect(verifySignature(`ed25519:${Buffer.alloc(31).toString('base64')}`, 'a', signature)).toBe(false);
    expect(verifySignature(key.publicKey, 'a', '')).toBe(false);
  });

  test.skipIf(process.getuid === undefined)('one that others can read is not used', () => {
    machineKey();
    fs.chmodSync(signingKeyPath(join(stateDir, 'lock', 'keys')), 0o644);
    expect(() => machineKey()).toThrow(expect.objectContaining({ code: 'key_unusable' }));
    expect(() => judge()).toThrow(expect.objectContaining({ code: 'key_unusable' }));
  });

  test('a file that is no Ed25519 key is not used', () => {
    const path = join(directory, 'key.pem');
    expect(readSigningKey(path)).toBeUndefined();
    const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    for (const text of ['nonsense', privateKey.export({ type: 'pkcs8', format: 'pem' })]) {
      fs.writeFileSync(path, text, { mode: 0o600 });
      expect(() => readSigningKey(path)).toThrow(expect.objectContaining({ code: 'key_unusable' }));
    }
  });
});
