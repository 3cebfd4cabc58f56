// A gateway under test: events in, effects out, lanes by hand. No stream, no process, a clock by hand.
import type { AuditEntry } from '../../../src/audit/entry.ts';
import type { GatewayEffect, GatewayEvent } from '../../../src/core/gateway/events.ts';
import { Gateway } from '../../../src/core/gateway/gateway.ts';
import type { LaneSettings } from '../../../src/core/gateway/settings.ts';
import { DEFAULT_READ_LIMITS } from '../../../src/wire/message.ts';
import { readLine } from '../../../src/wire/read-line.ts';

export interface Message {
  readonly [key: string]: unknown;
}

export const laneSettings = (lane: string, more: Partial<LaneSettings> = {}): LaneSettings => ({
  lane,
  prefix: `${lane}__`,
  start: 'eager',
  startTimeoutMs: 5000,
  idleStopMs: Number.POSITIVE_INFINITY,
  comesBack: true,
  known: undefined,
  refusal: undefined,
  ...more,
});

export const ALL = { tools: {}, prompts: {}, resources: {}, logging: {}, completions: {}, tasks: {} };

export class GatewayPlaybook {
  gateway: Gateway;
  nowMs = 1000;
  /** What is listed and hidden. */
  hides: (lane: string, uri: string) => boolean = () => false;
  /** Nothing of it may be seen. */
  hidesAll: (lane: string, target: string) => boolean = () => false;
  /** By the policy of now. */
  mayShow: (lane: string, name: string) => boolean = () => true;
  /** What is listed and may be seen; undefined: nobody can say. */
  shownOf: (lane: string, list: string) => readonly string[] | undefined = () => undefined;
  #effects: GatewayEffect[] = [];
  #seq = 0;

  constructor(...lanes: readonly (string | LaneSettings)[]) {
    this.gateway = new Gateway({
      lanes: lanes.map((one) => (typeof one === 'string' ? laneSettings(one) : one)),
      tag: 'tag',
      serverInfo: { name: 'mcp-guard', version: '9.9.9' },
      // Short, of this text only: as good as a code here.
      seal: (text) => `s${[...text].reduce((sum, unit) => (sum * 31 + unit.charCodeAt(0)) % 1_000_003, 7)}`,
      read: DEFAULT_READ_LIMITS,
      hides: (lane, uri) => this.hides(lane, uri),
      hidesAll: (lane, target) => this.hidesAll(lane, target),
      mayShow: (lane, _, name) => this.mayShow(lane, name),
      shownOf: (lane, list) => this.shownOf(lane, list),
    });
    this.#effects.push(...this.gateway.begin(this.#now()));
  }

  /** Another gateway in its place, with the same lanes. */
  on(gateway: Gateway): this {
    this.gateway = gateway;
    this.#effects = gateway.begin(this.#now());
    return this;
  }

  client(message: Message | string): this {
    const reading = readLine(toBytes(message), 'client', DEFAULT_READ_LIMITS);
    if (reading.kind === 'message') return this.event({ type: 'client_line', line: reading.line });
    if (reading.kind === 'batch') {
      const elements = reading.elements.map((bytes) => ({
        reading: readLine(bytes, 'client', DEFAULT_READ_LIMITS, 'element'),
        payload: { bytes, text: bytes.toString().trimEnd() },
      }));
      return this.event({ type: 'client_batch', elements });
    }
    if (reading.kind === 'blank') throw new Error('a blank line');
    return this.event({ type: 'client_refused', refused: { refusal: reading.refusal, bytes: 1, payload: undefined } });
  }

  lane(lane: string, message: Message | string): this {
    return this.event({ type: 'lane_line', lane, bytes: toBytes(message) });
  }

  at(ms: number): this {
    this.nowMs = ms;
    return this.event({ type: 'tick' });
  }

  event(event: GatewayEvent): this {
    // each event is a turn of its own here
    for (const effect of [...this.gateway.handle(event, this.#now()), ...this.gateway.endTurn(this.#now())]) {
      if (effect.type === 'record') {
        this.#seq += 1;
        effect.entry.ref = { segment: 'seg', seq: this.#seq };
      }
      this.#effects.push(effect);
    }
    return this;
  }

  /** The legacy handshake, all lanes with these capabilities; forgets what was sent. */
  greet(capabilities: Message = ALL, ...lanes: readonly string[]): this {
    this.client({
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
    });
    for (const lane of lanes)
      this.lane(lane, {
        id: 0,
        result: { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: lane, version: '1' } },
      });
    this.client({ method: 'notifications/initialized' });
    this.take();
    return this;
  }

  take(): GatewayEffect[] {
    const taken = this.#effects;
    this.#effects = [];
    return taken;
  }

  /** What goes to the client, parsed; forgets everything else. */
  toClient(): Message[] {
    return this.take().flatMap((effect) => {
      if (effect.type !== 'to_client') return [];
      const bytes = typeof effect.bytes === 'function' ? effect.bytes() : effect.bytes;
      const whole = effect.batch === undefined ? bytes : effect.batch.add(bytes);
      return whole === undefined ? [] : [JSON.parse(whole.toString()) as Message];
    });
  }

  /** What goes to lanes, as `[lane, message]`. */
  toLanes(): [string, Message][] {
    return this.take().flatMap((effect): [string, Message][] =>
      effect.type === 'to_lane' ? [[effect.lane, JSON.parse(effect.line.text) as Message]] : [],
    );
  }

  records(): AuditEntry[] {
    return this.take().flatMap((effect) => (effect.type === 'record' ? [effect.entry] : []));
  }

  #now() {
    return { wallMs: 1_700_000_000_000 + this.nowMs, monoMs: this.nowMs };
  }
}

export function toBytes(message: Message | string): Buffer {
  return Buffer.from(`${typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

export const call = (id: number | string, name: string, more: Message = {}): Message => ({
  id,
  method: 'tools/call',
  params: { name, arguments: {}, ...more },
});
