// Answers the asking side of an exchange: once, and those under one id in the order in which they were asked. Knows no chain and no
// method, and of the record only which entry an answer needs.
import type { AuditEntry, RecordRef } from '../audit/entry.ts';
import { NO_ANSWER_LINE } from './batch.ts';
import { type Refusing, refusalLine } from './denial.ts';
import type { Effect } from './effects.ts';
import { CLIENT, type Exchange } from './exchange.ts';

export class Replies {
  readonly #push: (effect: Effect) => void;

  constructor(push: (effect: Effect) => void) {
    this.#push = push;
  }

  /** Refuses to the asker with a text of the guard's own. */
  refuse(exchange: Exchange, refusing: Refusing): void {
    const { intent } = exchange;
    this.answer(exchange, () => refusalLine(exchange, refusing, intent?.ref), exchange.lastEntry);
  }

  /** A second request under the same id waits for the first one's answer. */
  answer(exchange: Exchange, bytes: Buffer | (() => Buffer), needs: AuditEntry | undefined): void {
    if (exchange.answered || exchange.internal) return;
    if (exchange.after?.answered === false) {
      exchange.held = () => this.answer(exchange, bytes, needs);
      return;
    }
    exchange.answered = true;
    if (exchange.asker === CLIENT) this.#push({ type: 'to_client', bytes, needs, batch: exchange.batch });
    else this.#push({ type: 'to_upstream', upstream: exchange.asker, bytes, needs });
    releaseNext(exchange);
  }

  /** The asking side cancelled: no answer follows, and whoever waits behind it may go. */
  forgo(exchange: Exchange): void {
    if (exchange.answered) return;
    exchange.answered = true;
    const { batch } = exchange;
    if (batch !== undefined) this.#push({ type: 'to_client', bytes: NO_ANSWER_LINE, needs: undefined, batch });
    releaseNext(exchange);
  }

  /** What the asker was to be told has not left (it needed a record that could not be written, or is held back): this is said instead. */
  refuseInstead(exchange: Exchange, refusing: Refusing, ref?: RecordRef): void {
    exchange.answered = false;
    exchange.held = undefined;
    this.answer(exchange, () => refusalLine(exchange, refusing, ref), undefined);
  }
}

function releaseNext(exchange: Exchange): void {
  const { next, after } = exchange;
  exchange.next = undefined;
  exchange.after = undefined;
  // One that was cancelled leaves the middle: who waits behind it waits for the one before.
  if (after?.answered === false) {
    after.next = next;
    if (next !== undefined) next.after = after;
    return;
  }
  // A chain of requests under one id must not keep those that are long done.
  if (next !== undefined) next.after = undefined;
  const held = next?.held;
  if (next === undefined || held === undefined) return;
  next.held = undefined;
  held();
}
