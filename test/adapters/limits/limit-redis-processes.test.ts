// Eight guards on one redis: together they are granted what one would be, also over a slow way, and no more where it is killed or cut off
// among them.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BuiltDriver, buildDriver } from './built-driver.ts';
import { findRedisServer, NO_REDIS, RedisServer } from './redis-server.ts';
import { TcpProxy } from './tcp-proxy.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);

const GUARDS = 8;
const FOR_MS = 1_000;
const SPEND_MS = 10;
const BURST = 20;

interface Report {
  readonly taken: number;
  readonly denied: number;
  readonly unavailable: number;
}

describe.skipIf(program === undefined)('eight processes on a redis', () => {
  let server: RedisServer;
  let driver: BuiltDriver;
  const guards: { readonly child: ChildProcess; readonly next: () => Promise<string> }[] = [];
  beforeAll(async () => {
    server = await RedisServer.start(program ?? '', ['--appendonly', 'yes', '--appendfsync', 'always']);
    driver = await buildDriver();
    for (let count = 0; count < GUARDS; count += 1) {
      const child = spawn(process.execPath, [driver.path, server.url], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      guards.push({ child, next: async () => String((await lines.next()).value) });
    }
    for (const { next } of guards) expect(await next()).toBe('ready');
  });
  afterAll(async () => {
    for (const { child } of guards) child.kill('SIGKILL');
    await server.remove();
    driver.remove();
  });

  /** All begin together. @returns what each was granted, and how long it took from the first take to the last */
  async function race(tenant: string, meanwhile: () => Promise<void>, port = server.port) {
    const order = `${tenant} ${FOR_MS} ${SPEND_MS * 1_000} ${BURST * SPEND_MS * 1_000} ${port}\n`;
    for (const { child } of guards) child.stdin?.write(order);
    for (const { next } of guards) expect(await next()).toBe('connected');
    const begun = performance.now();
    for (const { child } of guards) child.stdin?.write('go\n');
    await meanwhile();
    // a driver prints what `Report` says, and nothing else
    const reports = await Promise.all(guards.map(async ({ next }) => JSON.parse(await next()) as Report));
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

  describe('behind a way that is not what it should be', () => {
    let proxy: TcpProxy;
    let port: number;
    beforeEach(async () => {
      proxy = new TcpProxy(server.port);
      port = Number(new URL(await proxy.start()).port);
    });
    afterEach(() => proxy.close());

    test('are granted the same where every answer is 40 ms late', async () => {
      proxy.delayMs = 40;
      const { reports, elapsedMs } = await race('slow', async () => {}, port);
      expect(sum(reports, 'unavailable')).toBe(0);
      const granted = sum(reports, 'taken');
      expect(granted).toBeLessThanOrEqual(BURST + elapsedMs / SPEND_MS);
      expect(granted).toBeGreaterThanOrEqual(0.95 * (BURST + FOR_MS / SPEND_MS));
    });

    test.each([
      ['nothing passes', 'isSwallowing'],
      ['answers come too late', 'isHolding'],
    ] as const)('are granted no more where for a while %s, and go on afterwards', async (_, fault) => {
      const tenant = fault.toLowerCase();
      const { reports, elapsedMs } = await race(
        tenant,
        async () => {
          await delay(FOR_MS / 3);
          proxy[fault] = true;
          await delay(FOR_MS);
          proxy[fault] = false;
          proxy.release();
        },
        port,
      );
      expect(sum(reports, 'unavailable')).toBeGreaterThan(0);
      const granted = sum(reports, 'taken');
      expect(granted).toBeLessThanOrEqual(BURST + elapsedMs / SPEND_MS);
      expect(granted).toBeGreaterThan(BURST);
      const after = await race(tenant, async () => {}, port);
      expect(sum(after.reports, 'unavailable')).toBe(0);
      expect(sum(after.reports, 'taken')).toBeGreaterThanOrEqual(0.95 * (FOR_MS / SPEND_MS));
    });
  });
});
