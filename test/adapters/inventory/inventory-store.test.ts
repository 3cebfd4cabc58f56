// The inventory on disk: written late, only where something is new, under the name of any server; what fails is said once.

import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inventorySpec, listInventories, loadInventory } from '../../../src/adapters/inventory-documents.ts';
import { openInventoryStore } from '../../../src/adapters/inventory-store.ts';
import type { KnownList, Offered } from '../../../src/policy/inventory/known-list.ts';
import { ListBuilder } from '../../../src/policy/inventory/list-builder.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
let stateDir = '';
let said: string[] = [];
let timers: (() => void)[] = [];

beforeEach(() => {
  stateDir = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mcp-guard-inventory-'));
  said = [];
  timers = [];
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

const open = () =>
  openInventoryStore({
    stateDir,
    tenant: 'default',
    log: { write: (level, text) => said.push(`${level}: ${text}`) },
    timers: {
      after: (_, action) => {
        timers.push(action);
        return () => {
          timers = timers.filter((one) => one !== action);
        };
      },
    },
    nowMs: () => START,
  });
const list = (...names: string[]): KnownList => ({
  entries: names.map((name) => ({ name, definition: { title: name }, digest: undefined })),
  omitted: 0,
  isComplete: true,
  digest: names.join(),
  sinceMs: START,
  seenAtMs: START,
});
const tools = (...names: string[]): Offered => ({
  server: { name: 's', version: '1' },
  lists: { tools: list(...names) },
});
const spec = (server: string) => inventorySpec(stateDir, 'default', server, { say: () => {}, nowMs: () => START });
const namesOf = (server: string) => loadInventory(spec(server))?.lists.tools?.entries.map(({ name }) => name);
const directory = () => join(stateDir, 'default', 'inventory');

test('nothing is written before its time, and then once for all that came', async () => {
  const store = open();
  store.offer('files', tools('a'));
  store.offer('files', { server: undefined, lists: { prompts: list('p') } });
  store.offer('files', tools('a', 'b'));
  expect(fs.readdirSync(stateDir)).toEqual([]);
  expect(timers).toHaveLength(1);
  timers[0]?.();
  await store.idle();
  expect(loadInventory(spec('files'))).toMatchObject({
    server: { name: 's', version: '1' },
    lists: { tools: { digest: 'a,b' }, prompts: { digest: 'p' } },
  });
  expect(fs.statSync(join(directory(), 'files.json')).mode & 0o777).toBe(0o600);
  expect(fs.statSync(directory()).mode & 0o777).toBe(0o700);
  // written once: there was no earlier text to keep
  expect(fs.readdirSync(directory())).toEqual(['files.json']);
  expect(said).toEqual([]);
});

test('the end of a session does not wait for the time', async () => {
  const store = open();
  store.offer('files', tools('a'));
  await store.idle();
  expect(namesOf('files')).toEqual(['a']);
  expect(timers).toEqual([]);
});

test('what is known already is not written again', async () => {
  const first = open();
  first.offer('files', tools('a'));
  await first.idle();
  const look = () => [directory(), join(directory(), 'files.json')].map((path) => fs.statSync(path, { bigint: true }));
  const before = look();
  const second = open();
  second.offer('files', tools('a'));
  await second.idle();
  // no lock was taken either: nobody waits for a guard that has nothing to say
  expect(look().map(({ ino, mtimeNs }) => [ino, mtimeNs])).toEqual(before.map(({ ino, mtimeNs }) => [ino, mtimeNs]));
  second.offer('files', tools('b'));
  await second.idle();
  expect(namesOf('files')).toEqual(['b']);
});

test('two guards that saw different lists keep both', async () => {
  const [one, other] = [open(), open()];
  one.offer('files', tools('a'));
  other.offer('files', { server: undefined, lists: { prompts: list('p') } });
  await Promise.all([one.idle(), other.idle()]);
  expect(loadInventory(spec('files'))?.lists).toMatchObject({ tools: { digest: 'a' }, prompts: { digest: 'p' } });
});

test('each server has its own, whatever it is called, and all are listed', async () => {
  const names = ['../../etc/x', 'A', 'a', 'con', 'é\u0000', 'x'.repeat(300)];
  const store = open();
  for (const name of names) store.offer(name, tools(name));
  await store.idle();
  for (const name of names) expect(namesOf(name)).toEqual([name]);
  expect(listInventories(stateDir, 'default').toSorted()).toEqual(names.toSorted());
  expect(fs.readdirSync(stateDir)).toEqual(['default']);
});

test('a document that is broken is set aside and written anew; one that is newer stays, and that is said once', async () => {
  fs.mkdirSync(directory(), { recursive: true, mode: 0o700 });
  fs.chmodSync(join(stateDir, 'default'), 0o700);
  fs.writeFileSync(join(directory(), 'files.json'), '{', { mode: 0o600 });
  fs.writeFileSync(join(directory(), 'db.json'), '{"version":2}', { mode: 0o600 });
  const store = open();
  store.offer('files', tools('a'));
  store.offer('db', tools('a'));
  await store.idle();
  store.offer('db', tools('b'));
  await store.idle();
  expect(namesOf('files')).toEqual(['a']);
  expect(fs.readFileSync(join(directory(), 'db.json'), 'utf8')).toBe('{"version":2}');
  expect(said).toEqual([
    expect.stringMatching(/^warn: inventory of `files`: .* is not JSON: kept as /),
    expect.stringMatching(/^warn: what `db` offers cannot be kept for `mcp-guard scope`: .* newer version/),
  ]);
});

test('a disk that takes nothing is said once, and never thrown', async () => {
  fs.writeFileSync(join(stateDir, 'default'), 'no directory');
  const store = open();
  store.offer('files', tools('a'));
  await store.idle();
  store.offer('files', tools('b'));
  await store.idle();
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('what `files` offers cannot be kept');
});

test('what is done later is not done now', async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    open().later(() => {
      order.push('later');
      resolve();
    });
    order.push('now');
  });
  expect(order).toEqual(['now', 'later']);
});

test('of a definition that is too large to keep its name, digest and a short form are kept, whatever its size, and the rest whole', async () => {
  const sha = (text: string): string => crypto.hash('sha256', text);
  for (const size of [100_000, 17_825_792]) {
    const store = open();
    const builder = new ListBuilder('tools', sha);
    const page = [
      { name: `big-${size}`, description: 'r'.repeat(size) },
      { name: 'small', description: 's' },
    ];
    for (let at = 0; at < page.length; ) at = builder.take(page, at);
    // a server that gave no name of its own, too
    store.offer(`srv-${size}`, { server: undefined, lists: { tools: builder.finish(true, START) } });
    await store.idle();
    expect(said).toEqual([]);
    const [big, small] = loadInventory(spec(`srv-${size}`))?.lists.tools?.entries ?? [];
    expect(big).toEqual({
      name: `big-${size}`,
      definition: { description: 'r'.repeat(300) },
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(small).toMatchObject({ name: 'small', definition: { description: 's' } });
  }
});
