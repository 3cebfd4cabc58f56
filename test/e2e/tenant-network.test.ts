// Level L3, with the real runtime: a hostile server reaches the domains that its tenant may, and no host, file or process besides.
import { once } from 'node:events';
import * as fs from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RawClient } from './client-raw.ts';
import { descendants, eventually, type Yard } from './guarded.ts';
import { skipLoudly } from './skipping.ts';
import { connect, isolationOf, lacks, openYard, ownUserOf, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';

let yard: Yard;
let open: Listener;
let closed: Listener;
beforeEach(async () => {
  yard = openYard();
  [open, closed] = await Promise.all([listen('the open one'), listen('the closed one')]);
});
afterEach(async () => {
  for (const { server } of [open, closed]) server.close();
  expect(await yard.close()).toEqual([]);
  fs.rmSync(`${yard.state}-homes`, { recursive: true, force: true });
});

interface Listener {
  readonly server: Server;
  readonly port: number;
  /** How often somebody connected. */
  readonly seen: () => number;
}

async function listen(banner: string): Promise<Listener> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.on('error', () => {}).end(banner);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // a server that listens on a port has one
  return { server, port: (server.address() as AddressInfo).port, seen: () => count };
}

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const boxed = (more: object = {}, uid = 7001) => ({ required: 'L3', ...ownUserOf(uid), readable: [fixtures], ...more });

function begin(tenant: string, isolation: Readonly<Record<string, object>>): RawClient {
  const server = { args: [join(fixtures, 'servers', 'reaches-out.mjs')] };
  const blocks = Object.entries(isolation).map(([id, one]) => [id, { isolation: one }] as const);
  return connect(yard, writeConfig(yard, Object.fromEntries(blocks), server), tenant);
}

async function attempt(client: RawClient, id: number, steps: readonly (readonly unknown[])[]): Promise<unknown[]> {
  const line = await client.request(id, 'tools/call', JSON.stringify({ name: 'try', arguments: { steps } }));
  // the fixture's own answer
  const { result } = JSON.parse(line) as {
    readonly result: { readonly content: readonly [{ readonly text: string }] };
  };
  return JSON.parse(result.content[0].text);
}

/** What its gate refused, as the record has it. */
const refusedOf = (tenant: string): readonly string[] =>
  readTrail(join(yard.state, tenant)).flatMap(({ records }) =>
    records.flatMap(({ h }) => {
      const { server, detail } = h as { server?: string; detail?: { stage?: string; what?: string } }; // of an event
      return server === 'srv' && detail?.stage === 'network' ? [detail.what ?? ''] : [];
    }),
  );

const hide = (path: string): string => Buffer.from(path).toString('base64');

describe('at L3', () => {
  test('one listener is reached because it is named, and nothing else is: no host, no file', async ({ skip }) => {
    const why = lacks('L3');
    if (why !== undefined) skipLoudly(skip, why);
    const acme = begin('acme', {
      acme: boxed({ network: [`localhost:${open.port}`, '*.example.com'] }),
      globex: boxed({}, 7002),
    });
    await acme.initialize();
    const theirs = join(`${yard.state}-homes`, 'globex', 'home', 'kept');
    fs.mkdirSync(join(theirs, '..'), { recursive: true });
    fs.writeFileSync(theirs, 'of globex');
    const outside = join(yard.home, 'left');
    const came = await attempt(acme, 1, [
      ['proxied', `localhost:${open.port}`],
      ['proxied', `localhost:${closed.port}`],
      ['proxied', `127.0.0.1:${open.port}`],
      ['proxied', `example.com:443`],
      ['proxied', `localhost:${open.port}`, 'srt', '0'.repeat(32)],
      ['direct', '127.0.0.1', open.port],
      ['direct', '127.0.0.1', closed.port],
      ['read', hide(theirs)],
      ['read', hide(join(yard.state, 'acme', 'keys'))],
      ['read', hide(join(yard.home, 'config.json'))],
      ['read', hide(join(`${yard.state}-homes`, 'acme', 'gates'))],
      ['write', hide(outside)],
      ['write', hide('/usr/left')],
      ['write', hide('mine')],
    ]);
    expect(came[0]).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nthe open one$/s);
    for (const refused of came.slice(1, 4)) expect(refused).toMatch(/^HTTP\/1\.1 403 /);
    expect(came[4]).toMatch(/^HTTP\/1\.1 407 /);
    expect(came.slice(5, 7)).toEqual(['(ECONNREFUSED)', '(ECONNREFUSED)']);
    for (const hidden of came.slice(7, 11)) expect(hidden).toBe('(ENOENT)');
    // the first of these into a directory that is the sandbox's own, and is gone with it
    expect(came.slice(11)).toEqual(['written', '(EROFS)', 'written']);
    expect([open.seen(), closed.seen()]).toEqual([1, 0]);
    expect(fs.existsSync(outside)).toBe(false);
    // what goes over stdio goes as it is
    const exactly = `{"jsonrpc" : "2.0",\t"result":{"content":[{"type":"text","text":"\\u00e9\\/${'é'.repeat(100_000)}"}]} , "id":2}`;
    expect(await acme.request(2, 'tools/call', JSON.stringify({ name: 'try', arguments: { exactly } }))).toBe(exactly);
    expect(await acme.end()).toBe(0);
    expect(acme.stderr()).toContain(`deny network-outbound localhost:${closed.port}`);
    expect(refusedOf('acme').join('\n')).toContain(`deny network-outbound localhost:${closed.port}`);
    expect(isolationOf(yard, 'acme')).toEqual(['L3']);
    // nothing is left where its gate was
    expect(fs.readdirSync(join(`${yard.state}-homes`, 'acme', 'gates'))).toEqual([]);
  });

  test('without a domain there is no gate, and a tenant has no use for another’s', async ({ skip }) => {
    const why = lacks('L3');
    if (why !== undefined) skipLoudly(skip, why);
    const acme = begin('acme', { acme: boxed({ network: [`localhost:${open.port}`] }), globex: boxed({}, 7002) });
    await acme.initialize();
    const [token] = await attempt(acme, 1, [['env', 'HTTPS_PROXY']]);
    const globex = connect(yard, join(yard.home, 'config.json'), 'globex');
    await globex.initialize();
    const came = await attempt(globex, 1, [
      ['env', 'HTTPS_PROXY'],
      ['direct', '127.0.0.1', 3128],
      ['direct', '127.0.0.1', open.port],
    ]);
    expect(token).toMatch(/^http:\/\/srt:[0-9a-f]{32}@127\.0\.0\.1:3128$/);
    expect(came).toEqual([null, '(ECONNREFUSED)', '(ECONNREFUSED)']);
    expect(isolationOf(yard, 'globex')).toEqual(['L3']);
    expect(await acme.end()).toBe(0);
    expect(await globex.end()).toBe(0);
    expect(open.seen()).toBe(0);
  });

  test('a guard that is killed leaves no process; the next one takes away what its gate left', async ({ skip }) => {
    const why = lacks('L3');
    if (why !== undefined) skipLoudly(skip, why);
    const acme = begin('acme', { acme: boxed({ network: [`localhost:${open.port}`] }) });
    await acme.initialize();
    const started = descendants(acme.pid);
    for (const name of ['socat UNIX-LISTEN', 'socat TCP4-LISTEN', 'reaches-out'])
      expect(started.some(({ command }) => command.includes(name))).toBe(true);
    process.kill(acme.pid, 'SIGKILL');
    await acme.exited;
    await eventually('all of it is gone', () => started.every(({ pid }) => !isAlive(pid)));
    const gates = join(`${yard.state}-homes`, 'acme', 'gates');
    const [left] = fs.readdirSync(gates);
    expect(left).toMatch(new RegExp(`^${acme.pid}-`));
    const again = connect(yard, join(yard.home, 'config.json'), 'acme');
    await again.initialize();
    expect((await attempt(again, 1, [['proxied', `localhost:${open.port}`]]))[0]).toContain('the open one');
    expect(fs.readdirSync(gates)).toEqual([expect.stringMatching(new RegExp(`^${again.pid}-`))]);
    expect(await again.end()).toBe(0);
  });

  test('and with a user of its own', async ({ skip }) => {
    const why = lacks('L3') ?? lacks('L1');
    if (why !== undefined) skipLoudly(skip, why);
    const acme = begin('acme', { acme: boxed({ network: [`localhost:${open.port}`], uid: 7001 }) });
    await acme.initialize();
    const came = await attempt(acme, 1, [
      ['proxied', `localhost:${open.port}`],
      ['proxied', `localhost:${closed.port}`],
    ]);
    expect(came[0]).toContain('the open one');
    expect(came[1]).toMatch(/^HTTP\/1\.1 403 /);
    const gates = descendants(acme.pid).filter(({ command }) => /^\S*socat /.test(command));
    expect(gates.map(({ pid }) => fs.statSync(`/proc/${pid}`).uid)).toEqual(gates.map(() => 7001));
    expect(gates.length).toBeGreaterThan(1);
    expect(await acme.end()).toBe(0);
  });
});

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
