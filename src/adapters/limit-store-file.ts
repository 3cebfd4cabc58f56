// Limits counted in one file for all guards of a machine: the port over limit-file.ts, under the kernel's lock, or under a lock file
// where there is none. Answers at once; where another guard has the lock, or one of this guard's steps waits for it, in order, later.
import { messageOf } from '../error-text.ts';
import type { Shelf, StoreTime } from '../policy/limits/counts.ts';
import { clearRecord, renewAll, settleAll, stateOf, takeAll } from '../policy/limits/take-all.ts';
import type { KeyState, Later, LimitStore } from '../ports/limit-store.ts';
import type { KernelLock } from './kernel-lock.ts';
import { LimitFile, type LimitFileOptions } from './limit-file.ts';
import { FullTable, type LimitTable } from './limit-table.ts';
import { withFileLock } from './locked-file.ts';

export interface FileLimitStoreOptions extends Omit<LimitFileOptions, 'lock'> {
  /** Undefined: a lock file instead. */
  readonly kernelLock: KernelLock | undefined;
  /** Resolves after so many ms. */
  readonly delay: (ms: number) => Promise<void>;
}

type Step<T> = (shelf: Shelf, now: StoreTime, table: LimitTable) => T;

/** Attempts before others get a turn: a step takes some µs. */
const SPINS = 64;
const LOCK_TIMEOUT_MS = 2_000;

export function openFileLimitStore(options: FileLimitStoreOptions): LimitStore {
  const { kernelLock, delay, moment, directory } = options;
  const file = new LimitFile({ ...options, lock: kernelLock === undefined ? 'lock-file' : 'kernel' });
  let isClosed = false;
  /** Undefined: nobody of this guard waits. */
  let queue: Promise<unknown> | undefined;

  const unavailable = (error: unknown) => ({
    kind: 'unavailable' as const,
    why: messageOf(error),
  });

  /** Undefined: somebody else has the lock. */
  const attempt = <T>(lock: KernelLock, step: Step<T>): { readonly result: T } | undefined => {
    const fd = file.open();
    if (!lock.tryLock(fd)) return undefined;
    try {
      return { result: file.step(fd, step) };
    } finally {
      lock.unlock(fd);
    }
  };

  /** @param sinceMs when it was asked: who stands in line waits no longer for that */
  const wait = async <T>(step: Step<T>, sinceMs: number): Promise<T> => {
    if (isClosed) throw new Error('the store is closed');
    if (kernelLock === undefined) {
      const lock = { timeoutMs: LOCK_TIMEOUT_MS };
      return await withFileLock(`${directory}/counts.lock`, lock, () => file.step(file.open(), step));
    }
    for (;;) {
      const done = attempt(kernelLock, step);
      if (done !== undefined) return done.result;
      if (moment().monoMs - sinceMs > LOCK_TIMEOUT_MS)
        throw new Error(`another guard has held the lock of \`${directory}\` for more than ${LOCK_TIMEOUT_MS} ms`);
      await delay(1);
    }
  };

  /** @param refusal what is answered instead where the step has failed */
  const runOr = <T, R>(step: Step<T>, refusal: (error: unknown) => R): Later<T | R> => {
    if (isClosed) return refusal(new Error('the store is closed'));
    // INVARIANT: what was asked first is done first: a call's end comes after its beginning.
    if (queue === undefined && kernelLock !== undefined) {
      try {
        for (let spin = 0; spin < SPINS; spin += 1) {
          const done = attempt(kernelLock, step);
          if (done !== undefined) return done.result;
        }
      } catch (error) {
        return refusal(error);
      }
    }
    const sinceMs = moment().monoMs;
    const done = (queue ?? Promise.resolve()).then(() => wait(step, sinceMs)).catch(refusal);
    const tail = done.then(() => {
      if (queue === tail) queue = undefined;
    });
    queue = tail;
    return done;
  };
  const run = <T>(step: Step<T>) => runOr(step, unavailable);
  const refuseTake = (error: unknown) =>
    error instanceof FullTable ? { kind: 'full' as const, why: error.message } : unavailable(error);

  return {
    take: (charges) => runOr((shelf, now) => takeAll(shelf, charges, now), refuseTake),
    settle(receipt, end) {
      void run((shelf, now) => settleAll(shelf, receipt, end, now));
    },
    renew(receipts) {
      void run((shelf, now) => renewAll(shelf, receipts, now));
    },
    list: () =>
      run((shelf, now, table) => ({
        kind: 'listed',
        keys: table
          .all(shelf)
          .map(([key, record]) => stateOf(key, record, now))
          .filter((one): one is KeyState => one !== undefined),
      })),
    reset: (keys) =>
      run((shelf, now, table) => {
        let count = 0;
        for (const key of keys ?? table.all(shelf).map(([one]) => one)) {
          const record = shelf.find(key);
          if (record === undefined || record.kind === 'place' || stateOf(key, record, now) === undefined) continue;
          shelf.put(key, clearRecord(record, now));
          count += 1;
        }
        return { kind: 'reset', count };
      }),
    async idle() {
      while (queue !== undefined) await queue;
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      file.close();
    },
  };
}
