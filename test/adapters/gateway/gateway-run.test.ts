// A gateway between streams, its lanes real session runs with servers made of streams: turns, pressure, endings.
import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { LaneNews } from '../../../src/adapters/gateway-options.ts';
import { GatewayRun } from '../../../src/adapters/gateway-run.ts';
import { SessionRun } from '../../../src/adapters/run-session.ts';
import { StreamClient } from '../../../src/adapters/stream-client.ts';
import { Gateway } from '../../../src/core/gateway/gateway.ts';
import type { LaneSettings } from '../../../src/core/gateway/settings.ts';
import { Session } from '../../../src/core/session.ts';
import { BARE_DEADLINE, DEFAULT_RESTART } from '../../../src/core/settings.ts';
import { DEFAULT_READ_LIMITS } from '../../../src/wire/message.ts';
import { laneSettings } from '../../core/gateway/gateway-playbook.ts';
import { FakeServer, ManualTimers, MemorySink, settle } from '../session/rig.ts';

class GatewayRig {
  readonly timers = new ManualTimers();
  readonly sink = new MemorySink();
  readonly stdin = new PassThrough();
  readonly servers = new Map<string, FakeServer[]>();
  readonly news = new Map<string, LaneNews>();
  readonly gateway: Gateway;
  readonly run: GatewayRun;
  readonly status: Promise<number>;
  output = '';
  /** When true, the client reads nothing. */
  isStuck = false;
  #release: () => void = () => {};

  constructor(names: readonly string[], more: Partial<LaneSettings> = {}, fullAtBytes = 16 * 1024) {
    const clock = { now: () => ({ wallMs: 0, monoMs: this.timers.nowMs }) };
    const log = { write: () => {} };
    const limits = { maxLineBytes: 1 << 20, fullAtBytes, serverFullAtBytes: 1 << 20, read: DEFAULT_READ_LIMITS };
    const stdout = new Writable({
      write: (chunk: Buffer, _, done) => {
        this.output += chunk.toString();
        if (this.isStuck) this.#release = done;
        else done();
      },
    });
    this.gateway = new Gateway({
      ...{ lanes: names.map((name) => laneSettings(name, more)), tag: 't', serverInfo: { name: 'g', version: '1' } },
      ...{ seal: () => 's', read: DEFAULT_READ_LIMITS },
    });
    this.run = new GatewayRun({
      ...{ gateway: this.gateway, clock, log, timers: this.timers, sink: this.sink, read: DEFAULT_READ_LIMITS },
      ...{ client: new StreamClient(this.stdin, stdout, limits), parent: () => 1, afterTurn: () => {} },
      openLane: (name, client, news) => {
        const server = new FakeServer();
        this.news.set(name, news);
        this.servers.set(name, [...(this.servers.get(name) ?? []), server]);
        const upstream = { name, deadlineOf: () => BARE_DEADLINE, onExit: 'exit' as const, restart: DEFAULT_RESTART };
        const settings = { upstream, tag: name, model: { operator: undefined, metaPaths: [] } };
        const watch = { name: 'lane', onExit: () => news.onAway(), onFate: () => news.onGone(false, undefined) };
        const command = { command: name, args: [], cwd: undefined, env: {}, stderr: 'pipe' as const };
        return new SessionRun({
          session: new Session(settings, [watch], () => {}),
          servers: new Map([[name, { command, process: server }]]),
          spawner: { spawn: () => server },
          sink: { append: (entries) => this.sink.append(entries), close: () => {} },
          ...{ clock, log, timers: this.timers, client, parent: () => 1, limits, afterTurn: () => {} },
          ...{ policiesIdle: () => Promise.resolve(), showNoise: () => {}, relayStderr: () => {} },
          shutdown: { termAfterMs: 1200, killAfterMs: 1800 },
        });
      },
    });
    this.status = this.run.run();
  }

  client(message: object): void {
    this.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  server(name: string): FakeServer {
    const server = this.servers.get(name)?.at(-1);
    if (server === undefined) throw new Error(`${name} was never started`);
    return server;
  }

  says(name: string, message: object): void {
    this.server(name).says(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  lines(): Record<string, unknown>[] {
    return this.output
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
  }

  async greet(): Promise<void> {
    this.client({ id: 0, method: 'initialize', params: { capabilities: {} } });
    await settle();
    const result = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 's', version: '1' },
    };
    for (const name of this.servers.keys()) this.says(name, { id: 0, result });
    await settle();
    this.client({ method: 'notifications/initialized' });
    await settle();
  }

  recover(): void {
    this.isStuck = false;
    this.#release();
  }
}

test('a call goes through the session of its server, recorded before it leaves, and back', async () => {
  const rig = new GatewayRig(['a', 'b']);
  await rig.greet();
  rig.client({ id: 1, method: 'tools/call', params: { name: 'b__x', arguments: {} } });
  await settle();
  expect(rig.server('a').received).not.toContain('tools/call');
  expect(rig.server('b').lines().at(-1)).toContain('"name":"x"');
  expect(rig.sink.entries.at(-1)).toMatchObject({ type: 'intent', server: 'b', subject: 'x', decision: 'pass' });
  rig.says('b', { id: 1, result: { content: [] } });
  await settle();
  expect(rig.lines().at(-1)).toMatchObject({ id: 1, result: { content: [] } });
  expect(rig.sink.entries.at(-1)).toMatchObject({ type: 'outcome', settlement: 'result' });
});

test('what cannot be recorded does not leave, for its own server alone', async () => {
  const rig = new GatewayRig(['a']);
  await rig.greet();
  rig.sink.broken = true;
  rig.client({ id: 1, method: 'tools/call', params: { name: 'a__x', arguments: {} } });
  await settle();
  expect(rig.server('a').received).not.toContain('tools/call');
  expect(rig.lines().at(-1)).toMatchObject({ id: 1, result: { isError: true } });
});

test('a client that is behind pauses the server that is loud, and not the one that is not', async () => {
  const rig = new GatewayRig(['loud', 'quiet']);
  await rig.greet();
  rig.isStuck = true;
  const note = { method: 'notifications/message', params: { level: 'info', data: 'x'.repeat(8192) } };
  for (let n = 0; n < 40; n += 1) rig.says('loud', note);
  rig.says('quiet', { method: 'notifications/message', params: { level: 'info', data: 'small' } });
  await settle();
  expect(rig.server('loud').stdout.isPaused()).toBe(true);
  expect(rig.server('quiet').stdout.isPaused()).toBe(false);
  rig.recover();
  await settle();
  expect(rig.server('loud').stdout.isPaused()).toBe(false);
  expect(rig.output).toContain('small');
});

test('a server that gives up leaves the others alone; the end of the input ends all, with status 0 and one seal', async () => {
  const rig = new GatewayRig(['a', 'b']);
  await rig.greet();
  rig.server('a').exits({ kind: 'exited', code: 3 });
  await settle();
  rig.client({ id: 1, method: 'tools/call', params: { name: 'a__x', arguments: {} } });
  rig.client({ id: 2, method: 'tools/call', params: { name: 'b__x', arguments: {} } });
  await settle();
  expect(rig.lines().at(-1)).toMatchObject({ id: 1, result: { isError: true } });
  rig.says('b', { id: 2, result: { content: [] } });
  await settle();
  expect(rig.lines().at(-1)).toMatchObject({ id: 2, result: { content: [] } });
  expect(rig.sink.closed).toBeUndefined();
  rig.stdin.end();
  await settle();
  rig.server('b').exits({ kind: 'exited', code: 0 });
  await settle();
  expect(await rig.status).toBe(0);
  expect(rig.sink.closed).toBe('the client has left');
});

test('a server that was down is started again after its time', async () => {
  const rig = new GatewayRig(['a', 'b']);
  await rig.greet();
  rig.server('a').exits({ kind: 'exited', code: 3 });
  await settle();
  rig.timers.pass(61_000);
  await settle();
  expect(rig.servers.get('a')).toHaveLength(2);
  expect(rig.server('a').lines()[0]).toContain('initialize');
});

test('what several servers make of one thing is one turn, whatever ends a turn meanwhile', async () => {
  const rig = new GatewayRig(['a', 'b']);
  await rig.greet();
  const told = () => rig.lines().filter(({ method }) => method === 'notifications/tools/list_changed').length;
  const before = told();
  rig.run.between(() => {
    for (const one of rig.news.values()) {
      one.onList('tools');
      rig.run.tell({ type: 'guard_said', level: 'warn', text: 'x' });
    }
    expect(told()).toBe(before);
  });
  await settle();
  expect(told()).toBe(before + 1);
});

test('a server that is stopped leaves the config while its policies change: what its session says of that is nobody’s, and all goes on', async () => {
  const rig = new GatewayRig(['a', 'b'], { idleStopMs: 1_000 });
  await rig.greet();
  rig.client({ id: 1, method: 'tools/call', params: { name: 'b__x', arguments: {} } });
  await settle();
  rig.timers.pass(2_000);
  await settle();
  rig.server('a').exits({ kind: 'exited', code: 0 });
  await settle();
  // as another policy goes over: each server's own first, then who there is
  rig.run.between(() => {
    rig.news.get('a')?.onList('tools');
    rig.run.tell({ type: 'lanes_are', lanes: [laneSettings('b')], renewed: new Set() });
  });
  rig.says('b', { id: 1, result: { content: [] } });
  await settle();
  expect(rig.lines().at(-1)).toMatchObject({ id: 1, result: { content: [] } });
});

test('a failure of the gateway is none of a policy that goes over meanwhile: nobody can take it for undone', async () => {
  const rig = new GatewayRig(['a']);
  await rig.greet();
  const before = rig.timers.nowMs;
  rig.run.between(() => {
    rig.news.get('a')?.onList('tools');
    rig.gateway.endTurn = () => {
      throw new Error('a bug');
    };
  });
  expect(() => rig.timers.pass(before)).toThrow('a bug');
});

test('a signal ends all servers and is the status', async () => {
  const rig = new GatewayRig(['a', 'b']);
  await rig.greet();
  rig.run.stop(15);
  rig.timers.pass(1);
  expect([rig.server('a').signals, rig.server('b').signals]).toEqual([['TERM'], ['TERM']]);
  for (const name of ['a', 'b']) rig.server(name).exits({ kind: 'signalled', signal: 'SIGTERM', number: 15 });
  await settle();
  expect(await rig.status).toBe(143);
});

test('a guard that fails takes its servers with it', async () => {
  const rig = new GatewayRig(['a', 'b']);
  await rig.greet();
  rig.run.abandon();
  expect([rig.server('a').signals, rig.server('b').signals]).toEqual([['KILL'], ['KILL']]);
  expect(await rig.status).toBe(70);
});
