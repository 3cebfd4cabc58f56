// A config that is replaced by a link to another is not one that was never seen; with real files, links and keys.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  lockError,
  mayApprove,
  openMachineKey,
  placeLock,
  readLock,
  rememberJudgement,
  rememberName,
  writeLock,
} from '../../../src/adapters/lock-file.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { makeKey } from '../../policy/lock/locks.ts';

const CONFIG: JsonObject = { version: 1, servers: { files: { command: 'node' } } };
const INPUT = {
  config: CONFIG,
  ceiling: { lock: 'first-use', approvers: undefined },
  nowMs: 1_785_000_000_000,
} as const;
let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'lock-name-'));
  for (const name of ['here', 'there']) {
    fs.mkdirSync(join(directory, name));
    fs.writeFileSync(pathIn(name), JSON.stringify(CONFIG), { mode: 0o600 });
  }
});
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

const pathIn = (name: string): string => join(directory, name, 'mcp-guard.config.json');
const placeIn = (name: string) => placeLock(pathIn(name), join(directory, 'state'), 'default');
const codeIn = (name: string): string => {
  const judged = readLock(placeIn(name), INPUT);
  return judged.kind === 'refused' ? judged.refusal.code : judged.kind;
};
async function approveIn(name: string) {
  const place = placeIn(name);
  const who = { who: 'ada', why: 'x', nowMs: INPUT.nowMs, untilMs: undefined, key: openMachineKey(place) };
  return writeLock(place, { judged: readLock(place, INPUT), policy: CONFIG, pins: new Map(), ...who });
}
const linkFile = (): void => {
  fs.rmSync(pathIn('here'));
  fs.symlinkSync(pathIn('there'), pathIn('here'));
};
const linkDirectory = (): void => {
  fs.renameSync(join(directory, 'here'), join(directory, 'away'));
  fs.symlinkSync('there', join(directory, 'here'));
};

test.each([
  ['file', linkFile],
  ['directory', linkDirectory],
])('a %s that was seen and is a link now is no first use, and no first sight', async (_, link) => {
  await approveIn('here');
  link();
  expect(codeIn('here')).toBe('lock_foreign');
  await approveIn('there');
  expect(codeIn('there')).toBe('holds');
  expect(codeIn('here')).toBe('lock_foreign');
});

test('an approval by that name mends it, and then the way back is another', async () => {
  await approveIn('here');
  linkFile();
  const judged = readLock(placeIn('here'), INPUT);
  const error = judged.kind === 'refused' ? lockError(placeIn('here'), judged.refusal) : undefined;
  expect(error?.hint).toContain(`mcp-guard scope approve --config ${pathIn('here')} --reason`);
  await approveIn('here');
  expect(codeIn('here')).toBe('holds');
  fs.rmSync(pathIn('here'));
  fs.writeFileSync(pathIn('here'), '{}', { mode: 0o600 });
  expect(codeIn('here')).toBe('lock_foreign');
});

test('what was a link from the beginning must go on leading there', async () => {
  linkFile();
  await approveIn('there');
  await rememberJudgement(placeIn('here'), readLock(placeIn('here'), INPUT));
  expect(codeIn('here')).toBe('holds');
  fs.mkdirSync(join(directory, 'third'));
  fs.writeFileSync(pathIn('third'), '{}', { mode: 0o600 });
  fs.rmSync(pathIn('here'));
  fs.symlinkSync(pathIn('third'), pathIn('here'));
  expect(codeIn('here')).toBe('lock_foreign');
});

test('a name is kept where no lock could be written', () => {
  rememberName(placeIn('here'));
  expect(codeIn('here')).toBe('first_use');
  linkFile();
  expect(codeIn('here')).toBe('lock_foreign');
});

test('another checkout of the same line holds, and is where the name leads from then on', async () => {
  fs.symlinkSync('here', join(directory, 'current'));
  await approveIn('current');
  fs.copyFileSync(placeIn('here').lock, placeIn('there').lock);
  fs.rmSync(join(directory, 'current'));
  fs.symlinkSync('there', join(directory, 'current'));
  const judged = readLock(placeIn('current'), INPUT);
  expect(judged).toMatchObject({ kind: 'holds', isFirstSight: false });
  await rememberJudgement(placeIn('current'), judged);
  expect(
    fs.readdirSync(join(directory, 'state', 'lock', 'seen')).filter((name) => name.endsWith('.json')),
  ).toHaveLength(2);
  await approveIn('current');
  // back to the checkout before: older than what was seen by this name
  fs.rmSync(join(directory, 'current'));
  fs.symlinkSync('here', join(directory, 'current'));
  expect(codeIn('current')).toBe('lock_foreign');
});

test('a name that cannot be read denies', async () => {
  linkFile();
  await approveIn('here');
  const seen = join(directory, 'state', 'lock', 'seen');
  const [name = ''] = fs.readdirSync(seen).filter((one) => one.endsWith('.name'));
  for (const text of ['', '{}', 'null', fs.readFileSync(join(seen, name), 'utf8').replace('here', 'else')]) {
    fs.writeFileSync(join(seen, name), text);
    expect(codeIn('here')).toBe('lock_memory');
  }
});

test('an approver of the config that a name leads to now is none', async () => {
  await approveIn('here');
  linkFile();
  const { key } = makeKey();
  const config = { ...CONFIG, approvers: [key] };
  expect(mayApprove(placeIn('there'), { ...INPUT, config }, key)).toBe(true);
  expect(mayApprove(placeIn('here'), { ...INPUT, config }, key)).toBe(false);
});
