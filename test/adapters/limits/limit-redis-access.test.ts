// A redis that not everybody may use, or that is not where it was named: passwords, the user that the page tells of, TLS, a cluster.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRedisLimitStore } from '../../../src/adapters/limit-store-redis.ts';
import type { LimitStore, Take } from '../../../src/ports/limit-store.ts';
import { skipLoudly } from '../../e2e/skipping.ts';
import { buildDriver } from './built-driver.ts';
import { keyOf, place, rate, taken, UNREACHED } from './contract.ts';
import { openRawRedis } from './redis-client.ts';
import { findRedisServer, freePort, NO_REDIS, RedisServer } from './redis-server.ts';
import { placeOf, RedisWorld } from './redis-world.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);
const PAGE = fileURLToPath(new URL('../../../docs/limits-redis.md', import.meta.url));
const LONG = { spendUs: 60_000_000, depthUs: 120_000_000, mostUs: 120_000_000, unitUs: 60_000_000 };
const POLL = { timeout: 10_000, interval: 20 };

describe.skipIf(program === undefined)('a redis with a door', () => {
  let world: RedisWorld;
  const servers: RedisServer[] = [];
  const raws: { close(): void }[] = [];
  beforeEach(() => {
    world = new RedisWorld('redis://nowhere.invalid');
  });
  afterEach(async () => {
    for (const raw of raws.splice(0)) raw.close();
    await world.close();
    for (const server of servers.splice(0)) await server.remove();
  });
  const start = async (words: readonly string[] = []) => {
    const server = await RedisServer.start(program ?? '', words);
    servers.push(server);
    return server;
  };
  const look = async (url: string) => {
    const raw = await openRawRedis(url);
    raws.push(raw);
    return raw;
  };
  const take = async (store: LimitStore, name = 'a'): Promise<Take> => store.take([rate(name, LONG)], world.now());
  const kind = async (store: LimitStore, name = 'a') => (await take(store, name)).kind;

  test('a wrong password opens nothing and is told to nobody; a renewed one is read anew', async () => {
    const server = await start();
    const raw = await look(server.url);
    await raw.send('CONFIG', 'SET', 'requirepass', 'the-right-one');
    let password = 'the-wrong-one';
    const store = openRedisLimitStore({
      place: () => ({ ...placeOf(server.url), password }),
      tenant: world.tenant,
    });
    const answer = await take(store);
    expect(answer).toMatchObject({ kind: 'unavailable', why: expect.stringContaining('WRONGPASS') });
    expect(JSON.stringify(answer)).not.toContain('the-wrong-one');
    password = 'the-right-one';
    await expect.poll(() => kind(store), POLL).toBe('taken');
    store.close();
  });

  test('one that wants a password says so to who has none', async () => {
    const server = await start(['--requirepass', 'the-right-one']);
    const store = openRedisLimitStore({ place: () => placeOf(server.url), tenant: world.tenant });
    expect(await take(store)).toMatchObject({
      kind: 'unavailable',
      why: 'it wants a password, and its URL has none (`NOAUTH`)',
    });
    store.close();
  });

  test('the user of the page may do all that is needed, and nothing else', async () => {
    const server = await start();
    const raw = await look(server.url);
    const rules = /^ACL SETUSER (.+)$/m.exec(readFileSync(PAGE, 'utf8'))?.[1]?.replace('…', 'secret').split(' ') ?? [];
    await raw.send('ACL', 'SETUSER', ...rules);
    const store = world.open({}, `redis://guard:secret@127.0.0.1:${server.port}`);
    const receipt = taken(await store.take([rate('a'), place('p', 'one', 2)], world.now()));
    store.renew([receipt], world.now());
    store.settle(receipt, UNREACHED, world.now());
    await store.idle();
    expect(await store.list(world.now())).toEqual({ kind: 'listed', keys: [] });
    taken(await store.take([rate('b')], world.now()));
    expect(await store.reset(undefined, world.now())).toEqual({ kind: 'reset', count: 1 });
    const guard = await look(`redis://guard:secret@127.0.0.1:${server.port}`);
    await expect(guard.send('SET', 'other', 'x')).rejects.toThrow('NOPERM');
    await expect(guard.send('FLUSHALL')).rejects.toThrow('NOPERM');
  });

  test('one that throws counts away when it is full is said to, once; one that keeps them, or says nothing to this user, is not', async () => {
    const server = await start();
    const raw = await look(server.url);
    const rules = /^ACL SETUSER (.+)$/m.exec(readFileSync(PAGE, 'utf8'))?.[1]?.replace('…', 'secret').split(' ') ?? [];
    await raw.send('ACL', 'SETUSER', ...rules);
    const saidTo = async () => {
      const said: string[] = [];
      const url = `redis://guard:secret@127.0.0.1:${server.port}`;
      const store = openRedisLimitStore({
        place: () => placeOf(url),
        tenant: world.tenant,
        say: (text) => said.push(text),
      });
      for (const name of ['a', 'b', 'c']) await store.take([rate(name)], world.now());
      // behind whatever the store has asked, on the same connection
      await store.list(world.now());
      store.close();
      return said;
    };
    expect(await saidTo()).toEqual([]);
    await raw.send('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await saidTo()).toEqual([
      expect.stringMatching(/`maxmemory-policy` is `allkeys-lru`; set it to `noeviction`$/),
    ]);
    await raw.send('ACL', 'SETUSER', 'guard', '-info');
    expect(await saidTo()).toEqual([]);
  });

  test('with TLS only a server whose certificate is trusted is told anything', async ({ skip }) => {
    const probe = await start();
    const [key, certificate] = [join(probe.directory, 'key.pem'), join(probe.directory, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
    try {
      const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', ...subject];
      execFileSync('openssl', [...words, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    } catch {
      skipLoudly(skip, '`openssl` makes no certificate here: a redis with TLS');
    }
    const port = await freePort();
    const tls = ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key];
    await start([...tls, '--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no']);
    const url = `rediss://localhost:${port}`;
    expect(await take(world.open({}, url))).toMatchObject({
      kind: 'unavailable',
      why: expect.stringContaining('self-signed'),
    });
    expect((await take(world.open({}, `redis://localhost:${port}`))).kind).toBe('unavailable');

    const driver = await buildDriver();
    const child = spawn(process.execPath, [driver.path, url], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate },
    });
    child.stdin.end(`${world.tenant} 100 1000000 2000000\ngo\n`);
    const said: string[] = [];
    for await (const bytes of child.stdout) said.push(String(bytes));
    driver.remove();
    expect(said.join('')).toMatch(/"taken":2,"denied":[1-9]\d*,"full":0,"unavailable":0/);
  });

  test('in a cluster the node that has the keys is asked, whichever was named', async () => {
    const words = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
    const [one, other] = [await start(words), await start(words)];
    const [first, second] = [await look(one.url), await look(other.url)];
    const slot = Number(await first.send('CLUSTER', 'KEYSLOT', `{${world.tenant}}`));
    await second.send('CLUSTER', 'ADDSLOTS', String(slot));
    await first.send('CLUSTER', 'SET-CONFIG-EPOCH', '1');
    await second.send('CLUSTER', 'SET-CONFIG-EPOCH', '2');
    for (const raw of [first, second]) await raw.send('CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
    await first.send('CLUSTER', 'MEET', '127.0.0.1', String(other.port));
    const found = async () => String(await first.send('CLUSTER', 'SLOTS')).includes(String(other.port));
    await expect.poll(found, POLL).toBe(true);
    const store = world.open({}, one.url);
    await expect.poll(() => kind(store, 'b'), POLL).toBe('taken');
    expect([await kind(store), await kind(store), await kind(store)]).toEqual(['taken', 'taken', 'denied']);
    expect(await second.send('EXISTS', `mcp-guard:limits:1:{${world.tenant}}:h:${keyOf('a')}`)).toBe(1);
  });
});
