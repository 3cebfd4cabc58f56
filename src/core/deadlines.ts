// Watches how long calls take: marks what is due, says when to look next. State moves by the `now` it is given; no timer.
import type { Exchange, ExchangeTable } from './exchange.ts';
import type { Deadline } from './settings.ts';

const NEVER = Number.POSITIVE_INFINITY;
const MOST_LEAD_MS = 2_000;

export interface Due {
  readonly exchange: Exchange;
  /** `look`: it is near, not over. */
  readonly kind: 'idle' | 'hard' | 'look';
  /** How long the guard has waited, in ms. */
  readonly waitedMs: number;
}

export class Deadlines {
  readonly #table: ExchangeTable;
  /** Monotonic ms of the earliest moment at which something may be due; Infinity for none. May be early, never late. */
  #lookAtMs = NEVER;

  constructor(table: ExchangeTable) {
    this.#table = table;
  }

  get lookAtMs(): number {
    return this.#lookAtMs;
  }

  start(exchange: Exchange, deadline: Deadline, nowMs: number): void {
    exchange.hardDueMs = nowMs + deadline.hardMs;
    exchange.idleMs = deadline.idleMs;
    exchange.idleDueMs = nowMs + deadline.idleMs;
    exchange.isLookedAt = false;
    this.lookBy(Math.min(exchange.hardDueMs, exchange.idleDueMs) - leadOf(exchange));
  }

  /** Something is due then. */
  lookBy(atMs: number): void {
    this.#lookAtMs = Math.min(this.#lookAtMs, atMs);
  }

  /** The server has shown that it works on this. Never moves the hard deadline. */
  touch(exchange: Exchange, nowMs: number): void {
    exchange.idleDueMs = nowMs + exchange.idleMs;
    exchange.isLookedAt = false;
  }

  /** A question to the client was answered: every call of that server has waited for a person, not for the server. */
  touchAll(upstream: string, nowMs: number): void {
    for (const exchange of this.#table.all()) if (exchange.view.upstream === upstream) this.touch(exchange, nowMs);
  }

  /** @param isPaused whether a server has a question open to the client, so that its idle deadlines stand still */
  due(nowMs: number, isPaused: (upstream: string) => boolean): Due[] {
    if (nowMs < this.#lookAtMs) return [];
    const found: Due[] = [];
    let next = NEVER;
    for (const exchange of this.#table.all()) {
      if (exchange.idleMs !== NEVER && isPaused(exchange.view.upstream)) this.touch(exchange, nowMs);
      const at = Math.min(exchange.hardDueMs, exchange.idleDueMs);
      if (at > nowMs) {
        const lookAtMs = at - leadOf(exchange);
        if (exchange.isLookedAt || lookAtMs > nowMs) next = Math.min(next, exchange.isLookedAt ? at : lookAtMs);
        else {
          exchange.isLookedAt = true;
          next = Math.min(next, at);
          found.push({ exchange, kind: 'look', waitedMs: nowMs - exchange.startedMs });
        }
      } else if (exchange.hardDueMs <= nowMs)
        found.push({ exchange, kind: 'hard', waitedMs: nowMs - exchange.startedMs });
      else found.push({ exchange, kind: 'idle', waitedMs: exchange.idleMs });
    }
    this.#lookAtMs = next;
    return found;
  }
}

/** How long before a deadline it is looked whether the server lives: enough for an answer, never more than half of the wait. */
function leadOf({ deadline, internal }: Exchange): number {
  if (internal || deadline === undefined) return 0;
  return Math.min(MOST_LEAD_MS, Math.min(deadline.idleMs, deadline.hardMs) / 2);
}
