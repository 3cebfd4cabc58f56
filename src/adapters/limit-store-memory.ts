// Limits counted in this process alone: the port in a bounded table. For one guard, and for a guard whose store is away.
import { type CountRecord, isFirstState, type Shelf, type StoreTime } from '../policy/limits/counts.ts';
import { clearRecord, renewAll, settleAll, stateOf, takeAll } from '../policy/limits/take-all.ts';
import type { Instant } from '../ports/clock.ts';
import type { KeyState, LimitStore } from '../ports/limit-store.ts';

const MOST_KEYS = 16_384;

/** Time is the session's: monotonic. @param mostKeys in use at once; beyond, no new key is counted, and its call not decided */
export function openMemoryLimitStore(mostKeys = MOST_KEYS): LimitStore {
  const records = new Map<string, CountRecord>();
  let isClosed = false;
  const shelf: Shelf = {
    find: (key) => records.get(key),
    put(key, record) {
      // Newest use last: the sweep for room begins with what was long unused.
      records.delete(key);
      records.set(key, record);
    },
  };
  const timeOf = ({ monoMs, wallMs }: Instant): StoreTime => ({ us: Math.floor(monoMs * 1_000), wallMs });

  /** Whether `count` new keys have room, once those that are full again have left. */
  const hasRoom = (count: number, now: StoreTime): boolean => {
    if (records.size + count <= mostKeys) return true;
    for (const [key, record] of records) if (isFirstState(record, now)) records.delete(key);
    return records.size + count <= mostKeys;
  };

  return {
    take(charges, instant) {
      if (isClosed) return { kind: 'unavailable', why: 'the store is closed' };
      const now = timeOf(instant);
      let fresh = 0;
      for (const { key } of charges) if (!records.has(key)) fresh += 1;
      if (fresh > 0 && !hasRoom(fresh, now)) return { kind: 'full', why: `${mostKeys} keys are in use` };
      return takeAll(shelf, charges, now);
    },
    settle(receipt, end, instant) {
      if (!isClosed) settleAll(shelf, receipt, end, timeOf(instant));
    },
    renew(receipts, instant) {
      if (!isClosed) renewAll(shelf, receipts, timeOf(instant));
    },
    list(instant) {
      const now = timeOf(instant);
      const keys = [...records].map(([key, record]) => stateOf(key, record, now));
      return { kind: 'listed', keys: keys.filter((one): one is KeyState => one !== undefined) };
    },
    reset(keys, instant) {
      let count = 0;
      for (const key of keys ?? [...records.keys()]) {
        const record = records.get(key);
        const now = timeOf(instant);
        if (record === undefined || record.kind === 'place' || stateOf(key, record, now) === undefined) continue;
        records.set(key, clearRecord(record, now));
        count += 1;
      }
      return { kind: 'reset', count };
    },
    idle: async () => {},
    close() {
      isClosed = true;
      records.clear();
    },
  };
}
