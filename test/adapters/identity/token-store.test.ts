// The store of guard tokens on disk: nothing that was revoked comes back, nothing that cannot be read lets anybody in, and guards that run
// see what has changed.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DocumentLook, loadDocument } from '../../../src/adapters/document-look.ts';
import {
  countFailure,
  failuresSpec,
  TOKEN_PORTS,
  tokensSpec,
  updateTokens,
} from '../../../src/adapters/token-store.ts';
import { addToken, endToken, NO_TOKENS } from '../../../src/policy/identity/token-record.ts';
import { digest, makeToken, NOW, storeOf } from '../../policy/identity/tokens.ts';

let stateDir: string;
let said: string[];
beforeEach(() => {
  stateDir = fs.mkdtempSync(join(tmpdir(), 'token-store-'));
  said = [];
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

const parts = { say: (text: string) => void said.push(text), nowMs: () => NOW };
const spec = () => tokensSpec(stateDir, parts);
const add = (seed: number) =>
  updateTokens(stateDir, parts, (tokens) => addToken(tokens, makeToken(seed).record, NOW) ?? tokens);

test('what is written can be read by this user alone, and holds no token', async () => {
  await add(1);
  const { path } = spec();
  expect(fs.statSync(path).mode & 0o777).toBe(0o600);
  expect(fs.statSync(join(stateDir, 'tokens')).mode & 0o777).toBe(0o700);
  const { text } = makeToken(1);
  for (const name of fs.readdirSync(join(stateDir, 'tokens'))) {
    const content = fs.readFileSync(join(stateDir, 'tokens', name), 'utf8');
    expect(content).not.toContain(text);
    expect(content).not.toContain(text.slice(16, -6));
  }
  expect(loadDocument(spec())).toEqual(storeOf(makeToken(1).record));
});

test('many at once lose nothing', async () => {
  await Promise.all(Array.from({ length: 12 }, (_, seed) => add(seed)));
  expect(loadDocument(spec())?.tokens).toHaveLength(12);
});

test('where there is none nobody has a token', () => {
  expect(loadDocument(spec())).toEqual(NO_TOKENS);
});

test.each([
  ['is no JSON', () => '{'],
  ['is empty', () => ''],
  ['is of a newer version', (text: string) => text.replace('"version":1', '"version":2')],
  ['has a token that is none', (text: string) => text.replace('"hash":"', '"hash":"x')],
])('a store that %s lets nobody in, though its backup is good', async (_, change) => {
  await add(1);
  const { path } = spec();
  fs.writeFileSync(path, change(fs.readFileSync(path, 'utf8')));
  expect(loadDocument(spec())).toBeUndefined();
  expect(said).toHaveLength(1);
});

test('a store that others can write, or that is a link, lets nobody in', async () => {
  await add(1);
  const { path } = spec();
  fs.chmodSync(path, 0o622);
  expect(loadDocument(spec())).toBeUndefined();
  fs.chmodSync(path, 0o600);
  fs.renameSync(path, `${path}.real`);
  fs.symlinkSync(`${path}.real`, path);
  expect(loadDocument(spec())).toBeUndefined();
});

test('what was revoked does not come back from the backup', async () => {
  await add(1);
  await updateTokens(stateDir, parts, (tokens) => endToken(tokens, makeToken(1).record.id, 'now', NOW));
  fs.writeFileSync(spec().path, '{');
  await add(2);
  const [first] = loadDocument(spec())?.tokens ?? [];
  expect(first).toMatchObject({ id: makeToken(1).record.id, revokedMs: NOW });
});

test('a guard that runs sees a change at its next look, and looks at most every 200 ms', async () => {
  const look = new DocumentLook(spec());
  expect(look.read(0)).toEqual(NO_TOKENS);
  await add(1);
  expect(look.read(199)).toEqual(NO_TOKENS);
  expect(look.read(200)?.tokens).toHaveLength(1);
  const before = look.read(400);
  expect(look.read(600)).toBe(before);
  fs.writeFileSync(`${spec().path}.new`, '{');
  fs.renameSync(`${spec().path}.new`, spec().path);
  expect(look.read(800)).toBeUndefined();
  fs.rmSync(join(stateDir, 'tokens'), { recursive: true });
  expect(look.read(1_000)).toEqual(NO_TOKENS);
});

test('wrong tokens are counted, by many processes at once, and in bounds', async () => {
  await Promise.all(Array.from({ length: 8 }, () => countFailure(stateDir, parts)));
  expect(loadDocument(failuresSpec(stateDir, parts))?.atMs).toHaveLength(8);
});

test('digests are compared whole', () => {
  const one = digest('a');
  expect(TOKEN_PORTS.isSameDigest(one, digest('a'))).toBe(true);
  expect(TOKEN_PORTS.isSameDigest(one, digest('b'))).toBe(false);
  expect(TOKEN_PORTS.isSameDigest(one, one.slice(0, -2))).toBe(false);
  expect(TOKEN_PORTS.isSameDigest(one, `${one.slice(0, -1)}${one.endsWith('0') ? '1' : '0'}`)).toBe(false);
  expect(TOKEN_PORTS.digest('a')).toBe(one);
});
