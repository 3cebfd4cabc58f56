// Executes what a session wants, a turn at a time: records first, in one write; then whatever needs them.
// Knows no stream and no process: it is given a hand for each kind of effect.
import { type AuditEntry, showRef } from '../audit/entry.ts';
import type { Refusing } from '../core/denial.ts';
import type { Effect } from '../core/effects.ts';
import type { SessionEvent, UpstreamExit } from '../core/events.ts';
import type { Session } from '../core/session.ts';
import type { AuditSink } from '../ports/audit-sink.ts';
import type { Instant } from '../ports/clock.ts';
import type { LogLevel } from '../ports/log.ts';
import { bytesForClient, bytesOf } from './effect-bytes.ts';

/** What is said instead of an answer that must not leave; undefined: nothing stands against it. */
export type AnswerScreen = (bytes: Buffer) => Refusing | undefined;

export interface Hands {
  /** Looks at each answer before its outcome is on record: what is held back is on record as held back. Undefined: none is. */
  readonly screen: AnswerScreen | undefined;
  toClient(bytes: Buffer): void;
  toUpstream(upstream: string, bytes: Buffer): void;
  log(level: LogLevel, text: string): void;
  startUpstream(upstream: string, delayMs: number): void;
  hurryUpstream(upstream: string): void;
  stopUpstream(upstream: string): void;
  renewUpstream(upstream: string): void;
  finish(exit: UpstreamExit): void;
}

type ToClient = Extract<Effect, { type: 'to_client' }>;
/** By the effect that is not done. */
type Held = ReadonlyMap<Effect, HeldBack>;

interface HeldBack {
  readonly needs: ToClient['needs'];
  readonly refusing: Refusing;
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
    const { screen } = this.#hands;
    const held = screen === undefined ? NONE_HELD : holdBack(effects, entries, screen, now);
    // INVARIANT: what cannot be recorded is not done.
    const written = entries.length === 0 || this.#sink.append(entries);
    const unwritten = written ? NONE : new Set(entries);
    for (const effect of effects) if (!held.has(effect)) this.#do(effect, unwritten);
    if (!written) this.#replace(effects, now);
    else if (held.size > 0) this.#refuseHeld(effects, held, now);
  }

  #refuseHeld(effects: readonly Effect[], held: Held, now: Instant): void {
    for (const { needs, refusing } of held.values()) {
      const settled = effects.find((one) => one.type === 'record' && one.entry === needs);
      // of a task that ends no request is open: nobody waits for its word
      if (settled?.type !== 'record' || settled.exchange === undefined) continue;
      const { exchange } = settled;
      for (const one of this.#session.handle({ type: 'answer_held', exchange, refusing }, now)) this.#do(one, NONE);
    }
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
        const whole = bytesForClient(effect);
        if (whole !== undefined) this.#hands.toClient(whole);
        return;
      }
      case 'to_upstream':
        if (effect.needs !== undefined && unwritten.has(effect.needs)) return;
        this.#hands.toUpstream(effect.upstream, bytesOf(effect));
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

/** @param entries takes what is to be on record of it, in the write of the outcomes themselves */
function holdBack(effects: readonly Effect[], entries: AuditEntry[], screen: AnswerScreen, now: Instant): Held {
  const held = new Map<Effect, { needs: ToClient['needs']; refusing: Refusing }>();
  for (const effect of effects) {
    if (effect.type !== 'to_client' || effect.needs?.type !== 'outcome' || !Buffer.isBuffer(effect.bytes)) continue;
    const refusing = screen(effect.bytes);
    if (refusing === undefined) continue;
    held.set(effect, { needs: effect.needs, refusing });
    const { intent, ends } = effect.needs;
    const { method, server } = intent;
    // of a task's end, the call that began it, too
    for (const { ref } of ends === undefined ? [intent] : [intent, ends]) {
      const detail = { method, rule: refusing.rule ?? null, reason: refusing.reason, record: showRef(ref) };
      entries.push({ type: 'event', at: now, ref: undefined, name: 'answer_denied', server, detail });
    }
  }
  return held;
}

const NONE_HELD: ReadonlyMap<Effect, HeldBack> = new Map();
const NONE: ReadonlySet<AuditEntry> = new Set();
