// One timer for what a guard looks at a few times a second: a machine has many guards that do nothing, and each time that one wakes costs all
// of them. Knows nothing of what is looked at.
import type { Timers } from './shutdown-ladder.ts';

/** A second is promised for what changes on the disk: looking, once more where a writer may not have ended, and what follows. */
export const LOOK_EVERY_MS = 200;

/** @returns timers on which waits of `LOOK_EVERY_MS` end together: with the first of those that are under way, so never later than asked for. Any other is its own. */
export function shareLooks(timers: Timers): Timers {
  let waiting = new Set<() => void>();
  let cancelTimer = (): void => {};

  const lookAll = (): void => {
    const due = waiting;
    // who waits again waits for the next time
    waiting = new Set();
    // INVARIANT: what one of them cancels is not called: a set that is walked leaves out what was taken from it
    for (const look of due) look();
  };
  return {
    after(delayMs, action) {
      if (delayMs !== LOOK_EVERY_MS) return timers.after(delayMs, action);
      const mine = waiting;
      // one for each wait, whoever waits twice
      const look = (): void => action();
      if (mine.size === 0) cancelTimer = timers.after(LOOK_EVERY_MS, lookAll);
      mine.add(look);
      return () => {
        if (mine.delete(look) && mine === waiting && mine.size === 0) cancelTimer();
      };
    },
  };
}
