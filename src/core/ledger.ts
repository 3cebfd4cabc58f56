// Opens and closes exchanges: the only place where either happens, so that every one is recorded before it leaves, and
// settled exactly once (answered: replies.ts). Knows no restart, and of methods only what must be kept after they were sent.
import type { EventEntry, IntentEntry, OutcomeEntry, RecordRef, SettlementKind } from '../audit/entry.ts';
import type { Instant } from '../ports/clock.ts';
import type { LogLevel } from '../ports/log.ts';
import type { BatchAnswer } from './batch.ts';
import type { Chain } from './chain.ts';
import { unrecordedIntent, unrecordedOutcome } from './denial.ts';
import type { Effect } from './effects.ts';
import { type Answer, type Attribution, intentOf, lengthOf, NO_ANSWER, outcomeOf } from './entries.ts';
import type { UpstreamId } from './events.ts';
import { type Exchange, ExchangeTable } from './exchange.ts';
import { HELD_TOO_MUCH, HeldRequests } from './held-requests.ts';
import type { Deny, RequestView, Settled, Settlement } from './interceptor.ts';
import { Replies } from './replies.ts';
import type { TaskEnd } from './tasks.ts';

export class Ledger {
  readonly table = new ExchangeTable();
  readonly chain: Chain;
  readonly replies = new Replies((effect) => this.push(effect));
  readonly #held = new HeldRequests();
  /** Lines of each server so far. */
  readonly #heard = new Map<UpstreamId, number>();
  #effects: Effect[] = [];

  constructor(chain: Chain) {
    this.chain = chain;
  }

  /** A server has sent a line that can be read. */
  hear(upstream: UpstreamId): void {
    this.#heard.set(upstream, this.#countOf(upstream) + 1);
  }

  /** The server has sent anything since this request left. */
  hasHeard({ sent, view, heardBefore }: Exchange): boolean {
    return sent && this.#countOf(view.upstream) !== heardBefore;
  }

  #countOf(upstream: UpstreamId): number {
    return this.#heard.get(upstream) ?? 0;
  }

  /** The open exchange of a request that an interceptor holds. */
  heldBy(request: RequestView): Exchange | undefined {
    return this.#held.find(request);
  }

  push(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** Puts something on record that is no exchange. */
  note(name: EventEntry['name'], server: UpstreamId | undefined, detail: EventEntry['detail'], now: Instant): void {
    this.push({
      type: 'record',
      entry: { type: 'event', at: now, ref: undefined, name, server, detail },
      exchange: undefined,
    });
  }

  /** Puts a line on record that was refused unread, and answers it where its id is certain. */
  refuseLine(
    intent: IntentEntry,
    answer: ((ref: RecordRef | undefined) => Buffer) | undefined,
    batch: BatchAnswer | undefined,
  ): void {
    this.push({ type: 'record', entry: intent, exchange: undefined });
    // Not done unrecorded is what a refusal is already: the answer does not wait for the disk.
    if (answer !== undefined)
      this.push({ type: 'to_client', bytes: () => answer(intent.ref), needs: undefined, batch });
  }

  log(level: LogLevel, text: string): void {
    this.push({ type: 'log', level, text });
  }

  /** The effects of this turn, in order. */
  take(): Effect[] {
    const taken = this.#effects;
    this.#effects = [];
    return taken;
  }

  /**
   * Lets the chain decide about a request and puts it on record. `pass` means: it is open, and may be sent once its
   * intent is written. Anything else has been dealt with.
   */
  admit(exchange: Exchange, who: Attribution, now: Instant): 'pass' | 'held' | 'denied' {
    this.table.add(exchange);
    const verdict = this.chain.enter(exchange.view, exchange.progress, now);
    return this.#decide(exchange, verdict, who, now);
  }

  /** Goes on with a request that an interceptor holds (`heldBy`). */
  resume(exchange: Exchange, outcome: 'go' | 'refused', who: Attribution, now: Instant): 'pass' | 'held' | 'denied' {
    this.#held.letGo(exchange);
    const verdict = this.chain.resume(exchange.view, exchange.progress, outcome, now);
    return this.#decide(exchange, verdict, who, now);
  }

  #decide(
    exchange: Exchange,
    verdict: ReturnType<Chain['enter']>,
    who: Attribution,
    now: Instant,
  ): 'pass' | 'held' | 'denied' {
    if (verdict.kind === 'wait') {
      if (this.#held.hold(exchange)) return 'held';
      this.chain.abandon(exchange.view, exchange.progress, now);
      this.#deny(exchange, HELD_TOO_MUCH, who, now);
      return 'denied';
    }
    if (verdict.kind === 'deny') {
      this.#deny(exchange, verdict, who, now);
      return 'denied';
    }
    this.#record(intentOf(exchange, who, now, verdict), exchange);
    return 'pass';
  }

  #deny(exchange: Exchange, denial: Deny, who: Attribution, now: Instant): void {
    this.#record(intentOf(exchange, who, now, denial), exchange);
    this.#close(exchange, 'denied', NO_ANSWER, now);
    this.replies.refuse(exchange, denial);
  }

  /** Ends an open exchange, with what is known of how. INVARIANT: does nothing to a closed one, and says so. */
  settle(
    exchange: Exchange,
    settlement: Exclude<SettlementKind, 'task'>,
    now: Instant,
    answer: Answer = NO_ANSWER,
  ): boolean {
    if (exchange.closed) return false;
    this.#close(exchange, settlement, answer, now);
    const intent = exchange.intent;
    if (intent !== undefined)
      this.#record(outcomeOf(intent, settlement, now, now.monoMs - exchange.startedMs, answer), exchange);
    return true;
  }

  /** The last word on a task whose creation was settled long ago. */
  settleTask(
    { intent, taskId, settlement, errorCode, isError, isAnswer }: TaskEnd,
    now: Instant,
    answer: Answer,
  ): OutcomeEntry {
    const durationMs = now.monoMs - intent.at.monoMs;
    const entry = outcomeOf(intent, 'task', now, durationMs, answer);
    this.push({ type: 'record', entry, exchange: undefined });
    const settled: Settled = {
      settlement,
      errorCode,
      isError,
      resultType: undefined,
      taskId: undefined,
      durationMs,
      heard: true,
      answerBytes: lengthOf(answer),
      isAnswer,
    };
    this.chain.endTask(intent.server, taskId, settled, now);
    return entry;
  }

  /** It is on its way: what it said is on record, and need not be kept. */
  markSent(exchange: Exchange, now: Instant): void {
    exchange.sent = true;
    exchange.sentMs = now.monoMs;
    exchange.heardBefore = this.#countOf(exchange.view.upstream);
    this.chain.sent(exchange.view, exchange.progress, now);
    if (exchange.view.method !== 'initialize') exchange.line = undefined;
    if (!exchange.view.method.startsWith('tasks/')) exchange.view.params = undefined;
  }

  #close(exchange: Exchange, settlement: Settlement, answer: Answer, now: Instant): void {
    const { view, progress } = exchange;
    exchange.closed = true;
    this.table.remove(exchange);
    if (settlement === 'cancelled' || settlement === 'timeout') this.table.giveUp(exchange);
    if (exchange.waiting) {
      this.#held.letGo(exchange);
      this.chain.abandon(view, progress, now);
    }
    this.chain.settle(view, progress, this.#settled(exchange, settlement, answer, now), now);
  }

  #settled(exchange: Exchange, settlement: Settlement, answer: Answer, now: Instant): Settled {
    const { errorCode, isError, resultType, taskId, taskTtlMs } = answer;
    const heard = this.hasHeard(exchange);
    const durationMs = now.monoMs - (exchange.sentMs ?? exchange.startedMs);
    const answerBytes = lengthOf(answer);
    return { settlement, errorCode, isError, resultType, taskId, taskTtlMs, durationMs, heard, answerBytes };
  }

  /** An entry could not be written: what was to follow it has not been done. The asker is told, once. */
  onRecordFailed(entry: IntentEntry | OutcomeEntry, exchange: Exchange, now: Instant): void {
    const refusing = entry.type === 'intent' ? unrecordedIntent() : unrecordedOutcome();
    if (entry.type === 'intent' && entry.decision === 'pass') {
      if (exchange.closed) return;
      this.#close(exchange, 'unrecorded', NO_ANSWER, now);
    }
    if (entry.type === 'outcome' && entry.settlement === 'cancelled') return;
    this.replies.refuseInstead(exchange, refusing);
  }

  #record(entry: IntentEntry | OutcomeEntry, exchange: Exchange): void {
    if (entry.type === 'intent') exchange.intent = entry;
    exchange.lastEntry = entry;
    this.push({ type: 'record', entry, exchange });
  }
}
