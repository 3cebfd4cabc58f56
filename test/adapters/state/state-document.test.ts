// One document, many processes, and what disks and people do to it.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import { openStateDocument, type StateDocument } from '../../../src/adapters/state-document.ts';
import { GuardError } from '../../../src/guard-error.ts';
import { type Counter, counterSpec } from './counter-spec.ts';

let script: string;
let directory: string;
let path: string;
let said: string[];
let counter: StateDocument<Counter>;

beforeAll(() => {
  script = join(mkdtempSync(join(tmpdir(), 'guard-increment-')), 'increment.mjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('./increment.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'guard-state-'));
  path = join(directory, 'counter.json');
  said = [];
  counter = openStateDocument(counterSpec(path, (text) => said.push(text)));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const increment = (current: Counter): Counter => ({ version: 2, count: current.count + 1 });
const onDisk = (file = path): unknown => JSON.parse(readFileSync(file, 'utf8'));
async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof GuardError) return `${error.code} ${error.exitCode}`;
    throw error;
  }
  return 'no error';
}

test('starts empty, keeps what was written and the one before it, leaves nothing else', async () => {
  expect(counter.read()).toEqual({ version: 2, count: 0 });
  expect(await counter.update(increment)).toEqual({ version: 2, count: 1 });
  expect(await counter.update(increment)).toEqual({ version: 2, count: 2 });
  expect(counter.read().count).toBe(2);
  expect(onDisk(`${path}.bak`)).toEqual({ version: 2, count: 1 });
  expect(readdirSync(directory).toSorted()).toEqual(['counter.json', 'counter.json.bak']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a merge that changes nothing writes nothing', async () => {
  await counter.update((current) => current);
  expect(readdirSync(directory)).toEqual([]);
});

test('a merge that throws, or returns no such document, changes nothing and frees the lock', async () => {
  await counter.update(increment);
  await expect(
    counter.update(() => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  // a caller without types
  await expect(counter.update(() => ({ version: 2 }) as unknown as Counter)).rejects.toThrow('malformed');
  expect((await counter.update(increment)).count).toBe(2);
});

test('updates of one process do not overlap either', async () => {
  await Promise.all(Array.from({ length: 20 }, () => counter.update(increment)));
  expect(counter.read().count).toBe(20);
});

test('8 processes lose no update, and all find the lock of a dead one first', { timeout: 60_000 }, async () => {
  const { pid } = spawnSync('true');
  writeFileSync(`${path}.lock`, JSON.stringify({ ...readOwnIdentity(), pid, host: hostname() }));
  const children = Array.from({ length: 8 }, () =>
    spawn(process.execPath, [script, path, '40'], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
  expect(codes).toEqual(Array(8).fill(0));
  expect(counter.read().count).toBe(320);
  expect(readdirSync(directory).toSorted()).toEqual(['counter.json', 'counter.json.bak']);
});

test('processes killed at any moment leave a good document that the next one can change', {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 12; round += 1) {
    const child = spawn(process.execPath, [script, path, '1000000'], { stdio: 'ignore' });
    const before = counter.read().count;
    // killed after it has written at least once; where in its loop is up to the scheduler
    const deadline = performance.now() + 20_000;
    while (counter.read().count === before && performance.now() < deadline)
      await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const reached = counter.read().count;
    expect(reached).toBeGreaterThan(before);
    expect((await counter.update(increment)).count).toBe(reached + 1);
  }
  expect(said).toEqual([]);
  expect(readdirSync(directory).filter((name) => name.includes('.draft-'))).toEqual([]);
});

describe('a corrupt document', () => {
  test.each<[string, string, string]>([
    ['empty', '', 'is empty'],
    ['half', '{"version":2,"cou', 'is not JSON'],
    ['null', 'null', 'does not have its schema'],
    ['of another shape', '{"version":2,"count":"7"}', 'does not have its schema'],
    ['without a version', '{"count":7}', 'does not have its schema'],
    ['older than any we know', '{"version":1,"count":7}', 'does not have its schema'],
  ])('%s: kept as evidence, said, and the last good one goes on', async (_, text, why) => {
    await counter.update(increment);
    await counter.update(increment);
    writeFileSync(path, text);
    expect(counter.read().count).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect((await counter.update((current) => current)).count).toBe(1);
    expect(readFileSync(`${path}.corrupt-1700000000000`, 'utf8')).toBe(text);
    expect(said).toEqual([expect.stringContaining(why)]);
    expect(onDisk()).toEqual({ version: 2, count: 1 });
    expect(onDisk(`${path}.bak`)).toEqual({ version: 2, count: 1 });
  });

  test('without a good backup it starts empty, and says so', async () => {
    writeFileSync(path, '{', { mode: 0o600 });
    writeFileSync(`${path}.bak`, '{', { mode: 0o600 });
    expect((await counter.update(increment)).count).toBe(1);
    expect(said).toEqual([expect.stringContaining('it starts empty')]);
  });
});

describe('a document is neither read nor replaced', () => {
  test('which a newer version wrote', async () => {
    writeFileSync(path, '{"version":3,"count":7,"new":1}', { mode: 0o600 });
    expect(await codeOf(() => counter.read())).toBe('state_newer 74');
    expect(await codeOf(() => counter.update(increment))).toBe('state_newer 74');
    expect(onDisk()).toEqual({ version: 3, count: 7, new: 1 });
  });

  test('which is a link, a directory, or open to others', async () => {
    const elsewhere = join(directory, 'elsewhere.json');
    writeFileSync(elsewhere, '{"version":2,"count":7}', { mode: 0o600 });
    symlinkSync(elsewhere, path);
    expect(await codeOf(() => counter.read())).toBe('state_unusable 74');
    expect(await codeOf(() => counter.update(increment))).toBe('state_unusable 74');
    const open = openStateDocument(counterSpec(elsewhere, () => {}));
    chmodSync(elsewhere, 0o666);
    expect(await codeOf(() => open.read())).toBe('state_unusable 74');
    execFileSync('mkfifo', ['-m', '600', join(directory, 'fifo')]);
    expect(await codeOf(() => openStateDocument(counterSpec(join(directory, 'fifo'), () => {})).read())).toBe(
      'state_unusable 74',
    );
    mkdirSync(join(directory, 'd'));
    expect(await codeOf(() => openStateDocument(counterSpec(join(directory, 'd'), () => {})).read())).toBe(
      'state_unusable 74',
    );
  });
});

test('drafts of a killed writer are removed by the next', async () => {
  const draft = `${path}.draft-1-ab`;
  writeFileSync(draft, 'x');
  linkSync(draft, join(directory, 'other.json.draft-1-ab'));
  await counter.update(increment);
  expect(readdirSync(directory).toSorted()).toEqual(['counter.json', 'other.json.draft-1-ab']);
});
