// Eight guards on one redis: together they are granted what one would be, and no more where it is killed among them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findRedisServer, NO_REDIS, RedisServer } from './redis-server.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);

const GUARDS = 8;
const FOR_MS = 1_500;
const SPEND_MS = 10;
const BURST = 20;

interface Report {
  readonly taken: number;
  readonly denied: number;
  readonly unavailable: number;
}

describe.skipIf(program === undefined)('eight processes on a redis', () => {
  let server: RedisServer;
  let built: string;
  const running = new Set<ChildProcess>();
  beforeAll(async () => {
    server = await RedisServer.start(program ?? '', ['--appendonly', 'yes', '--appendfsync', 'always']);
    built = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-driver-'));
    await build({
      entryPoints: [join(import.meta.dirname, 'driver.ts')],
      outfile: join(built, 'driver.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    });
  });
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
  });
  afterAll(async () => {
    await server.remove();
    fs.rmSync(built, { recursive: true });
  });

  /** All begin together. @returns what each was granted, and how long it took from the first take to the last */
  async function race(tenant: string, meanwhile: () => Promise<void>) {
    const words = [server.url, tenant, String(FOR_MS), String(SPEND_MS * 1_000), String(BURST * SPEND_MS * 1_000)];
    const guards = Array.from({ length: GUARDS }, () => {
      const child = spawn(process.execPath, [join(built, 'driver.mjs'), ...words], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      running.add(child);
      child.once('exit', () => running.delete(child));
      return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
    });
    for (const { lines } of guards) expect((await lines.next()).value).toBe('ready');
    const begun = performance.now();
    for (const { child } of guards) child.stdin.write('go\n');
    const ended = guards.map(async ({ child, lines }) => {
      const { value } = await lines.next();
      if (child.exitCode === null) await once(child, 'exit');
      return JSON.parse(String(value)) as Report; // a driver prints what `Report` says
    });
    await meanwhile();
    const reports = await Promise.all(ended);
    return { reports, elapsedMs: performance.now() - begun };
  }
  const sum = (reports: readonly Report[], kind: keyof Report) => reports.reduce((all, one) => all + one[kind], 0);

  test('are granted the burst and the rate, to within 5 %', async () => {
    const { reports, elapsedMs } = await race('together', async () => {});
    expect(sum(reports, 'unavailable')).toBe(0);
    const granted = sum(reports, 'taken');
    expect(granted).toBeLessThanOrEqual(BURST + elapsedMs / SPEND_MS);
    expect(granted).toBeGreaterThanOrEqual(0.95 * (BURST + FOR_MS / SPEND_MS));
    expect(sum(reports, 'denied')).toBeGreaterThan(granted);
  });

  test('are granted no more where it is killed and started again among them', async () => {
    const { reports, elapsedMs } = await race('killed', async () => {
      await delay(FOR_MS / 3);
      await server.kill();
      await server.start();
    });
    expect(sum(reports, 'unavailable')).toBeGreaterThan(0);
    const granted = sum(reports, 'taken');
    expect(granted).toBeLessThanOrEqual(BURST + elapsedMs / SPEND_MS);
    expect(granted).toBeGreaterThan(BURST);
  });
});
