// A limit store that is opened when it is first asked: what opens it (a native module, a connection) is not on the way to a server's
// first answer. Everything asked meanwhile waits in order. Knows no store.
import { messageOf } from '../error-text.ts';
import type { Instant } from '../ports/clock.ts';
import type { Later, LimitStore } from '../ports/limit-store.ts';

/** After it could not be opened: so long everything is answered with why. */
const TRY_AGAIN_MS = 1_000;

/** @param open where it fails nothing is decided, and what is asked a second later tries again */
export function openDeferredLimitStore(open: () => Promise<LimitStore>): LimitStore {
  let store: LimitStore | undefined;
  let opening: Promise<LimitStore> | undefined;
  let failed: { readonly store: LimitStore; readonly untilMs: number } | undefined;
  let isClosed = false;
  const ready = (now: Instant): Promise<LimitStore> => {
    opening ??= open().then(
      (opened) => {
        if (isClosed) opened.close();
        store = opened;
        return opened;
      },
      (error: unknown) => {
        const stub = broken(messageOf(error));
        failed = { store: stub, untilMs: now.monoMs + TRY_AGAIN_MS };
        opening = undefined;
        return stub;
      },
    );
    return opening;
  };
  const ask = <T>(now: Instant, question: (store: LimitStore) => Later<T>): Later<T> => {
    if (store !== undefined) return question(store);
    if (failed !== undefined && (isClosed || now.monoMs < failed.untilMs)) return question(failed.store);
    return ready(now).then(question);
  };
  return {
    take: (charges, now) => ask(now, (one) => one.take(charges, now)),
    settle(receipt, end, now) {
      void ask(now, (one) => one.settle(receipt, end, now));
    },
    renew(receipts, now) {
      void ask(now, (one) => one.renew(receipts, now));
    },
    list: (now) => ask(now, (one) => one.list(now)),
    reset: (keys, now) => ask(now, (one) => one.reset(keys, now)),
    async idle() {
      await (await opening)?.idle();
    },
    close() {
      isClosed = true;
      store?.close();
    },
  };
}

function broken(why: string): LimitStore {
  const unavailable = { kind: 'unavailable', why } as const;
  return {
    take: () => unavailable,
    settle: () => {},
    renew: () => {},
    list: () => unavailable,
    reset: () => unavailable,
    idle: async () => {},
    close: () => {},
  };
}
