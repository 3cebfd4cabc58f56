// A limit store that is opened when it is first asked: what opens it (a native module, a connection) is not on the way to a server's
// first answer. Everything asked meanwhile waits in order. Knows no store.
import type { Later, LimitStore } from '../ports/limit-store.ts';

/** @param open called at most once; where it throws, nothing is ever decided */
export function openDeferredLimitStore(open: () => Promise<LimitStore>): LimitStore {
  let store: LimitStore | undefined;
  let opening: Promise<LimitStore> | undefined;
  let isClosed = false;
  const ready = (): Promise<LimitStore> => {
    opening ??= open().then(
      (opened) => {
        if (isClosed) opened.close();
        store = opened;
        return opened;
      },
      (error: unknown) => {
        store = broken(error instanceof Error ? error.message : String(error));
        return store;
      },
    );
    return opening;
  };
  const ask = <T>(question: (store: LimitStore) => Later<T>): Later<T> =>
    store === undefined ? ready().then(question) : question(store);
  return {
    take: (charges, now) => ask((one) => one.take(charges, now)),
    settle(receipt, end, now) {
      void ask((one) => one.settle(receipt, end, now));
    },
    renew(receipts, now) {
      void ask((one) => one.renew(receipts, now));
    },
    list: (now) => ask((one) => one.list(now)),
    reset: (keys, now) => ask((one) => one.reset(keys, now)),
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
