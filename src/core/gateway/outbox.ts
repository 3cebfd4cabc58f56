// What the gateway wants done in this turn, in order. Knows no meaning.
import type { AuditEntry, EventEntry } from '../../audit/entry.ts';
import type { Instant } from '../../ports/clock.ts';
import type { LogLevel } from '../../ports/log.ts';
import type { Line } from '../../wire/message.ts';
import type { BatchAnswer } from '../batch.ts';
import { Tally } from '../tally.ts';
import { tellDropped } from '../undelivered.ts';
import type { GatewayEffect, LaneId } from './events.ts';

export class Outbox {
  readonly #tally = new Tally();
  #effects: GatewayEffect[] = [];
  /** Of the event that is handled. */
  now: Instant = { wallMs: 0, monoMs: 0 };

  take(): GatewayEffect[] {
    const taken = this.#effects;
    this.#effects = [];
    return taken;
  }

  push(effect: GatewayEffect): void {
    this.#effects.push(effect);
  }

  toClient(bytes: Buffer | (() => Buffer), batch?: BatchAnswer): void {
    this.#effects.push({ type: 'to_client', bytes, batch });
  }

  toLane(lane: LaneId, line: Line): void {
    this.#effects.push({ type: 'to_lane', lane, line });
  }

  log(level: LogLevel, text: string): void {
    this.#effects.push({ type: 'log', level, text });
  }

  record(entry: AuditEntry): void {
    this.#effects.push({ type: 'record', entry });
  }

  note(name: EventEntry['name'], server: LaneId | undefined, detail: EventEntry['detail']): void {
    this.record({ type: 'event', at: this.now, ref: undefined, name, server, detail });
  }

  /** Something came that belongs to nothing: it goes nowhere, and is counted. */
  dropped(from: 'client' | 'server', server: LaneId | undefined, why: string): void {
    tellDropped({ ledger: this, tally: this.#tally }, from, server, why, this.now);
  }

  /** For what a peer can repeat for ever: the count where it is due to be told. */
  count(what: string): number | undefined {
    return this.#tally.count(what);
  }
}
