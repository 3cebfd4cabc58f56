// A SessionRun between streams and a server made of streams, with timers and a sink by hand.
import { PassThrough, Writable } from 'node:stream';
import type { RunOptions } from '../../../src/adapters/run-options.ts';
import { SessionRun } from '../../../src/adapters/run-session.ts';
import type { Timers } from '../../../src/adapters/shutdown-ladder.ts';
import { StreamClient } from '../../../src/adapters/stream-client.ts';
import type { AuditEntry } from '../../../src/audit/entry.ts';
import type { Interceptor } from '../../../src/core/interceptor.ts';
import { Session } from '../../../src/core/session.ts';
import { BARE_DEADLINE, DEFAULT_RESTART, type Deadline } from '../../../src/core/settings.ts';
import type { AuditSink } from '../../../src/ports/audit-sink.ts';
import type { ExitStatus, UpstreamProcess } from '../../../src/ports/upstream.ts';
import { DEFAULT_READ_LIMITS } from '../../../src/wire/message.ts';

export class FakeServer implements UpstreamProcess {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  readonly stdout = new PassThrough();
  readonly stderr = undefined;
  readonly exited: Promise<ExitStatus>;
  readonly signals: string[] = [];
  received = '';
  /** When true, the server reads nothing. */
  stuck = false;
  #settle: (status: ExitStatus) => void = () => {};
  #stuckDone: (() => void) | undefined;

  constructor(pid: number | undefined = 4711) {
    this.pid = pid;
    this.exited = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.stdin = new Writable({
      write: (chunk: Buffer, _, done) => {
        this.received += chunk.toString();
        if (this.stuck) this.#stuckDone = done;
        else done();
      },
    });
  }

  /** Reads again. */
  recover(): void {
    this.stuck = false;
    this.#stuckDone?.();
  }

  says(text: string): void {
    this.stdout.write(text);
  }

  exits(status: ExitStatus): void {
    this.#settle(status);
    this.stdout.end();
  }

  terminate(): void {
    this.signals.push('TERM');
  }

  kill(): void {
    this.signals.push('KILL');
  }

  lines(): string[] {
    return this.received.split('\n').filter((line) => line !== '');
  }
}

export class ManualTimers implements Timers {
  nowMs = 0;
  #due: { at: number; action: () => void }[] = [];

  after(delayMs: number, action: () => void): () => void {
    const entry = { at: this.nowMs + delayMs, action };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((one) => one !== entry);
    };
  }

  /** How many are set. */
  get waiting(): number {
    return this.#due.length;
  }

  /** Lets time pass, in steps, so that what a timer starts is due in its turn. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = this.#due.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.nowMs = Math.max(this.nowMs, next.at);
      next.action();
    }
    this.nowMs = end;
  }
}

export class MemorySink implements AuditSink {
  readonly entries: AuditEntry[] = [];
  broken = false;
  closed: string | undefined;

  append(entries: readonly AuditEntry[]): boolean {
    for (const entry of entries) entry.ref = { segment: 's', seq: this.entries.length + 1 };
    if (this.broken) return false;
    this.entries.push(...entries);
    return true;
  }

  close(reason: string): void {
    this.closed ??= reason;
  }
}

export interface RigOptions {
  readonly server?: FakeServer;
  readonly deadline?: Deadline;
  readonly onExit?: 'exit' | 'restart';
  readonly maxLineBytes?: number;
  readonly fullAtBytes?: number;
  readonly stdout?: Writable;
  readonly interceptors?: readonly Interceptor[];
  readonly policiesIdle?: () => Promise<void>;
  readonly screen?: RunOptions['screen'];
}

export class Rig {
  readonly server: FakeServer;
  readonly restarted: FakeServer[] = [];
  readonly timers = new ManualTimers();
  readonly sink = new MemorySink();
  readonly stdin = new PassThrough();
  readonly noise: string[] = [];
  readonly log: string[] = [];
  readonly run: SessionRun;
  readonly status: Promise<number>;
  output = '';
  parent = 100;

  constructor(options: RigOptions = {}) {
    this.server = options.server ?? new FakeServer();
    const deadline = options.deadline ?? BARE_DEADLINE;
    const session = new Session(
      {
        upstream: {
          name: 'srv',
          deadlineOf: () => deadline,
          onExit: options.onExit ?? 'exit',
          restart: DEFAULT_RESTART,
        },
        tag: 'tag',
        model: { operator: undefined, metaPaths: [] },
      },
      options.interceptors ?? [],
      () => {},
    );
    const stdout =
      options.stdout ??
      new Writable({
        write: (chunk: Buffer, _, done) => {
          this.output += chunk.toString();
          done();
        },
      });
    const command = { command: 'srv', args: [], cwd: undefined, env: {}, stderr: 'inherit' as const };
    const limits = {
      maxLineBytes: options.maxLineBytes ?? 1024 * 1024,
      fullAtBytes: options.fullAtBytes ?? 64 * 1024,
      serverFullAtBytes: options.fullAtBytes ?? 64 * 1024,
      read: DEFAULT_READ_LIMITS,
    };
    const runOptions: RunOptions = {
      session,
      servers: new Map([['srv', { command, process: this.server }]]),
      spawner: {
        spawn: () => {
          const server = new FakeServer(4712 + this.restarted.length);
          this.restarted.push(server);
          return server;
        },
      },
      sink: this.sink,
      clock: { now: () => ({ wallMs: 1_700_000_000_000 + this.timers.nowMs, monoMs: this.timers.nowMs }) },
      log: { write: (level, text) => void this.log.push(`${level}: ${text}`) },
      timers: this.timers,
      client: new StreamClient(this.stdin, stdout, limits),
      screen: options.screen,
      parent: () => this.parent,
      afterTurn: () => {},
      policiesIdle: options.policiesIdle ?? (() => Promise.resolve()),
      limits,
      shutdown: { termAfterMs: 1200, killAfterMs: 1800 },
      showNoise: (server, text) => void this.noise.push(`${server}: ${text.toString().trimEnd()}`),
      relayStderr: () => {},
    };
    this.run = new SessionRun(runOptions);
    this.status = this.run.run();
  }

  client(message: object | string): void {
    this.stdin.write(`${typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  lines(): string[] {
    return this.output.split('\n').filter((line) => line !== '');
  }
}

/** Lets everything that streams and promises have queued happen. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await new Promise((resolve) => setImmediate(resolve));
}

export const CALL = (id: number) => ({ id, method: 'tools/call', params: { name: 'echo', arguments: {} } });
/** A line. */
export const RESULT = (id: number, more: object = {}) =>
  `${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [], ...more } })}\n`;
