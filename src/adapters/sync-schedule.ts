// When what was written is also brought to the medium. Knows descriptors only: no record, no path.
import type { TrailFiles } from './trail-files.ts';

/**
 * `always`: before the write is acknowledged. `group`: together with its neighbours within GROUP_MS, holding up no call.
 * `off`: when the system likes. In each of them what was written survives any death of any process.
 */
export type SyncMode = 'always' | 'group' | 'off';

const GROUP_MS = 20;

/** Runs `action` once after `ms`; must not keep the process alive. */
export type Later = (action: () => void, ms: number) => void;

export interface SyncSchedule {
  /** Something was written to `fd`, which stays open. `always`: throws where the sync fails. */
  written(fd: number): void;
  /** The last of `fd` was written: sync as the mode says, then close. `always`: throws where the sync fails; closed anyway. */
  finished(fd: number): void;
  /** Closes without a further sync: after one failed, another could succeed and say nothing (fsyncgate). */
  abandon(fd: number): void;
  /** The sync of everything that waits begins now, and so does that of what comes later: `idle` tells the end. */
  flush(): void;
  /** Settles once nothing waits and nothing is under way. */
  idle(): Promise<void>;
}

export function createSyncSchedule(
  files: TrailFiles,
  mode: SyncMode,
  later: Later,
  onFailure: (error: Error) => void,
): SyncSchedule {
  const waiting = new Map<number, 'keep' | 'close'>();
  const busy = new Set<number>();
  const closeWhenDone = new Set<number>();
  const idlers: (() => void)[] = [];
  let isArmed = false;
  /** After `flush` nothing waits for a timer any more: nobody may be left to wait for it. */
  let isFlushing = false;

  const close = (fd: number) => {
    try {
      files.close(fd);
    } catch {
      // What was written is written; a descriptor that cannot be closed is gone all the same (close(2)).
    }
  };
  function arm(): void {
    if (isArmed || waiting.size === 0) return;
    isArmed = true;
    later(start, GROUP_MS);
  }
  function start(): void {
    isArmed = false;
    for (const [fd, after] of waiting) {
      if (busy.has(fd)) continue;
      waiting.delete(fd);
      busy.add(fd);
      files.syncLater(fd, (error) => done(fd, after, error));
    }
    settle();
  }
  function done(fd: number, after: 'keep' | 'close', error: Error | null): void {
    busy.delete(fd);
    if (error !== null) onFailure(error);
    if (closeWhenDone.delete(fd) || after === 'close') close(fd);
    if (isFlushing) start();
    else arm();
    settle();
  }
  function settle(): void {
    if (waiting.size === 0 && busy.size === 0) for (const wake of idlers.splice(0)) wake();
  }
  function syncNow(fd: number, after: 'keep' | 'close'): void {
    try {
      files.sync(fd);
    } catch (error) {
      onFailure(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      if (after === 'close') close(fd);
    }
  }
  function take(fd: number, after: 'keep' | 'close'): void {
    if (mode === 'always') syncNow(fd, after);
    else if (mode === 'group') {
      waiting.set(fd, after);
      arm();
    } else if (after === 'close') close(fd);
  }

  return {
    written: (fd) => take(fd, 'keep'),
    finished: (fd) => take(fd, 'close'),
    abandon: (fd) => {
      waiting.delete(fd);
      if (busy.has(fd)) closeWhenDone.add(fd);
      else close(fd);
      settle();
    },
    flush: () => {
      isFlushing = true;
      start();
    },
    idle: () => (waiting.size === 0 && busy.size === 0 ? Promise.resolve() : new Promise((wake) => idlers.push(wake))),
  };
}
