// Real processes on one store: eight at once, and killed at any moment.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { stateOf } from '../../../src/policy/breaker/board.ts';
import { orderBoard, takeProbe } from '../../../src/policy/breaker/board-steps.ts';
import { TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import { endScene, makeScene, order, readAnew, type Scene, SERVER, stateAnew } from './scene.ts';

let scene: Scene;
let built: string;
const running = new Set<ChildProcess>();
beforeAll(async () => {
  built = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-driver-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'driver.ts')],
    outfile: join(built, 'driver.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
});
afterAll(() => fs.rmSync(built, { recursive: true }));
beforeEach(() => {
  scene = makeScene();
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  endScene(scene);
});

/** A driver, and what it prints: `next` resolves with the next line, undefined at its end. */
function start(...args: readonly string[]) {
  return startIn(scene.stateDir, ...args);
}

function startIn(stateDir: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [join(built, 'driver.mjs'), stateDir, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  const ended = once(child, 'exit').then(([code, signal]) => {
    running.delete(child);
    return code ?? signal;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    return done === true ? undefined : JSON.parse(value);
  };
  return { child, ended, next };
}

interface Report {
  readonly transitions: readonly number[];
  readonly probes: readonly { readonly from: number; readonly to: number }[];
}

test('8 processes on one key: one probe at a time, and no transition is lost or told twice', async () => {
  const drivers = Array.from({ length: 8 }, () => start('hammer', '60'));
  // a driver prints what `Report` says, and nothing else
  const reports = await Promise.all(drivers.map(async ({ next }) => (await next()) as Report));
  expect(await Promise.all(drivers.map(({ ended }) => ended))).toEqual(Array(8).fill(0));
  const epochs = reports.flatMap(({ transitions }) => transitions).toSorted((a, b) => a - b);
  expect(epochs).toEqual(epochs.map((_, index) => index + 1));
  expect(stateOf(readAnew(scene), 'query').epoch).toBe(epochs.length);
  expect(epochs.length).toBeGreaterThanOrEqual(60);
  expect(reports.filter(({ transitions }) => transitions.length > 0).length).toBeGreaterThan(1);
  const probes = reports.flatMap((report) => report.probes).toSorted((a, b) => a.from - b.from);
  expect(probes.length).toBeGreaterThan(10);
  for (const [index, { from }] of probes.entries()) expect(from).toBeGreaterThan(probes[index - 1]?.to ?? 0);
  expect(scene.files()).toEqual(['db.json', 'db.json.bak']);
});

test('an opening by one is seen by the seven others within a second', async () => {
  const watchers = Array.from({ length: 7 }, () => start('watch'));
  for (const { next } of watchers) expect(await next()).toBe('ready');
  // each prints when it happened, on the clock that all of them share
  const { at: openedAt } = (await start('open').next()) as { at: number };
  for (const { next } of watchers) {
    const { at } = (await next()) as { at: number };
    expect(at - openedAt).toBeLessThan(1000);
  }
});

test.each([
  ['isolate', 'closed 2', 'isolated 3'],
  ['close', 'isolated 3', 'closed 4'],
] as const)(
  'killed while it does `%s`: what was isolated is, nothing is half written, the lock is free',
  async (what, before, after) => {
    const person = scene.open();
    for (const tool of ['kept', 'query']) await order(person, 'isolate', tool);
    await order(person, 'reset', 'query');
    if (what === 'close') await order(person, 'isolate', 'query');
    const seen = new Set<string>();
    let isOver = false;
    const killAt = async (which: number): Promise<void> => {
      const stateDir = fs.mkdtempSync(join(scene.stateDir, 'copy-'));
      fs.cpSync(join(scene.stateDir, 'default'), join(stateDir, 'default'), { recursive: true });
      const { ended } = startIn(stateDir, 'kill', String(which), what);
      const code = await ended;
      const copy = makeScene(stateDir);
      const state = stateAnew(copy, 'query');
      if (code === 0) {
        isOver = true;
        expect(state).toBe(after);
        return;
      }
      expect(code).toBe('SIGKILL');
      seen.add(state);
      expect([before, after]).toContain(state);
      expect(stateAnew(copy, 'kept')).toBe('isolated 1');
      const { board } = await order(copy.open(), 'reset', 'kept');
      expect(board && stateOf(board, 'kept')).toMatchObject({ kind: 'closed', epoch: 2 });
      expect(stateAnew(copy, 'query')).toBe(state);
      expect(copy.said).toEqual([]);
      // (of a lock that was just being taken a draft may stay)
      const left = copy.files().filter((name) => !/^db\.lock\.\d+-[0-9a-f]+$/.test(name));
      expect(left).toEqual(['db.isolations.json', 'db.isolations.json.bak', 'db.json', 'db.json.bak']);
    };
    // Each step in turn stands in breaker-faults.test.ts; these are real deaths at every seventh.
    for (let which = 2; !isOver; which += 14) await Promise.all([killAt(which), killAt(which + 7)]);
    expect(seen).toContain(before);
  },
);

test('who takes the probe and is killed -9 loses it at once; while it lives nobody else has it', async () => {
  const person = scene.open();
  const settingsOf = () => ({ ...TOOL_DEFAULTS, openMs: 1, maxOpenMs: 1 });
  await new Promise((resolve) =>
    person.update(
      SERVER,
      (current, now, random) =>
        orderBoard(
          current,
          { order: 'open', tool: 'query', person: { actor: 'ada', reason: 'a try' } },
          { now, random, settingsOf },
        ).board,
      resolve,
    ),
  );
  const { child, ended, next } = start('lease');
  expect(await next()).toMatchObject({
    kind: 'half_open',
    lease: { holder: expect.stringContaining(`${child.pid},`) },
  });
  const guard = scene.open();
  const ask = (): Promise<unknown> =>
    new Promise((resolve) => {
      let permit: unknown;
      guard.update(
        SERVER,
        (current, now, random) => {
          const asks = { tool: true, server: false };
          const probe = { tool: 'query', asks, holder: guard.holder, deadlineMs: 1000, isGone: guard.isGone };
          const reduction = takeProbe(current, probe, { now, random, settingsOf });
          permit = reduction.permit;
          return reduction.board;
        },
        () => resolve(permit),
      );
    });
  expect(await ask()).toBeUndefined();
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  expect(await ask()).toMatchObject({ tool: 4 });
});
