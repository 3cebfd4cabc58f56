// Real processes on one limits file: eight at once, and killed at any moment.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openFileLimitStore } from '../../../src/adapters/limit-store-file.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { Charge } from '../../../src/ports/limit-store.ts';
import { requireKernelLock } from './file-world.ts';

const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;
let directory: string;
let built: string;
const running = new Set<ChildProcess>();
/** Up for all tests: eight are slower to start than all that they do. The last tests kill some of them. */
let guards: Guard[] = [];
beforeAll(async () => {
  // Beside node_modules, where the native module is found.
  built = fs.mkdtempSync(join(import.meta.dirname, '../../../node_modules/.limits-driver-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'file-driver.ts')],
    outfile: join(built, 'driver.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  guards = await Promise.all(Array.from({ length: 8 }, start));
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  fs.rmSync(built, { recursive: true });
});
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'limits-'));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

interface Report {
  readonly count: number;
  /** Undefined: it got nothing. */
  readonly firstMs?: number;
  readonly tookMs?: number;
  readonly lastMs: number;
  readonly faults: readonly string[];
}

type Guard = Awaited<ReturnType<typeof start>>;

function nextVictim(): Guard {
  const guard = guards.pop();
  if (guard === undefined) throw new Error('none is left');
  return guard;
}

/** Up, and waiting to be told. */
async function start() {
  const child = spawn(process.execPath, [join(built, 'driver.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  running.add(child);
  const ended = once(child, 'exit').finally(() => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    return done === true ? undefined : JSON.parse(value);
  };
  expect(await next()).toEqual({ ready: true });
  const tell = (task: string, lock = 'kernel', untilMs = 0): void => {
    child.stdin.write(`${[task, directory, lock, untilMs].join(' ')}\n`);
  };
  return { child, ended, next, tell };
}

/** What 200/s with a burst of 200 may admit from the first to the last that was asked for, and what it has. */
function judge(reports: readonly Report[]): {
  readonly admitted: number;
  readonly most: number;
} {
  const fromMs = Math.min(...reports.map(({ firstMs = Number.POSITIVE_INFINITY }) => firstMs));
  const toMs = Math.max(...reports.map(({ lastMs }) => lastMs));
  expect(reports.flatMap(({ faults }) => faults)).toEqual([]);
  const admitted = reports.reduce((sum, { count }) => sum + count, 0);
  return { admitted, most: 200 + (toMs - fromMs) / 5 + 1 };
}

// a driver prints what `Report` says, and nothing else
const reportsOf = (some: readonly Guard[]): Promise<readonly Report[]> =>
  Promise.all(some.map(async ({ next }) => (await next()) as Report));

function hammer(task: string, lock: string): Promise<readonly Report[]> {
  const untilMs = machineMs() + 700;
  for (const { tell } of guards) tell(task, lock, untilMs);
  return reportsOf(guards);
}

test.each(['hammer', 'both'])('8 processes (%s) together get what the limit allows, within 5 percent', async (task) => {
  const reports = await hammer(task, 'kernel');
  const { admitted, most } = judge(reports);
  expect(admitted).toBeLessThanOrEqual(most);
  expect(admitted).toBeGreaterThan(200);
  // Every call that was admitted stands in the file, refilled or not: none was lost, none counted twice.
  const store = await open();
  const askedMs = machineMs();
  const listing = await store.list(systemClock.now());
  const toldMs = machineMs();
  store.close();
  const [state] = listing.kind === 'listed' ? listing.keys.filter(({ label }) => label === 'a') : [];
  const backlogMs = state?.kind === 'rate' ? state.backlogUs / 1_000 : 0;
  const earliest = (at: 'firstMs' | 'tookMs') =>
    Math.min(...reports.map((report) => report[at] ?? Number.POSITIVE_INFINITY));
  expect(admitted).toBeGreaterThan((0.95 * (backlogMs + askedMs - earliest('tookMs'))) / 5);
  expect(admitted).toBeLessThan((1.05 * (backlogMs + toldMs - earliest('firstMs'))) / 5);
  expect(reports.filter(({ count }) => count > 0).length).toBeGreaterThan(1);
});

test('8 processes under a lock file never get more', async () => {
  const { admitted, most } = judge(await hammer('hammer', 'lock-file'));
  expect(admitted).toBeGreaterThan(0);
  expect(admitted).toBeLessThanOrEqual(most);
});

const open = async () =>
  openFileLimitStore({
    directory,
    kernelLock: await requireKernelLock(),
    moment: () => ({ wallMs: Date.now(), monoMs: machineMs(), bootId: 'boot' }),
    delay: (ms) => delay(ms),
    say: (text) => expect(text).toBe('nothing'),
  });
const free: Charge = {
  kind: 'rate',
  key: 'e'.repeat(32),
  label: 'e',
  spendUs: 1,
  depthUs: 1_000_000,
  mostUs: 1_000_000,
  unitUs: 1,
};

test('a holder of the lock that is killed holds nobody up', async () => {
  const store = await open();
  await store.take([free], systemClock.now());
  const holder = nextVictim();
  holder.tell('lock');
  expect(await holder.next()).toEqual({ locked: true });
  const waiting = store.take([free], systemClock.now());
  expect(waiting).toBeInstanceOf(Promise);
  holder.child.kill('SIGKILL');
  expect(await waiting).toMatchObject({ kind: 'taken' });
  store.close();
});

test('the place of a caller that is killed is free again after its time', async () => {
  const store = await open();
  const holder = nextVictim();
  holder.tell('place');
  expect(await holder.next()).toEqual({ placed: 'taken' });
  const mine: Charge = { kind: 'place', key: 'c'.repeat(32), label: 'c', max: 1, lease: 'f'.repeat(24), ttlMs: 400 };
  expect(await store.take([mine], systemClock.now())).toMatchObject({ kind: 'denied' });
  holder.child.kill('SIGKILL');
  await holder.ended;
  await delay(450);
  expect(await store.take([mine], systemClock.now())).toMatchObject({ kind: 'taken' });
  store.close();
});

test('those who are killed in the middle leave a sound file, and give nobody more', async () => {
  const victims = [nextVictim(), nextVictim(), nextVictim()];
  const untilMs = machineMs() + 1_000;
  for (const { tell } of victims) tell('hammer', 'kernel', untilMs + 60_000);
  for (const { tell } of guards) tell('hammer', 'kernel', untilMs);
  for (const [index, { child, ended }] of victims.entries()) {
    await delay(100 + 50 * index);
    child.kill('SIGKILL');
    await ended;
  }
  const reports = await reportsOf(guards);
  const { admitted, most } = judge(reports);
  expect(admitted).toBeGreaterThan(0);
  expect(admitted).toBeLessThanOrEqual(most);
  expect(fs.readdirSync(directory)).toEqual(['counts']);
});
