// A limit store that may go away: what happens then, as `onStoreError` says, told once for each outage, and not more often than
// every ten seconds. That it has no room for a call (`full`) is its answer: it is there, and that is told as seldom. Knows no store but the port.
import type { Instant } from '../ports/clock.ts';
import type { LimitStore, Receipt, Take } from '../ports/limit-store.ts';

export interface FallbackOptions {
  readonly store: LimitStore;
  /** Where each guard counts for itself meanwhile; undefined: what cannot be counted is denied. */
  readonly local: LimitStore | undefined;
  /** The store is away (`why`), or back (undefined). */
  readonly onTurn: (why: string | undefined) => void;
  /** A call found no room. */
  readonly onFull?: ((why: string) => void) | undefined;
}

/** While it is away the store is asked so often: each question may take as long as it waits. */
const ASK_AGAIN_MS = 1_000;
/** Between two outages that are told: one that comes and goes must not flood log and record. */
const TELL_AGAIN_MS = 10_000;

export function openFallbackLimitStore({ store, local, onTurn, onFull }: FallbackOptions): LimitStore {
  /** INVARIANT: a receipt is settled by the store that gave it. */
  const ofLocal = new WeakSet<Receipt>();
  let isAway = false;
  let askAgainMs = Number.NEGATIVE_INFINITY;
  /** INVARIANT: a return is told iff its outage was. */
  let isTold = false;
  let tellAgainMs = Number.NEGATIVE_INFINITY;
  let fullAgainMs = Number.NEGATIVE_INFINITY;

  const takeLocally = (charges: Parameters<LimitStore['take']>[0], now: Instant): Take | undefined => {
    const take = local?.take(charges, now);
    // What counts in this process answers at once.
    if (take === undefined || 'then' in take) return undefined;
    if (take.kind === 'taken') ofLocal.add(take.receipt);
    return take;
  };
  const judge = (take: Take, charges: Parameters<LimitStore['take']>[0], now: Instant): Take => {
    if (take.kind !== 'unavailable') {
      if (isTold) onTurn(undefined);
      isTold = false;
      isAway = false;
      if (take.kind === 'full' && now.monoMs >= fullAgainMs) {
        fullAgainMs = now.monoMs + TELL_AGAIN_MS;
        onFull?.(take.why);
      }
      return take;
    }
    askAgainMs = now.monoMs + ASK_AGAIN_MS;
    isAway = true;
    if (!isTold && now.monoMs >= tellAgainMs) {
      isTold = true;
      tellAgainMs = now.monoMs + TELL_AGAIN_MS;
      onTurn(take.why);
    }
    return takeLocally(charges, now) ?? take;
  };
  const giverOf = (receipt: Receipt): LimitStore => (local !== undefined && ofLocal.has(receipt) ? local : store);

  return {
    take(charges, now) {
      if (isAway && local !== undefined && now.monoMs < askAgainMs) {
        const take = takeLocally(charges, now);
        if (take !== undefined) return take;
      }
      const take = store.take(charges, now);
      return 'then' in take ? take.then((one) => judge(one, charges, now)) : judge(take, charges, now);
    },
    settle: (receipt, end, now) => giverOf(receipt).settle(receipt, end, now),
    renew(receipts, now) {
      const mine = receipts.filter((one) => ofLocal.has(one));
      const theirs = receipts.filter((one) => !ofLocal.has(one));
      if (mine.length > 0) local?.renew(mine, now);
      if (theirs.length > 0) store.renew(theirs, now);
    },
    list: (now) => store.list(now),
    reset: (keys, now) => store.reset(keys, now),
    idle: () => store.idle(),
    close() {
      store.close();
      local?.close();
    },
  };
}
