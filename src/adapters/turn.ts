// Executes what a session wants, a turn at a time: records first, in one write; then whatever needs them.
// Knows no stream and no process: it is given a hand for each kind of effect.
import type { AuditEntry } from '../audit/entry.ts';
import type { Effect } from '../core/effects.ts';
import type { SessionEvent, UpstreamExit } from '../core/events.ts';
import type { Session } from '../core/session.ts';
import type { AuditSink } from '../ports/audit-sink.ts';
import type { Instant } from '../ports/clock.ts';
import type { LogLevel } from '../ports/log.ts';

export interface Hands {
  toClient(bytes: Buffer): void;
  toUpstream(upstream: string, bytes: Buffer): void;
  log(level: LogLevel, text: string): void;
  startUpstream(upstream: string, delayMs: number): void;
  hurryUpstream(upstream: string): void;
  stopUpstream(upstream: string): void;
  renewUpstream(upstream: string): void;
  finish(exit: UpstreamExit): void;
}

export class Turn {
  readonly #session: Session;
  readonly #sink: AuditSink;
  readonly #hands: Hands;
  #effects: Effect[] = [];

  constructor(session: Session, sink: AuditSink, hands: Hands) {
    this.#session = session;
    this.#sink = sink;
    this.#hands = hands;
  }

  /** Lets the session take an event. Nothing leaves before `end`. */
  take(event: SessionEvent, now: Instant): void {
    const effects = this.#session.handle(event, now);
    if (this.#effects.length === 0) this.#effects = effects;
    else for (const effect of effects) this.#effects.push(effect);
  }

  /** Writes the records of this turn, then does the rest in order. */
  end(now: Instant): void {
    const effects = this.#effects;
    if (effects.length === 0) return;
    this.#effects = [];
    const entries: AuditEntry[] = [];
    for (const effect of effects) if (effect.type === 'record') entries.push(effect.entry);
    // INVARIANT: what cannot be recorded is not done.
    const written = entries.length === 0 || this.#sink.append(entries);
    const unwritten = written ? NONE : new Set(entries);
    for (const effect of effects) this.#do(effect, unwritten);
    if (!written) this.#replace(effects, now);
  }

  /** Tells the session what could not be written, and does what it wants instead. */
  #replace(effects: readonly Effect[], now: Instant): void {
    for (const effect of effects) {
      if (effect.type !== 'record') continue;
      const instead = this.#session.handle(
        { type: 'record_failed', entry: effect.entry, exchange: effect.exchange },
        now,
      );
      for (const one of instead) this.#do(one, NONE);
    }
  }

  #do(effect: Effect, unwritten: ReadonlySet<AuditEntry>): void {
    switch (effect.type) {
      case 'record':
        return;
      case 'to_client': {
        if (effect.needs !== undefined && unwritten.has(effect.needs)) return;
        const bytes = typeof effect.bytes === 'function' ? effect.bytes() : effect.bytes;
        const whole = effect.batch === undefined ? bytes : effect.batch.add(bytes);
        if (whole !== undefined) this.#hands.toClient(whole);
        return;
      }
      case 'to_upstream':
        if (effect.needs !== undefined && unwritten.has(effect.needs)) return;
        this.#hands.toUpstream(effect.upstream, typeof effect.bytes === 'function' ? effect.bytes() : effect.bytes);
        return;
      case 'log':
        this.#hands.log(effect.level, effect.text);
        return;
      case 'start_upstream':
        this.#hands.startUpstream(effect.upstream, effect.delayMs);
        return;
      case 'hurry_upstream':
        this.#hands.hurryUpstream(effect.upstream);
        return;
      case 'renew_upstream':
        this.#hands.renewUpstream(effect.upstream);
        return;
      case 'stop_upstream':
        this.#hands.stopUpstream(effect.upstream);
        return;
      case 'finish':
        this.#hands.finish(effect.exit);
        return;
    }
  }
}

const NONE: ReadonlySet<AuditEntry> = new Set();
