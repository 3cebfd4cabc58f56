// The contract of the port on a real disk: what is read, what is written and when `done` is called.
import * as fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stateOf, withState } from '../../../src/policy/breaker/board.ts';
import { FIRST_STATE } from '../../../src/policy/breaker/breaker-state.ts';
import type { Moment } from '../../../src/ports/breaker-store.ts';
import { replaceCall, watchSteps } from './fs-steps.ts';
import { endScene, makeScene, order, readAnew, type Scene, SERVER, stateAnew } from './scene.ts';

let scene: Scene;
let restore = () => {};
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => {
  restore();
  endScene(scene);
});

describe('reading', () => {
  test('an empty store is an empty board, and nothing is made for it', () => {
    const store = scene.open();
    const board = store.read(SERVER);
    expect(board).toEqual({ version: 1, server: FIRST_STATE, tools: [], crashed: [] });
    scene.wait(10_000);
    expect(store.read(SERVER)).toBe(board);
    expect(fs.readdirSync(scene.stateDir)).toEqual([]);
    expect(scene.said).toEqual([]);
  });

  test('what another guard has written is seen within 200 ms, and is the same reference until then and after', async () => {
    const [writer, reader] = [scene.open(), scene.open()];
    const before = reader.read(SERVER);
    await order(writer, 'open', 'query');
    scene.wait(199);
    expect(reader.read(SERVER)).toBe(before);
    scene.wait(1);
    const after = reader.read(SERVER);
    expect(stateOf(after, 'query')).toMatchObject({ kind: 'open', epoch: 1 });
    for (let look = 0; look < 5; look += 1) {
      scene.wait(200);
      expect(reader.read(SERVER)).toBe(after);
    }
  });

  test('looks at the disk no oftener than every 200 ms, however often it is asked', async () => {
    await order(scene.open(), 'open', 'query');
    const reader = scene.open();
    reader.read(SERVER);
    fs.rmSync(scene.directory, { recursive: true });
    for (let ms = 0; ms < 199; ms += 1) {
      scene.wait(1);
      expect(stateOf(reader.read(SERVER), 'query').kind).toBe('open');
    }
    scene.wait(1);
    expect(stateOf(reader.read(SERVER), 'query').kind).toBe('closed');
  });

  test('no clock step keeps it from looking', async () => {
    const [writer, reader] = [scene.open(), scene.open()];
    for (const stepMs of [-86_400_000, 86_400_000]) {
      reader.read(SERVER);
      const { board } = await order(writer, 'open', 'query');
      scene.now = { wallMs: scene.now.wallMs + stepMs, monoMs: scene.now.monoMs + 200 };
      expect(reader.read(SERVER)).toEqual(board);
    }
  });

  test('sees a change that left size, inode and time stamps as they were, where that was a moment ago', async () => {
    await order(scene.open(), 'isolate', 'aaaa');
    const reader = scene.open();
    // Time stamps are as coarse as the kernel's tick, and inodes are used again.
    let changedMs = Date.now();
    restore = replaceCall('lstatSync', () => () => {
      const [ino, size] = [1n, 2n];
      return { ino, size, mtimeNs: BigInt(changedMs) * 1_000_000n, ctimeNs: 3n };
    });
    reader.read(SERVER);
    const rewrite = (from: string, to: string) => {
      for (const ending of ['.json', '.isolations.json']) {
        const text = fs.readFileSync(scene.file(ending), 'utf8');
        fs.writeFileSync(scene.file(ending), text.replace(from, to));
      }
      scene.wait(200);
      return reader.read(SERVER).tools.map(({ tool }) => tool);
    };
    expect(rewrite('aaaa', 'bbbb')).toEqual(['bbbb']);
    changedMs -= 60_000;
    expect(rewrite('bbbb', 'cccc')).toEqual(['cccc']);
    // Looked at long after it was changed, the same means the same.
    expect(rewrite('cccc', 'dddd')).toEqual(['cccc']);
  });

  test('between the two writes of an order that lifts an isolation shows it still, under its own epoch', async () => {
    const person = scene.open();
    await order(person, 'isolate', 'query');
    const paths = [scene.file('.json'), scene.file('.isolations.json')];
    const before = paths.map((path) => fs.readFileSync(path));
    await order(person, 'close', 'query');
    const after = paths.map((path) => fs.readFileSync(path));
    const put = (texts: readonly Buffer[]) => {
      for (const [index, path] of paths.entries()) {
        // another inode: who has it open already reads on in the old one
        fs.rmSync(path);
        fs.writeFileSync(path, texts[index] ?? '', { mode: 0o600 });
      }
    };
    put(before);
    let opened = 0;
    restore = replaceCall('openSync', (original) => (...args) => {
      const fd = original(...args);
      if (paths.includes(String(args[0])) && typeof args[1] === 'number') {
        opened += 1;
        if (opened === 1) put(after);
      }
      return fd;
    });
    expect(stateOf(scene.open().read(SERVER), 'query')).toMatchObject({ kind: 'isolated', epoch: 1 });
    expect(opened).toBe(2);
  });

  test('what it has written itself it need not read: the very board that `done` was given', async () => {
    const store = scene.open();
    const { board } = await order(store, 'open', 'query');
    expect(store.read(SERVER)).toBe(board);
    scene.wait(200);
    expect(store.read(SERVER)).toBe(board);
  });

  test('loads no lowdb', async () => {
    vi.doMock('lowdb', () => {
      throw new Error('lowdb was loaded');
    });
    vi.resetModules();
    const { openBreakerStore } = await import('../../../src/adapters/breaker-store.ts');
    const log = { write: (_: string, text: string) => scene.said.push(text) };
    const parts = { stateDir: scene.stateDir, tenant: 'default', log, between: (action: () => void) => action() };
    const store = openBreakerStore({ ...parts, clock: { now: () => scene.now } });
    store.read(SERVER);
    expect(scene.said).toEqual([]);
    // And where it cannot be loaded, the guard goes on alone.
    const board = await new Promise((resolve) => store.update(SERVER, (one) => one, resolve));
    expect(board).toBeUndefined();
    expect(scene.said).toHaveLength(1);
    vi.doUnmock('lowdb');
    vi.resetModules();
  });
});

describe('updating', () => {
  test('is durable, private, and leaves no lock and no draft', async () => {
    await order(scene.open(), 'open', 'query');
    expect(scene.files()).toEqual(['db.json']);
    expect(fs.statSync(scene.file('.json')).mode & 0o777).toBe(0o600);
    expect(fs.statSync(scene.directory).mode & 0o777).toBe(0o700);
    expect(stateAnew(scene, 'query')).toBe('open 1');
  });

  test('that changes nothing writes nothing', async () => {
    const store = scene.open();
    const { board } = await order(store, 'close', 'query');
    expect(board).toEqual(store.read(SERVER));
    expect(scene.files()).toEqual([]);
  });

  test('one after the other, in the order of asking, each on what the one before has left', async () => {
    const store = scene.open();
    const seen: number[] = [];
    const runs = Array.from({ length: 10 }, (_, index) =>
      order(store, 'reset', 'query').then(({ board, transitions }) => {
        seen.push(index);
        expect(transitions[0]?.transition.epoch).toBe(index + 1);
        expect(board && stateOf(board, 'query').epoch).toBe(index + 1);
      }),
    );
    await Promise.all(runs);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('also where all of them had to wait for another process', async () => {
    const store = scene.open({ lockTimeoutMs: 20_000 });
    await order(store, 'reset', 'query');
    fs.writeFileSync(scene.file('.lock'), '{}');
    const seen: number[] = [];
    let attempts = 0;
    const waited = new Promise<void>((resolve) => {
      restore = watchSteps((step) => {
        attempts += step === 'linkSync' ? 1 : 0;
        if (attempts === 10) resolve();
        return undefined;
      });
    });
    const runs = Array.from({ length: 8 }, (_, index) => order(store, 'reset', 'query').then(() => seen.push(index)));
    await waited;
    restore();
    fs.rmSync(scene.file('.lock'));
    await Promise.all(runs);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('two servers do not wait for each other, nor know of each other', async () => {
    const store = scene.open();
    await Promise.all([order(store, 'open', 'query', 'one'), order(store, 'isolate', 'query', 'two')]);
    expect(stateOf(store.read('one'), 'query').kind).toBe('open');
    expect(stateOf(store.read('two'), 'query').kind).toBe('isolated');
    expect(store.read(SERVER).tools).toEqual([]);
  });

  test('nor do two tenants', async () => {
    await order(scene.open({ tenant: 'a' }), 'isolate');
    expect(scene.open({ tenant: 'b' }).read(SERVER).server.kind).toBe('closed');
    expect(() => scene.open({ tenant: '../a' })).toThrow('no name for a tenant');
  });

  test('`done` is called between two turns, once, with the time of then; `idle` waits for it', async () => {
    const turns: (() => void)[] = [];
    const store = scene.open({ between: (action) => turns.push(action) });
    const done: [unknown, Moment][] = [];
    store.update(
      SERVER,
      (board, _, random) => {
        expect(random).toBe(0.5);
        return withState(board, 'query', { ...FIRST_STATE, epoch: 1 });
      },
      (board, now) => done.push([board, now]),
    );
    expect(turns).toHaveLength(0);
    await store.idle();
    expect(turns).toHaveLength(1);
    expect(done).toEqual([]);
    scene.wait(5);
    turns[0]?.();
    expect(done).toEqual([[store.read(SERVER), store.moment(scene.now)]]);
    await store.idle();
    expect(turns).toHaveLength(1);
  });

  test('`idle` waits for what a `done` has begun, too', async () => {
    const store = scene.open();
    let finished = 0;
    const again = (left: number): void => {
      store.update(
        SERVER,
        (board) => board,
        () => {
          finished += 1;
          if (left > 0) again(left - 1);
        },
      );
    };
    again(3);
    await store.idle();
    expect(finished).toBe(4);
  });

  test('a change or a `done` that throws does not stop the next update', async () => {
    const store = scene.open();
    const results: unknown[] = [];
    store.update(
      SERVER,
      () => {
        throw new Error('no');
      },
      (board) => {
        results.push(board);
        throw new Error('neither');
      },
    );
    const { board } = await order(store, 'open', 'query');
    expect(results).toEqual([undefined]);
    expect(board && stateOf(board, 'query').kind).toBe('open');
    expect(scene.said).toEqual([expect.stringContaining('no'), expect.stringContaining('error: ')]);
    expect(scene.files()).toEqual(['db.json']);
  });

  test('a lock that somebody holds ends in `done(undefined)`, is said once, and once more after it was well', async () => {
    const store = scene.open({ lockTimeoutMs: 20 });
    await order(store, 'open', 'query');
    const hold = () => fs.writeFileSync(scene.file('.lock'), '{}');
    for (const times of [1, 2]) {
      hold();
      expect((await order(store, 'reset', 'query')).board).toBeUndefined();
      expect((await order(store, 'reset', 'query')).board).toBeUndefined();
      expect(scene.said.filter((text) => text.includes('was held for more than'))).toHaveLength(times);
      fs.rmSync(scene.file('.lock'));
      expect((await order(store, 'close', 'query')).board).toBeDefined();
    }
    expect(store.read(SERVER)).toEqual(readAnew(scene));
  });
});
