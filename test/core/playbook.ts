// A session under test: events in, effects out, in the words of the protocol. No stream, no process, a clock by hand.
import type { AuditEntry, IntentEntry, OutcomeEntry } from '../../src/audit/entry.ts';
import type { Effect } from '../../src/core/effects.ts';
import type { SessionEvent, UpstreamExit } from '../../src/core/events.ts';
import type { Interceptor } from '../../src/core/interceptor.ts';
import { Session } from '../../src/core/session.ts';
import { BARE_DEADLINE, DEFAULT_RESTART, type Deadline, type UpstreamSettings } from '../../src/core/settings.ts';
import { DEFAULT_READ_LIMITS, type LineReading } from '../../src/wire/message.ts';
import { readLine } from '../../src/wire/read-line.ts';

export const SERVER = 'srv';

export interface Message {
  readonly [key: string]: unknown;
}

export interface PlaybookOptions {
  readonly interceptors?: readonly Interceptor[];
  readonly deadline?: Deadline;
  readonly onExit?: UpstreamSettings['onExit'];
  readonly restart?: Partial<UpstreamSettings['restart']>;
  readonly model?: string;
  readonly metaPaths?: readonly (readonly string[])[];
}

export class Playbook {
  readonly session: Session;
  readonly faults: string[] = [];
  nowMs = 1000;
  #effects: Effect[] = [];
  /** When true, every record fails, as on a full disk. */
  diskIsFull = false;
  #seq = 0;

  constructor(options: PlaybookOptions = {}) {
    this.session = new Session(
      {
        upstream: {
          name: SERVER,
          deadlineOf: () => options.deadline ?? BARE_DEADLINE,
          onExit: options.onExit ?? 'exit',
          restart: { ...DEFAULT_RESTART, ...options.restart },
        },
        tag: 'tag',
        model: { operator: options.model, metaPaths: options.metaPaths ?? [] },
      },
      options.interceptors ?? [],
      (name) => void this.faults.push(name),
    );
  }

  /** The client sends one message, given as an object or as the exact text of a line. */
  client(message: Message | string): this {
    return this.#read(message, 'client');
  }

  upstream(message: Message | string): this {
    return this.#read(message, 'upstream');
  }

  exits(exit: Partial<UpstreamExit> = {}): this {
    return this.event({
      type: 'upstream_exited',
      upstream: SERVER,
      exit: { kind: 'exited', status: 1, text: 'code 1', byGuard: false, ...exit },
    });
  }

  /** The server is there again. */
  starts(): this {
    return this.event({ type: 'upstream_started', upstream: SERVER, pid: 2 });
  }

  at(ms: number): this {
    this.nowMs = ms;
    return this.event({ type: 'tick' });
  }

  event(event: SessionEvent): this {
    const now = { wallMs: 1_700_000_000_000 + this.nowMs, monoMs: this.nowMs };
    const effects = this.session.handle(event, now);
    for (const effect of effects) this.#effects.push(effect);
    for (const effect of effects) {
      if (effect.type !== 'record') continue;
      this.#seq += 1;
      effect.entry.ref = { segment: 'seg', seq: this.#seq };
      if (!this.diskIsFull) continue;
      // As the turn executor does it: what needs the entry is not done, and the session says what to do instead.
      this.#effects = this.#effects.filter((one) => !('needs' in one) || one.needs !== effect.entry);
      for (const one of this.session.handle(
        { type: 'record_failed', entry: effect.entry, exchange: effect.exchange },
        now,
      ))
        this.#effects.push(one);
    }
    return this;
  }

  /** Takes the effects so far. */
  take(): Effect[] {
    const taken = this.#effects;
    this.#effects = [];
    return taken;
  }

  /** What goes to the client, as text of lines, and forgets everything else. */
  toClient(): string[] {
    return this.take().flatMap((effect) => {
      if (effect.type !== 'to_client') return [];
      const bytes = textOf(effect.bytes);
      const whole = effect.batch === undefined ? bytes : effect.batch.add(bytes);
      return whole === undefined ? [] : [whole.toString().trimEnd()];
    });
  }

  toServer(): string[] {
    return sentToServer(this.take());
  }

  /** As `toClient` and `toServer`, each line read. */
  clientHears() {
    return this.toClient().map((line) => JSON.parse(line));
  }

  serverHears() {
    return this.toServer().map((line) => JSON.parse(line));
  }

  records(): AuditEntry[] {
    return recordsOf(this.take());
  }

  #read(message: Message | string, from: 'client' | 'upstream'): this {
    const text = typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message });
    const reading = read(text, from);
    if (reading.kind === 'message') {
      return this.event(
        from === 'client'
          ? { type: 'client_line', line: reading.line }
          : { type: 'upstream_line', upstream: SERVER, line: reading.line },
      );
    }
    if (reading.kind === 'batch' && from === 'client') {
      const elements = reading.elements.map((bytes) => ({
        reading: readLine(bytes, 'client', DEFAULT_READ_LIMITS, 'element'),
        payload: { bytes, text: bytes.toString().trimEnd() },
      }));
      return this.event({ type: 'client_batch', elements });
    }
    if (reading.kind === 'refused' || reading.kind === 'noise') {
      const { refusal } = reading;
      const refused = { refusal, bytes: text.length, payload: { bytes: Buffer.from(`${text}\n`), text } };
      return this.event(
        from === 'client'
          ? { type: 'client_refused', refused }
          : { type: 'upstream_refused', upstream: SERVER, refused },
      );
    }
    throw new Error(`unexpected reading: ${reading.kind}`);
  }
}

export function read(text: string, from: 'client' | 'upstream' = 'client'): LineReading {
  return readLine(Buffer.from(`${text}\n`), from, DEFAULT_READ_LIMITS);
}

export function textOf(bytes: Buffer | (() => Buffer)): Buffer {
  return typeof bytes === 'function' ? bytes() : bytes;
}

export function sentToServer(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) =>
    effect.type === 'to_upstream' ? [textOf(effect.bytes).toString().trimEnd()] : [],
  );
}

/** What these say to the client, each line read. */
export function sentToClient(effects: readonly Effect[]) {
  return effects.flatMap((effect) =>
    effect.type === 'to_client' ? [JSON.parse(textOf(effect.bytes).toString())] : [],
  );
}

export function recordsOf(effects: readonly Effect[]): AuditEntry[] {
  return effects.flatMap((effect) => (effect.type === 'record' ? [effect.entry] : []));
}

export function intents(entries: readonly AuditEntry[]): IntentEntry[] {
  return entries.filter((entry) => entry.type === 'intent');
}

export function outcomes(entries: readonly AuditEntry[]): OutcomeEntry[] {
  return entries.filter((entry) => entry.type === 'outcome');
}

export const call = (id: number | string, name = 'echo', more: Message = {}): Message => ({
  id,
  method: 'tools/call',
  params: { name, arguments: { text: 'x' }, ...more },
});

export const result = (id: number | string, value: Message = { content: [] }): Message => ({ id, result: value });

export const INITIALIZE = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
};
