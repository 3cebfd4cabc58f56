// A fleet whose redis is killed, restarted, slow, cut off, full or written to by somebody else: each machine goes by its own meanwhile, nobody
// is locked out, and what was found meanwhile is told once it is back.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readOwnIdentity } from '../../../src/adapters/process-identity.ts';
import { nameHolder } from '../../../src/adapters/store-holder.ts';
import { openRawRedis } from '../limits/redis-client.ts';
import { findRedisServer, NO_REDIS, RedisServer } from '../limits/redis-server.ts';
import { TcpProxy } from '../limits/tcp-proxy.ts';
import { FleetMachine, type MachineOptions } from './fleet-machine.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);
const LATER = { timeout: 8_000, interval: 5 };
const QUICK = { lookEveryMs: 20, answerMs: 300, connectMs: 600 };
const SHORT = { ...QUICK, settings: { openMs: 300, maxOpenMs: 300 } };

describe.skipIf(program === undefined)('a fleet whose redis fails', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let through: string;
  let tenant = '';
  let count = 0;
  const machines: FleetMachine[] = [];
  const raws: { close(): void }[] = [];
  beforeAll(async () => {
    server = await RedisServer.start(program ?? '');
  });
  afterAll(() => server.remove());
  beforeEach(async () => {
    if (!server.isUp) await server.start();
    proxy = new TcpProxy(server.port);
    through = await proxy.start();
    count += 1;
    tenant = `f${process.pid}-${count}`;
  });
  afterEach(async () => {
    for (const raw of raws.splice(0)) raw.close();
    await Promise.all(machines.splice(0).map((machine) => machine.close()));
    await proxy.close();
  });
  const add = (name: string, over: Partial<MachineOptions> = {}): FleetMachine => {
    const machine = new FleetMachine({ url: server.url, tenant, name, ...QUICK, ...over });
    machines.push(machine);
    return machine;
  };
  const look = async () => {
    const raw = await openRawRedis(server.url);
    raws.push(raw);
    return raw;
  };
  const becomes = (machine: FleetMachine, kind: string, tool?: string) =>
    expect.poll(() => machine.state(tool).kind, LATER).toBe(kind);
  const passes = (machine: FleetMachine) => expect.poll(() => machine.call(true), LATER).toBe('pass');

  test('killed: each machine opens and closes by itself, says so once; started again, empty: what is open is told', async () => {
    const [one, other] = [add('one', SHORT), add('other')];
    await one.fail('marker');
    await becomes(other, 'open', 'marker');
    await server.kill();
    await expect.poll(() => one.turns.length, LATER).toBe(1);
    await one.fail();
    await passes(one);
    await passes(one);
    await becomes(one, 'closed');
    expect(other.state().kind).toBe('closed');
    await other.fail('found meanwhile');
    await server.start();
    await becomes(one, 'open', 'found meanwhile');
    expect(other.state('marker').kind).toBe('open');
    expect(one.turns).toEqual([expect.any(String), undefined]);
  });

  test('killed while an opening of another machine holds: it ends by itself, never sooner', async () => {
    const [one, other] = [add('one', { settings: { openMs: 700, maxOpenMs: 700 } }), add('other')];
    await one.fail();
    await becomes(other, 'open');
    const { forMs } = other.state() as { forMs: number }; // the state is open
    await server.kill();
    const begun = performance.now();
    await passes(other);
    // the poll above began a little later than the opening
    expect(performance.now() - begun).toBeGreaterThan(forMs - 200);
    expect(other.rules().slice(0, 2)).toEqual(['fleet_open', 'cool_down_over']);
  });

  test('cut off: a probe waits for an answer once, then the machine goes by its own', async () => {
    const one = add('one', { ...SHORT, url: through });
    await one.fail();
    await expect.poll(() => proxy.connections, LATER).toBeGreaterThan(0);
    proxy.isSwallowing = true;
    const begun = performance.now();
    await passes(one);
    expect(performance.now() - begun).toBeLessThan(300 + 3 * QUICK.answerMs);
    await expect.poll(() => one.turns.length, LATER).toBe(1);
    const again = performance.now();
    await passes(one);
    expect(performance.now() - again).toBeLessThan(QUICK.answerMs);
    // the connection is given up: what went into it would be missing from it
    const before = proxy.connections;
    await expect.poll(() => proxy.connections, LATER).toBeGreaterThan(before);
    proxy.isSwallowing = false;
    await expect.poll(() => one.turns, LATER).toEqual([expect.any(String), undefined]);
  });

  test('slow: calls that go do not wait for it, and what others find arrives all the same', async () => {
    const [one, other] = [add('one'), add('other', { url: through })];
    await expect.poll(() => proxy.connections, LATER).toBeGreaterThan(0);
    proxy.delayMs = 200;
    const begun = performance.now();
    for (let calls = 0; calls < 200; calls += 1) expect(await other.call(true)).toBe('pass');
    expect(performance.now() - begun).toBeLessThan(200);
    await one.fail();
    await becomes(other, 'open');
  });

  test('a claim that is granted too late is given back', async () => {
    const [one, other] = [add('one', { ...SHORT, url: through }), add('other', SHORT)];
    await one.fail();
    await becomes(other, 'open');
    await expect.poll(() => Reflect.get(one.state(), 'forMs'), LATER).toBe(300);
    proxy.isHolding = true;
    await passes(one);
    proxy.release();
    await passes(other);
  });

  test('a holder that is dead keeps nobody of its own machine waiting', async () => {
    const one = add('one', SHORT);
    await one.fail();
    const raw = await look();
    const [key] = (await raw.send('KEYS', `mcp-guard:breakers:1:{${tenant}}:*`)) as string[]; // of redis
    // a process of that number, begun at another time
    const dead = nameHolder({ ...readOwnIdentity(), startTime: '1' });
    const before = JSON.parse(String(await raw.send('HGET', key ?? '', 'btquery')));
    const held = { ...before, h: `${dead}|1`, e: Date.now() + 60_000 };
    await raw.send('HSET', key ?? '', 'btquery', JSON.stringify(held));
    await passes(one);
    await raw.send('HSET', key ?? '', 'btmarker', JSON.stringify({ h: 'elsewhere|1', e: Date.now() + 60_000 }));
    await one.fail('marker');
    await expect
      .poll(async () => (await one.call(true, 'marker')) + one.claims.includes(false), LATER)
      .toBe('denytrue');
  });

  test('a probe that somebody else holds for ever keeps a machine from its own for `maxOpenMs`, not longer', async () => {
    const one = add('one', { ...SHORT, settings: { openMs: 300, maxOpenMs: 1_000 } });
    await one.fail('marker');
    const raw = await look();
    const [key] = (await raw.send('KEYS', `mcp-guard:breakers:1:{${tenant}}:*`)) as string[]; // of redis
    await raw.send('HSET', key ?? '', 'btquery', JSON.stringify({ h: 'elsewhere|1', e: Date.now() + 9e12 }));
    await one.fail();
    await expect.poll(() => one.call(true).then(() => one.claims.length), LATER).toBeGreaterThan(0);
    const refused = performance.now();
    await passes(one);
    expect(performance.now() - refused).toBeGreaterThan(800);
    expect(one.claims.slice(0, -1)).not.toContain(true);
  });

  test('what somebody else wrote there says nothing where it is not ours, and the rest goes on', async () => {
    const [one, other] = [add('one'), add('other')];
    await one.fail('marker');
    await becomes(other, 'open', 'marker');
    const raw = await look();
    const [key] = (await raw.send('KEYS', `mcp-guard:breakers:1:{${tenant}}:*`)) as string[]; // of redis
    const junk = ['{', '[]', '7', '"x"', 'null', '{"i":"a-1","q":1,"u":9e15,"n":"{}"}', '{"i":{},"d":{"a":1}}'];
    for (const [index, text] of junk.entries()) await raw.send('HSET', key ?? '', `btjunk${index}`, text);
    await raw.send('HSET', key ?? '', `bt${'x'.repeat(300)}`, '{"i":"a-1"}', 'zzz', '1');
    await one.fail('marker 2');
    await becomes(other, 'open', 'marker 2');
    for (const index of junk.keys()) expect(other.state(`junk${index}`).kind).toBe('closed');
    await raw.send('DEL', key ?? '');
    await raw.send('SET', key ?? '', 'a text');
    await expect.poll(() => other.turns.length, LATER).toBe(1);
    await raw.send('DEL', key ?? '');
    await expect.poll(() => other.turns.length, LATER).toBe(2);
    expect(other.state('marker').kind).toBe('open');
  });

  test('scripts that were flushed are sent again', async () => {
    const [one, other] = [add('one'), add('other')];
    await one.fail('marker');
    await becomes(other, 'open', 'marker');
    await (await look()).send('SCRIPT', 'FLUSH');
    await one.fail();
    await becomes(other, 'open');
    expect([one.turns, other.turns]).toEqual([[], []]);
  });

  test('a full server shares nothing new, which is said, and locks nobody out', async () => {
    const one = add('one', SHORT);
    await one.fail('marker');
    const raw = await look();
    await raw.send('CONFIG', 'SET', 'maxmemory', '1');
    try {
      await one.fail();
      await expect.poll(() => one.turns, LATER).toEqual([expect.stringContaining('OOM')]);
      await passes(one);
    } finally {
      await raw.send('CONFIG', 'SET', 'maxmemory', '0');
    }
  });
});
