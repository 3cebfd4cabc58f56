// A call that a store has counted, until it is settled: what it then gives back, or pays. Knows no request and no order of calls.
import type { Instant } from '../../ports/clock.ts';
import { GIVE_BACK_WITHIN_MS, type LimitStore, type Receipt } from '../../ports/limit-store.ts';
import { type Bill, paidOf } from './limit-set.ts';

export interface OpenCall {
  readonly bill: Bill;
  readonly receipt: Receipt;
  /** The one that gave the receipt. */
  readonly store: LimitStore;
  readonly taken: Instant;
  /** A task is what it may be answered with: it asked for one, or its revision lets the server choose. */
  readonly mayBeTask: boolean;
  isSent: boolean;
  /** Of answers that are not charged yet. */
  bytesOut: number;
}

/** Between the store's answer and its turn in the chain, at most. */
const WAITED_MS = 60_000;

/** INVARIANT: called once for each receipt. */
export function settleCall({ bill, receipt, store, taken, isSent, bytesOut }: OpenCall, now: Instant): void {
  const postPaid = isSent ? paidOf(bill, bytesOut) : [];
  const reached = isSent || isOld(taken, now);
  // What was taken stays taken: the store need not be asked.
  if (reached && postPaid.length === 0 && !holdsPlace(receipt)) return;
  store.settle(receipt, { reached, postPaid }, now);
}

/** One of those that may be in flight at a time: held until it is given back, and kept by being renewed. */
export function holdsPlace({ charges }: Receipt): boolean {
  return charges.some(({ kind }) => kind === 'place');
}

/** Either clock will do: the one may have been set, the other may have slept. */
function isOld(taken: Instant, now: Instant): boolean {
  const elapsedMs = Math.max(now.monoMs - taken.monoMs, now.wallMs - taken.wallMs);
  return elapsedMs >= GIVE_BACK_WITHIN_MS - WAITED_MS;
}
