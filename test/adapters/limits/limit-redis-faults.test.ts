// A redis that is killed, restarted, slow, cut off, or no longer the primary: what is answered, how soon,
// and what is counted afterwards.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openFallbackLimitStore } from '../../../src/adapters/limit-store-fallback.ts';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import { openRedisLimitStore } from '../../../src/adapters/limit-store-redis.ts';
import type { LimitStore, Take } from '../../../src/ports/limit-store.ts';
import { place, REACHED, rate, taken } from './contract.ts';
import { openRawRedis } from './redis-client.ts';
import { findRedisServer, NO_REDIS, RedisServer } from './redis-server.ts';
import { placeOf, RedisWorld } from './redis-world.ts';
import { TcpProxy } from './tcp-proxy.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);
/** Long enough for a busy machine, short enough for a test. */
const SOON = { answerMs: 400, connectMs: 800 };
const LONG = { spendUs: 60_000_000, depthUs: 120_000_000, mostUs: 120_000_000, unitUs: 60_000_000 };
const POLL = { timeout: 10_000, interval: 20 };

describe.skipIf(program === undefined)('a redis that fails', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let through: string;
  let world: RedisWorld;
  const raws: { close(): void }[] = [];
  beforeAll(async () => {
    server = await RedisServer.start(program ?? '', ['--appendonly', 'yes', '--appendfsync', 'always']);
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    if (!server.isUp) await server.start();
    proxy = new TcpProxy(server.port);
    through = await proxy.start();
    world = new RedisWorld(server.url);
  });
  afterEach(async () => {
    for (const raw of raws.splice(0)) raw.close();
    await world.close();
    await proxy.close();
  });
  const open = (url = server.url): LimitStore => world.open(SOON, url);
  const take = async (store: LimitStore, name = 'a'): Promise<Take> => store.take([rate(name, LONG)], world.now());
  const kind = async (store: LimitStore, name = 'a') => (await take(store, name)).kind;
  const look = async (url = server.url) => {
    const raw = await openRawRedis(url);
    raws.push(raw);
    return raw;
  };
  const backlogs = async () => {
    const listing = await world.open().list(world.now());
    return listing.kind === 'listed' ? listing.keys.length : -1;
  };

  test('killed: nothing is decided, at once; started again: counts go on where they were', async () => {
    const store = open();
    expect(await kind(store)).toBe('taken');
    await server.kill();
    const asked = performance.now();
    for (let count = 0; count < 20; count += 1) expect(await kind(store)).toBe('unavailable');
    expect(performance.now() - asked).toBeLessThan(5 * SOON.answerMs);
    await server.start();
    await expect.poll(() => kind(store), POLL).toBe('taken');
    expect(await kind(store)).toBe('denied');
  });

  test('what was asked while it was away is not counted when it is back', async () => {
    const store = open();
    await server.kill();
    for (let count = 0; count < 5; count += 1) expect(await kind(store)).toBe('unavailable');
    await server.start();
    await expect.poll(() => kind(store, 'b'), POLL).toBe('taken');
    expect(await backlogs()).toBe(1);
  });

  test('while it is away there is one attempt at a time, with pauses between', async () => {
    const store = open(through);
    expect(await kind(store)).toBe('taken');
    await server.kill();
    await expect.poll(() => kind(store)).toBe('unavailable');
    proxy.connections = 0;
    for (let round = 0; round < 20; round += 1) {
      const kinds = await Promise.all(Array.from({ length: 50 }, () => kind(store)));
      expect(new Set(kinds)).toEqual(new Set(['unavailable']));
    }
    expect(proxy.connections).toBeLessThan(10);
  });

  test('slow, but in time: right all the same, and calls do not wait for each other', async () => {
    const store = world.open({}, through);
    expect(await kind(store, 'first')).toBe('taken');
    proxy.delayMs = 300;
    const asked = performance.now();
    const kinds = await Promise.all([1, 2, 3, 4].map(() => kind(store)));
    expect(kinds.toSorted()).toEqual(['denied', 'denied', 'taken', 'taken']);
    expect(performance.now() - asked).toBeLessThan(4 * 300);
  });

  test('too slow: not decided in time, and what was granted too late is given back', async () => {
    const [store, direct] = [open(through), open()];
    const known = async () => {
      const listing = await direct.list(world.now());
      return listing.kind === 'listed' ? listing.keys.map(({ label }) => label).toSorted() : [];
    };
    expect(await kind(store, 'first')).toBe('taken');
    expect(await known()).toEqual(['first']);
    proxy.isHolding = true;
    const late = { kind: 'unavailable', why: `no answer within ${SOON.answerMs} ms` };
    const both = [take(store), store.take([place('p', 'one', 1)], world.now())];
    expect(await Promise.all(both)).toEqual([late, late]);
    expect(await known()).toEqual(['a', 'first', 'p']);
    proxy.release();
    await expect.poll(known, POLL).toEqual(['first']);
    expect(await kind(store)).toBe('taken');
  });

  test('silent for so long that the connection was given up: what was granted meanwhile is given back, and what came later never was', async () => {
    const [store, direct] = [world.open({ answerMs: 250, connectMs: 500 }, through), open()];
    const day = Date.now() + 86_400_000;
    const budget = { kind: 'budget', key: 'b'.repeat(32), label: 'b', cost: 1, max: 6 } as const;
    const spend = () => store.take([{ ...budget, windows: [{ startMs: day - 172_800_000, endMs: day }] }], world.now());
    const used = async () => {
      const listing = await direct.list(world.now());
      return listing.kind === 'listed' ? listing.keys.map((key) => key.kind === 'budget' && key.used) : [];
    };
    expect((await spend()).kind).toBe('taken');
    server.hang();
    const end = performance.now() + 2_000;
    const whys = new Set<string>();
    while (performance.now() < end) {
      const answer = await spend();
      whys.add(answer.kind === 'unavailable' ? answer.why : answer.kind);
      await world.pass(60);
    }
    expect(whys).toContain('no answer within 750 ms');
    expect(whys).not.toContain('taken');
    server.goOn();
    await expect.poll(async () => (await spend()).kind, POLL).toBe('taken');
    await expect.poll(used, POLL).toEqual([2]);
  });

  test('cut off: not decided in time; after a while the connection is given up; healed, it goes on', async () => {
    const store = open(through);
    expect(await kind(store)).toBe('taken');
    proxy.isSwallowing = true;
    expect(await kind(store)).toBe('unavailable');
    await expect
      .poll(async () => {
        const answer = await take(store);
        return answer.kind === 'unavailable' ? answer.why : answer.kind;
      }, POLL)
      .toContain(`${SOON.answerMs * 3} ms`);
    const before = proxy.connections;
    proxy.isSwallowing = false;
    await expect.poll(() => kind(store), POLL).toBe('taken');
    expect(proxy.connections).toBeGreaterThan(before);
    expect(await kind(store)).toBe('denied');
  });

  test('cut off before it was reached: the first call waits no longer than a connection may take', async () => {
    proxy.isSwallowing = true;
    const store = open(through);
    const asked = performance.now();
    expect(await Promise.all([take(store), take(store)])).toEqual(
      Array(2).fill({ kind: 'unavailable', why: `no connection within ${SOON.connectMs} ms` }),
    );
    expect(performance.now() - asked).toBeLessThan(SOON.connectMs + 500);
  });

  test('a lease whose end was lost falls free by itself', async () => {
    const store = open(through);
    const receipt = taken(await store.take([place('p', 'one', 1, 1_500)], world.now()));
    proxy.isSwallowing = true;
    store.settle(receipt, REACHED, world.now());
    await store.idle();
    const other = open();
    const next = async () => (await other.take([place('p', 'two', 1, 1_500)], world.now())).kind;
    expect(await next()).toBe('denied');
    await expect.poll(next, POLL).toBe('taken');
  });

  test('a primary that became a replica decides nothing, and is looked for anew', async () => {
    const store = open(through);
    expect(await kind(store)).toBe('taken');
    const raw = await look();
    await raw.send('REPLICAOF', '127.0.0.1', '1');
    expect(await take(store)).toMatchObject({ kind: 'unavailable', why: expect.stringContaining('READONLY') });
    const before = proxy.connections;
    await raw.send('REPLICAOF', 'NO', 'ONE');
    await expect.poll(() => kind(store), POLL).toBe('taken');
    expect(proxy.connections).toBeGreaterThan(before);
  });

  test('a full one decides nothing and changes nothing', async () => {
    const store = open();
    expect(await kind(store, 'first')).toBe('taken');
    const raw = await look();
    await raw.send('CONFIG', 'SET', 'maxmemory', '1');
    expect(await take(store)).toMatchObject({ kind: 'unavailable', why: expect.stringContaining('OOM') });
    await raw.send('CONFIG', 'SET', 'maxmemory', '0');
    expect(await backlogs()).toBe(1);
  });

  test('a place that cannot be read is said, and looked for again', async () => {
    let isThere = false;
    const store = openRedisLimitStore({
      place: () => {
        if (!isThere) throw new Error('`limitStore.url` needs `env:X`, which is not set or empty');
        return placeOf(server.url);
      },
      tenant: world.tenant,
    });
    expect(await take(store)).toMatchObject({ kind: 'unavailable', why: expect.stringContaining('env:X') });
    isThere = true;
    expect(await kind(store)).toBe('taken');
    store.close();
  });

  test('with `local` the guard counts for itself meanwhile; gone and back are each told once', async () => {
    const told: (string | undefined)[] = [];
    const store = openFallbackLimitStore({
      store: open(),
      local: openMemoryLimitStore(),
      onTurn: (why) => told.push(why),
    });
    expect(await kind(store)).toBe('taken');
    await server.kill();
    expect([await kind(store), await kind(store), await kind(store)]).toEqual(['taken', 'taken', 'denied']);
    expect(told).toHaveLength(1);
    await server.start();
    await expect.poll(() => kind(store, 'b').then(() => told.length), POLL).toBe(2);
    expect(told).toEqual([expect.any(String), undefined]);
    expect([await kind(store), await kind(store)]).toEqual(['taken', 'denied']);
  });
});
