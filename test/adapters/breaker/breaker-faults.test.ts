// A disk that fails at one step, at each in turn: an update holds wholly or not at all, and the next one finds a good store.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stateOf } from '../../../src/policy/breaker/board.ts';
import { watchSteps } from './fs-steps.ts';
import { endScene, makeScene, order, readAnew, type Scene, SERVER, stateAnew } from './scene.ts';

let scene: Scene;
let restore = () => {};
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => {
  vi.restoreAllMocks();
  restore();
  endScene(scene);
});

function errorOf(code: string): Error {
  return Object.assign(new Error(`${code}: made to fail`), { code });
}

/** Runs `action` with its `which`th change of the disk made to fail. @returns the step; undefined where there were fewer */
async function failAt(which: number, code: string, action: () => Promise<unknown>): Promise<string | undefined> {
  let count = 0;
  let failed: string | undefined;
  restore = watchSteps((step, args) => {
    count += 1;
    if (count !== which) return undefined;
    failed = step;
    // A full disk has room for a name.
    if (step === 'writeFileSync') fs.closeSync(fs.openSync(String(args[0]), 'w'));
    // A full disk takes a part without an error, and nothing after that.
    if (code === 'SHORT' && step === 'writeSync' && args[1] instanceof Buffer) return [args[0], args[1], args[2], 7];
    throw errorOf(code === 'SHORT' ? 'ENOSPC' : code);
  });
  try {
    await action();
  } finally {
    restore();
  }
  return failed;
}

test.each([
  ['an error', ['ENOSPC', 'EIO', 'EACCES']],
  ['a short write', ['SHORT']],
])('%s at any step of any order: it holds or it does not', async (_, codes) => {
  const failures = new Set<string>();
  let refused = 0;
  for (const [what, before, after] of [
    ['isolate', 'closed 2', 'isolated 3'],
    ['close', 'isolated 3', 'closed 4'],
  ] as const) {
    fs.rmSync(scene.directory, { recursive: true, force: true });
    const person = scene.open();
    for (const tool of ['kept', 'query']) await order(person, 'isolate', tool);
    await order(person, 'reset', 'query');
    if (what === 'close') await order(person, 'isolate', 'query');
    const start = join(scene.stateDir, what);
    fs.cpSync(scene.directory, start, { recursive: true });
    for (let which = 1; ; which += 1) {
      fs.rmSync(scene.directory, { recursive: true });
      fs.cpSync(start, scene.directory, { recursive: true });
      const guard = scene.open();
      expect(stateAnew(scene, 'query')).toBe(before);
      scene.said.length = 0;
      let board: unknown;
      const step = await failAt(which, codes[which % codes.length] ?? '', async () => {
        ({ board } = await order(guard, what, 'query'));
      });
      if (step === undefined) break;
      failures.add(step);
      const isLocked = scene.files().includes('db.lock');
      // `done` says what holds, for this guard and for the next.
      if (board === undefined) {
        refused += 1;
        expect(stateAnew(scene, 'query')).toBe(before);
        expect(scene.said).toEqual([expect.stringContaining('goes on alone')]);
      } else {
        expect(stateAnew(scene, 'query')).toBe(after);
        expect(board).toEqual(readAnew(scene));
        expect(scene.said).toEqual([]);
      }
      scene.wait(200);
      expect(guard.read(SERVER)).toEqual(readAnew(scene));
      if (step !== 'rmSync') expect(scene.files().filter((name) => name.startsWith('db.lock'))).toEqual([]);
      // Nothing is half written, and what a person has isolated before is so still.
      expect(stateAnew(scene, 'kept')).toBe('isolated 1');
      expect(scene.said.filter((text) => !text.includes('alone'))).toEqual([]);
      if (isLocked) fs.rmSync(scene.file('.lock'));
      const { board: later } = await order(scene.open(), 'reset', 'query');
      expect(later && stateOf(later, 'query').epoch).toBe(
        board === undefined ? Number(before.at(-1)) + 1 : Number(after.at(-1)) + 1,
      );
      expect(scene.files().filter((name) => name.includes('draft') || name.includes('corrupt'))).toEqual([]);
    }
  }
  expect([...failures]).toEqual(
    expect.arrayContaining(['writeFileSync', 'writeSync', 'fsyncSync', 'linkSync', 'renameSync', 'rmSync']),
  );
  expect(refused).toBeGreaterThan(10);
});

test.each(['isolate', 'close'] as const)(
  'dead from any step of `%s` on: the next one finds a good store',
  async (what) => {
    const person = scene.open();
    for (const tool of ['kept', 'query']) await order(person, 'isolate', tool);
    if (what === 'isolate') await order(person, 'reset', 'query');
    const [before, after] = what === 'isolate' ? ['closed 2', 'isolated 3'] : ['isolated 1', 'closed 2'];
    const start = join(scene.stateDir, what);
    fs.cpSync(scene.directory, start, { recursive: true });
    const seen = new Set<string>();
    const { pid: deadPid } = spawnSync('true');
    for (let which = 1; ; which += 1) {
      fs.rmSync(scene.directory, { recursive: true });
      fs.cpSync(start, scene.directory, { recursive: true });
      let count = 0;
      restore = watchSteps(() => {
        count += 1;
        if (count >= which) throw errorOf('EDEAD');
        return undefined;
      });
      await order(scene.open(), what, 'query');
      restore();
      scene.said.length = 0;
      const state = stateAnew(scene, 'query');
      if (count < which) break;
      seen.add(state);
      expect([before, after]).toContain(state);
      expect(stateAnew(scene, 'kept')).toBe('isolated 1');
      // The lock names a process that is dead: this one, had it been killed.
      const lock = scene.file('.lock');
      if (fs.existsSync(lock))
        fs.writeFileSync(lock, fs.readFileSync(lock, 'utf8').replace(/"pid":\d+/, `"pid":${deadPid}`));
      const { board } = await order(scene.open(), 'reset', 'kept');
      expect(board && stateOf(board, 'kept')).toMatchObject({ kind: 'closed', epoch: 2 });
      expect(stateAnew(scene, 'query')).toBe(state);
      expect(scene.said).toEqual([]);
      // (a draft of a lock that was just being taken may stay)
      const left = scene.files().filter((name) => !/^db\.lock\.\d+-[0-9a-f]+$/.test(name));
      expect(left).toEqual(['db.isolations.json', 'db.isolations.json.bak', 'db.json', 'db.json.bak']);
    }
    expect(seen).toEqual(new Set([before, after]));
  },
);

test('what has moved is forced to the disk, and no call waits for it unless a person has isolated', async () => {
  const store = scene.open();
  await order(store, 'reset', 'query');
  await store.idle();
  let syncs = 0;
  const behind: string[] = [];
  const open = fs.promises.open.bind(fs.promises);
  vi.spyOn(fs.promises, 'open').mockImplementation(async (path, ...rest) => {
    const handle = await open(path, ...rest);
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      await sync();
      behind.push(String(path));
    };
    return handle;
  });
  restore = watchSteps((step) => {
    if (step === 'fsyncSync') syncs += 1;
    return undefined;
  });
  await new Promise((resolve) => store.update(SERVER, (board) => ({ ...board, crashed: ['query'] }), resolve));
  expect([syncs, behind]).toEqual([0, []]);
  await order(store, 'open', 'query');
  await store.idle();
  const board = scene.file('.json');
  expect([syncs, behind]).toEqual([0, [board, dirname(board)]]);
  await order(store, 'isolate', 'query');
  // both copies of the record, and the board, each with its directory
  expect([syncs, behind.length]).toEqual([6, 2]);
  await order(store, 'open', undefined);
  await store.idle();
  expect([syncs, behind.length]).toEqual([6, 4]);
});

test('a disk that does not keep its word about a transition takes it back from nobody', async () => {
  const store = scene.open();
  vi.spyOn(fs.promises, 'open').mockRejectedValue(Object.assign(new Error('EIO'), { code: 'EIO' }));
  expect((await order(store, 'open', 'query')).board).toBeDefined();
  expect(stateAnew(scene, 'query')).toMatch(/^open/);
});

test('a record that was lost is written down again in both copies, or the update has failed', async () => {
  await order(scene.open(), 'isolate', 'kept');
  const [record, copy] = ['.isolations.json', '.isolations.json.bak'].map((ending) => scene.file(ending));
  for (let which = 1; ; which += 1) {
    for (const path of [record, copy]) fs.rmSync(path ?? '', { force: true });
    let board: unknown;
    const step = await failAt(which, 'EIO', async () => {
      ({ board } = await order(scene.open(), 'close', 'other'));
    });
    fs.rmSync(scene.file('.lock'), { force: true });
    if (board !== undefined) expect(fs.readFileSync(record ?? '')).toEqual(fs.readFileSync(copy ?? ''));
    expect(stateAnew(scene, 'kept')).toBe('isolated 1');
    if (step === undefined) break;
  }
});

test('a disk that fails at every step leaves every document as it was', async () => {
  const guard = scene.open();
  await order(guard, 'isolate', 'kept');
  const before = scene.files().map((name) => fs.readFileSync(`${scene.directory}/${name}`, 'utf8'));
  restore = watchSteps((step) => {
    if (step === 'rmSync') return undefined;
    throw errorOf('EIO');
  });
  for (const what of ['isolate', 'open', 'close', 'reset'] as const)
    expect((await order(guard, what, 'kept')).board).toBeUndefined();
  restore();
  expect(scene.files().map((name) => fs.readFileSync(`${scene.directory}/${name}`, 'utf8'))).toEqual(before);
  expect(scene.said).toHaveLength(1);
});
