// A redis: the port's contract on a real server, and what only a redis can suffer.
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Instant } from '../../../src/ports/clock.ts';
import type { BudgetCharge, LimitStore, Take } from '../../../src/ports/limit-store.ts';
import { budget, describeLimitStore, keyOf, place, REACHED, rate, taken, UNREACHED } from './contract.ts';
import { openRawRedis } from './redis-client.ts';
import { findRedisServer, NO_REDIS, RedisServer } from './redis-server.ts';
import { RedisWorld } from './redis-world.ts';

const DAY_MS = 86_400_000;
const WHOLE = { spendUs: 2_000_000 };
const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);

describe.skipIf(program === undefined)('a redis', async () => {
  if (program === undefined) return;
  const server = await RedisServer.start(program);
  const raw = await openRawRedis(server.url);
  afterAll(async () => {
    raw.close();
    await server.remove();
  });

  describeLimitStore('the redis', () => new RedisWorld(server.url));

  describe('what lies in it', () => {
    let world: RedisWorld;
    let store: LimitStore;
    beforeEach(() => {
      world = new RedisWorld(server.url);
      store = world.open();
    });
    afterEach(() => world.close());
    const nameOf = (part: string, name: string) => `mcp-guard:limits:1:{${world.tenant}}:${part}:${keyOf(name)}`;
    const ownerOf = (name: string) => `mcp-guard:limits:1:{${world.tenant}}:o:${keyOf(name).slice(0, 8)}`;
    const allNames = () => raw.send('KEYS', `*${world.tenant}*`) as Promise<string[]>; // KEYS answers a list of names

    const trips = async () => {
      const stats = String(await raw.send('INFO', 'commandstats'));
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };

    test('every key names its version, lies in the slot of its tenant, and goes by itself', async () => {
      const charges = [rate('a'), budget('b', world.now().wallMs, DAY_MS, 1, 5), place('p', 'one', 2, 5_000)];
      const receipt = taken(await store.take(charges, world.now()));
      const names = await allNames();
      const index = `mcp-guard:limits:1:{${world.tenant}}:index`;
      expect(names.toSorted()).toEqual(
        [
          nameOf('h', 'a'),
          nameOf('h', 'b'),
          nameOf('h', 'p'),
          nameOf('z', 'p'),
          index,
          ...'abp'.split('').map(ownerOf),
        ].toSorted(),
      );
      const times = new Map<string, number>();
      for (const name of names) times.set(name, Number(await raw.send('PTTL', name)));
      const within = (name: string, least: number, most: number) => {
        expect(times.get(name)).toBeGreaterThan(least);
        expect(times.get(name)).toBeLessThanOrEqual(most);
      };
      within(nameOf('h', 'a'), 1_000, 2_001);
      within(nameOf('h', 'b'), 2 * DAY_MS - 1_000, 2 * DAY_MS);
      within(nameOf('z', 'p'), 5_000, 6_001);
      within(nameOf('h', 'p'), 5_000, 6_001);
      within(index, 2 * DAY_MS - 1_000, 2 * DAY_MS);
      within(ownerOf('p'), 5_000, 6_001);
      store.settle(receipt, REACHED, world.now());
      await store.idle();
      expect((await allNames()).toSorted()).toEqual(
        [nameOf('h', 'a'), nameOf('h', 'b'), index, ownerOf('a'), ownerOf('b')].toSorted(),
      );
    });

    test('a rate is counted to the microsecond of the server, whatever the caller believes the time to be', async () => {
      const receipt = taken(await store.take([rate('a')], { wallMs: 5, monoMs: 7 }));
      const tat = await raw.send('HGET', nameOf('h', 'a'), 't');
      expect(tat).toBe(String(receipt.marks[0]));
      const [seconds] = (await raw.send('TIME')) as [string]; // TIME answers two words
      expect(Math.abs(Number(tat) / 1e6 - 1 - Number(seconds))).toBeLessThan(3);
    });

    test('a rate of which every call is given back goes a day after it is full', async () => {
      const long = { spendUs: DAY_MS * 1_000, depthUs: DAY_MS * 1_000, mostUs: DAY_MS * 1_000 };
      for (let call = 0; call < 5; call += 1) {
        const receipt = taken(await store.take([rate('a', long)], world.now()));
        expect(Number(await raw.send('PTTL', nameOf('h', 'a')))).toBeGreaterThan(DAY_MS);
        store.settle(receipt, UNREACHED, world.now());
        await store.idle();
      }
      const left = Number(await raw.send('PTTL', nameOf('h', 'a')));
      expect(left).toBeGreaterThan(DAY_MS - 10_000);
      expect(left).toBeLessThanOrEqual(DAY_MS + 1_001);
      const forgotten = await raw.send('ZSCORE', `mcp-guard:limits:1:{${world.tenant}}:index`, keyOf('a'));
      expect(Number(forgotten) - Date.now()).toBeLessThanOrEqual(DAY_MS + 2_000);
    });

    test('a key of another kind or a damaged one decides nothing, and the others of the call are not taken', async () => {
      await raw.send('SET', nameOf('h', 'bad'), 'x');
      expect(await store.take([rate('a'), rate('bad')], world.now())).toMatchObject({
        kind: 'unavailable',
        why: expect.stringContaining('WRONGTYPE'),
      });
      await raw.send('DEL', nameOf('h', 'bad'));
      await raw.send('HSET', nameOf('h', 'bad'), 'k', 'r', 't', 'soon', 'g', '0');
      expect((await store.take([rate('a'), rate('bad')], world.now())).kind).toBe('unavailable');
      expect(await raw.send('EXISTS', nameOf('h', 'a'))).toBe(0);
    });

    test('an index that is none decides nothing and changes nothing', async () => {
      await raw.send('SET', `mcp-guard:limits:1:{${world.tenant}}:index`, 'x', 'PX', '5000');
      expect((await store.take([rate('a')], world.now())).kind).toBe('unavailable');
      expect(await raw.send('EXISTS', nameOf('h', 'a'))).toBe(0);
      expect((await store.list(world.now())).kind).toBe('unavailable');
      expect((await store.reset(undefined, world.now())).kind).toBe('unavailable');
    });

    test('the number of keys is bounded, what does not fit takes nothing, and what has expired makes room', async () => {
      const small = world.open({ mostKeys: 2 });
      const quick = { spendUs: 1_000, depthUs: 1_000, mostUs: 1_000 };
      taken(await small.take([rate('a', quick), rate('b', WHOLE)], world.now()));
      expect(await small.take([rate('c')], world.now())).toEqual({
        kind: 'full',
        why: expect.stringContaining('(2 at most, a quarter of them by one principal)'),
      });
      expect(await raw.send('EXISTS', nameOf('h', 'c'))).toBe(0);
      await world.pass(20);
      expect((await small.take([rate('a', quick)], world.now())).kind).toBe('taken');
      await raw.send('ZADD', `mcp-guard:limits:1:{${world.tenant}}:index`, '1', keyOf('a'));
      expect((await small.take([rate('c')], world.now())).kind).toBe('taken');
    });

    test('one owner has a quarter of the room, and the others have theirs', async () => {
      const small = world.open({ mostKeys: 8 });
      const long = { spendUs: 60_000_000, depthUs: 60_000_000, mostUs: 60_000_000 };
      const of = (owner: string, index: number) => ({
        ...rate('x', long),
        key: `${owner}${String(index).padStart(24, '0')}`,
      });
      const kinds = async (owner: string, many: number) => {
        const seen: string[] = [];
        for (let index = 0; index < many; index += 1)
          seen.push((await small.take([of(owner, index)], world.now())).kind);
        return seen;
      };
      expect(await kinds('0000000e', 4)).toEqual(['taken', 'taken', 'full', 'full']);
      expect(await kinds('0000000b', 2)).toEqual(['taken', 'taken']);
      expect((await small.take([of('0000000a', 1), of('0000000e', 9)], world.now())).kind).toBe('full');
      expect((await small.take([of('0000000a', 1), of('0000000a', 2)], world.now())).kind).toBe('taken');
      // Two of one call are two.
      expect((await small.take([of('0000000c', 1), of('0000000c', 2), of('0000000c', 3)], world.now())).kind).toBe(
        'full',
      );
      const owned = `mcp-guard:limits:1:{${world.tenant}}:o:0000000e`;
      expect(Number(await raw.send('PTTL', owned))).toBeGreaterThan(0);
      await raw.send('ZADD', owned, '1', `0000000e${'0'.repeat(24)}`);
      expect((await small.take([of('0000000e', 9)], world.now())).kind).toBe('taken');
    });

    test('a server that forgot its scripts is told again', async () => {
      expect((await store.take([rate('a', WHOLE)], world.now())).kind).toBe('taken');
      await raw.send('SCRIPT', 'FLUSH');
      expect((await store.take([rate('a', WHOLE)], world.now())).kind).toBe('denied');
    });

    test('a clock that is set back holds nobody for longer than a whole lease, and a rate not beyond its burst', async () => {
      taken(await store.take([place('p', 'lost', 1, 300), rate('a', WHOLE)], world.now()));
      const [lease = ''] = (await raw.send('ZRANGE', nameOf('z', 'p'), '0', '-1')) as string[]; // a list of members
      const ahead = String((world.now().wallMs + DAY_MS) * 1_000);
      await raw.send('ZADD', nameOf('z', 'p'), ahead, lease);
      await raw.send('HSET', nameOf('h', 'a'), 't', ahead);
      expect((await store.take([place('p', 'new', 1, 300)], world.now())).kind).toBe('denied');
      expect(await store.take([rate('a')], world.now())).toMatchObject({ kind: 'denied', retryAfterMs: 1_000 });
      await world.pass(301);
      expect((await store.take([place('p', 'new', 1, 300)], world.now())).kind).toBe('taken');
    });

    test.each([9, 2, -2, -9, 400])(
      'a budget is that of the server’s day, for a machine whose clock is %i days off',
      async (days) => {
        const real = world.now();
        const end = real.wallMs + DAY_MS / 2;
        const windowsAt = (wallMs: number) =>
          [-1, 0, 1].map((index) => {
            const endMs = end + (Math.floor((wallMs - end) / DAY_MS) + 1 + index) * DAY_MS;
            return { startMs: endMs - DAY_MS, endMs };
          });
        const one = (now: Instant): BudgetCharge => ({
          ...budget('b', now.wallMs, 1, 1, 3),
          ...{ windows: windowsAt(now.wallMs), windowsAt },
        });
        const wrong = { ...real, wallMs: real.wallMs + days * DAY_MS };
        const other = world.open();
        const first = taken(await store.take([one(wrong), rate('r')], wrong));
        expect(first.marks[0]).toBe(end - DAY_MS);
        taken(await other.take([one(real)], real));
        const before = await trips();
        taken(await store.take([one(wrong)], wrong));
        expect(await trips()).toBe(before + 1);
        const { retryAfterMs } = (await store.take([one(wrong)], wrong)) as Take & { kind: 'denied' }; // asserted by the next line
        expect(retryAfterMs).toBeGreaterThan(DAY_MS / 2 - 60_000);
        expect(retryAfterMs).toBeLessThanOrEqual(DAY_MS / 2);
        expect((await other.take([one(real)], real)).kind).toBe('denied');
        store.settle(first, UNREACHED, wrong);
        await store.idle();
        expect((await other.take([one(real)], real)).kind).toBe('taken');
        const kept = String(await raw.send('HMGET', nameOf('h', 'b'), 's1', 's2'));
        expect(kept).toBe(`${end - DAY_MS},`);
      },
    );

    test('a budget of which no window holds the server’s time takes nothing', async () => {
      const at = world.now().wallMs + 30 * DAY_MS;
      const charges = [rate('r'), budget('b', at, DAY_MS, 1, 5)];
      expect(await store.take(charges, world.now())).toMatchObject({ kind: 'unavailable' });
      expect(await allNames()).toEqual([]);
    });

    test('a budget is found again in the window before, and given back there', async () => {
      const at = world.now().wallMs;
      const earlier = budget('b', at - DAY_MS, DAY_MS / 2, 3, 5);
      // Counted while the server's clock was a day behind: what it left.
      const [, window] = earlier.windows;
      const [start, end] = [String(window?.startMs), String(window?.endMs)];
      await raw.send('HSET', nameOf('h', 'b'), 'k', 'b', 'l', 'b', 'm', '5', 's1', start, 'e1', end, 'u1', '3');
      taken(await store.take([budget('b', at, DAY_MS / 2, 5, 5)], world.now()));
      expect(await raw.send('HMGET', nameOf('h', 'b'), 's2', 'u2')).toEqual([start, '3']);
      store.settle({ charges: [earlier], marks: [Number(start)] }, UNREACHED, world.now());
      await store.idle();
      expect(await raw.send('HMGET', nameOf('h', 'b'), 'u1', 'u2')).toEqual(['5', '0']);
    });

    test('a call costs one round trip; its end one more only where something changes', async () => {
      const before = await trips();
      const [first, second] = [await store.take([rate('a')], world.now()), await store.take([rate('a')], world.now())];
      expect(await trips()).toBe(before + 2);
      store.settle(taken(first), REACHED, world.now());
      await store.idle();
      expect(await trips()).toBe(before + 2);
      store.settle(taken(second), UNREACHED, world.now());
      await store.idle();
      expect(await trips()).toBe(before + 3);
    });

    test('two tenants share nothing', async () => {
      const other = new RedisWorld(server.url);
      taken(await store.take([rate('a', WHOLE)], world.now()));
      expect((await other.open().take([rate('a', WHOLE)], world.now())).kind).toBe('taken');
      expect(await other.open().reset(undefined, world.now())).toEqual({ kind: 'reset', count: 1 });
      expect((await store.take([rate('a', WHOLE)], world.now())).kind).toBe('denied');
      await other.close();
    });

    test('what was given back is remembered until nobody can give it back again', async () => {
      const slow = { spendUs: 5_000_000, depthUs: 5_000_000, mostUs: 5_000_000 };
      const receipt = taken(await store.take([rate('a', slow)], world.now()));
      store.settle(receipt, UNREACHED, world.now());
      await store.idle();
      expect(Number(await raw.send('PTTL', nameOf('h', 'a')))).toBeGreaterThan(5_000);
      taken(await store.take([rate('a', slow)], world.now()));
      expect(Number(await raw.send('PTTL', nameOf('h', 'a')))).toBeGreaterThan(10_000);
      store.settle(receipt, UNREACHED, world.now());
      await store.idle();
      expect((await store.take([rate('a', slow)], world.now())).kind).toBe('denied');
    });

    test('but not for longer than a day after the rate is full', async () => {
      const hours = (count: number) => count * 3_600_000;
      const whole = hours(20) * 1_000;
      for (let count = 0; count < 4; count += 1) {
        const receipt = taken(await store.take([rate('a', { spendUs: whole, depthUs: whole })], world.now()));
        store.settle(receipt, UNREACHED, world.now());
        await store.idle();
      }
      expect(Number(await raw.send('PTTL', nameOf('h', 'a')))).toBeLessThanOrEqual(hours(20 + 24) + 1_001);
    });
  });
});
