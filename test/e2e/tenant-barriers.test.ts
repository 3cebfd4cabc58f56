// What was handed out to one tenant is of no use to another on the same servers: ids of tasks, cursors, request states, subscriptions,
// progress tokens; behind one server and behind a gateway.
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { connectRaw, type RawClient } from './client-raw.ts';
import type { Yard } from './guarded.ts';
import { openYard, writeConfig } from './tenant-stage.ts';
import { eachInYard } from './yards.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
const SERVER = fileURLToPath(new URL('../fixtures/servers/keeps-ids.mjs', import.meta.url));

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

interface Answer {
  readonly result?: {
    readonly task?: { readonly taskId: string };
    readonly content?: readonly { readonly text: string }[];
    readonly [more: string]: unknown;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

class Tenant {
  readonly client: RawClient;
  readonly #prefix: string;
  readonly #meta: object;
  #id = 0;

  /** @param meta of every request, as a client of 2026-07-28 has it */
  constructor(config: string, tenant: string, behind: string, meta: object = {}) {
    this.#meta = meta;
    const flags = behind === 'one server' ? ['--server', 'srv'] : [];
    this.#prefix = behind === 'one server' ? '' : 'srv__';
    const args = [BIN, 'run', '--config', config, '--tenant', tenant, ...flags];
    this.client = connectRaw({ command: process.execPath, args, env: yard.env(), directory: yard.home });
  }

  async ask(method: string, params: object): Promise<Answer> {
    this.#id += 1;
    // an answer, which the test itself looks into
    return JSON.parse(
      await this.client.request(this.#id, method, JSON.stringify({ ...this.#meta, ...params })),
    ) as Answer;
  }

  call(name: string, more: object = {}): Promise<Answer> {
    return this.ask('tools/call', { name: `${this.#prefix}${name}`, arguments: {}, ...more });
  }

  /** What its server knows of. */
  async known(): Promise<Readonly<Record<'tasks' | 'watched' | 'tokens' | 'streams', unknown>>> {
    const { result } = await this.call('known');
    return JSON.parse(result?.content?.[0]?.text ?? '{}');
  }
}

describe.each(['one server', 'a gateway'])('behind %s', (behind) => {
  const open = async () => {
    const config = writeConfig(yard, { acme: {}, globex: {} }, { args: [SERVER] });
    const acme = new Tenant(config, 'acme', behind);
    // the first one locks the config
    await acme.client.initialize();
    const globex = new Tenant(config, 'globex', behind);
    await globex.client.initialize();
    await Promise.all([acme.ask('tools/list', {}), globex.ask('tools/list', {})]);
    return { acme, globex };
  };
  const close = async (...tenants: readonly Tenant[]) => {
    for (const { client } of tenants) expect(await client.end()).toBe(0);
  };
  const refused = { error: { code: -32602 } };

  test('a task is nobody else’s: not seen, not fetched, not cancelled', async () => {
    const { acme, globex } = await open();
    const { result } = await acme.call('work', { task: {} });
    const taskId = result?.task?.taskId;
    expect(taskId).toEqual(expect.any(String));
    expect(await acme.ask('tasks/get', { taskId })).toMatchObject({ result: { status: 'working' } });
    for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel'])
      expect(await globex.ask(method, { taskId })).toMatchObject(refused);
    expect(await acme.ask('tasks/get', { taskId })).toMatchObject({ result: { status: 'working' } });
    expect((await globex.known()).tasks).toEqual([]);
    await close(acme, globex);
  });

  test('nor is a cursor or a request state', async () => {
    const { acme, globex } = await open();
    const cursor = (await acme.ask('tools/list', {})).result?.nextCursor;
    expect(cursor).toEqual(expect.any(String));
    expect(await globex.ask('tools/list', { cursor })).toMatchObject(refused);
    expect((await acme.ask('tools/list', { cursor })).result?.tools).toHaveLength(2);
    const requestState = (await acme.call('ask')).result?.requestState;
    expect(requestState).toEqual(expect.any(String));
    expect(await globex.call('answer', { requestState })).toMatchObject(refused);
    expect(await acme.call('answer', { requestState })).toMatchObject({ result: {} });
    await close(acme, globex);
  });

  test('subscriptions and progress tokens under the same name are each tenant’s own', async () => {
    const { acme, globex } = await open();
    await Promise.all([acme.ask('resources/list', {}), globex.ask('resources/list', {})]);
    expect(await acme.ask('resources/subscribe', { uri: 'note://own' })).toMatchObject({ result: {} });
    await acme.call('known', { _meta: { progressToken: 'acme-token' } });
    const before = acme.client.lines.length;
    await globex.call('known', { _meta: { progressToken: 'acme-token' } });
    expect(await globex.known()).toMatchObject({ watched: [], tokens: ['acme-token'] });
    expect(await globex.ask('resources/subscribe', { uri: 'note://own' })).toMatchObject({ result: {} });
    expect((await acme.known()).watched).toEqual(['note://own']);
    // nothing has come to acme but what it asked for itself
    const since = acme.client.lines.slice(before).filter((line) => !line.includes('notifications/progress'));
    expect(since.map((line) => JSON.parse(line).id)).toEqual([expect.any(Number)]);
    expect(globex.client.lines.join()).not.toContain('"id":"acme');
    await close(acme, globex);
  });

  test('a stream that one listens to is nobody else’s, whoever speaks on it under whatever id', async () => {
    const version = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const modern = { _meta: { ...version, 'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' } } };
    const config = writeConfig(yard, { acme: {}, globex: {} }, { args: [SERVER] });
    const listen = ({ client }: Tenant): Promise<string> => {
      const params = { ...modern, notifications: { resourceSubscriptions: ['note://own'] } };
      const message = { jsonrpc: '2.0', id: 'the-stream', method: 'subscriptions/listen', params };
      client.write(`${JSON.stringify(message)}\n`);
      return client.until((line) => line.includes('notifications/subscriptions/acknowledged'));
    };
    const announce = (tenant: Tenant) => tenant.call('announce', { arguments: { stream: 'the-stream' } });
    const heard = ({ client }: Tenant) => client.lines.filter((line) => line.includes('resources/updated')).length;
    const acme = new Tenant(config, 'acme', behind, modern);
    await acme.ask('resources/list', {});
    const globex = new Tenant(config, 'globex', behind, modern);
    await globex.ask('resources/list', {});
    expect(await listen(acme)).toContain('the-stream');
    // another's server speaks under that id, and another's client ends it: each is that tenant's own matter
    await announce(globex);
    globex.client.write(
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"the-stream","reason":"mine"}}\n',
    );
    expect([(await globex.known()).streams, (await acme.known()).streams]).toEqual([[], ['the-stream']]);
    expect(heard(acme)).toBe(0);
    // nobody has listened there
    if (behind === 'a gateway') expect(heard(globex)).toBe(0);
    const before = heard(globex);
    await announce(acme);
    expect([heard(acme), heard(globex)]).toEqual([1, before]);
    // the same id, and another stream
    expect(await listen(globex)).toContain('the-stream');
    await announce(globex);
    expect([heard(acme), heard(globex)]).toEqual([1, before + 1]);
    await close(acme, globex);
  });
});
