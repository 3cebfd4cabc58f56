// Says on stderr what a command waits for, where it takes longer than a moment: once, then each time that half a minute has gone by.
// Knows neither what is asked nor who answers.
import type { Timers } from '../adapters/shutdown-ladder.ts';
import { quoteNames } from '../policy/lint/finding.ts';

const FIRST_MS = 3_000;
const AGAIN_MS = 30_000;

export interface WaitNote {
  /** What is waited for from now on; with nothing it is over. */
  waitFor(names: readonly string[]): void;
}

/** @param what is said of them: `what they offer; each has 90 s` @param say one line, inert */
export function openWaitNote(what: string, timers: Timers, say: (text: string) => void): WaitNote {
  let names: readonly string[] = [];
  let cancel: (() => void) | undefined;
  const tell = (): void => {
    say(`still asking ${quoteNames(names)} ${what}`);
    cancel = timers.after(AGAIN_MS, tell);
  };
  return {
    waitFor(next) {
      names = next;
      if (next.length > 0) cancel ??= timers.after(FIRST_MS, tell);
      else cancel?.();
    },
  };
}
