// Ends one server in bounded time: end of input, then TERM, then KILL. Does not decide when to begin, and owns no clock.
import type { ExitStatus, UpstreamProcess } from '../ports/upstream.ts';

export interface Timers {
  /** Runs `action` once after `delayMs`, unless the returned function is called before. Keeps the process alive meanwhile. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemTimers: Timers = {
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

export interface LadderOptions {
  readonly process: Pick<UpstreamProcess, 'exited' | 'terminate' | 'kill'>;
  readonly timers: Timers;
  /** Ends the server's stdin, once everything that was accepted for it is written. */
  readonly endInput: () => void;
  /** Counted from the beginning, as is `killAfterMs`. Hosts give 2 s before they use force, hence the defaults. */
  readonly termAfterMs?: number;
  readonly killAfterMs?: number;
}

export interface Ladder {
  /** Settles as `process.exited` does. */
  readonly ended: Promise<ExitStatus>;
  /** KILL at once (a second signal to the guard). Any number of calls; nothing happens once the server has ended. */
  hurry(): void;
}

/** Begins at once. INVARIANT: each rung is taken at most once, and none after the server has ended. */
export function runLadder({
  process,
  timers,
  endInput,
  termAfterMs = 1200,
  killAfterMs = 1800,
}: LadderOptions): Ladder {
  let over = false;
  let killed = false;
  function kill(): void {
    if (over || killed) return;
    killed = true;
    process.kill();
  }
  const cancelTerm = timers.after(termAfterMs, () => {
    if (!over && !killed) process.terminate();
  });
  const cancelKill = timers.after(killAfterMs, kill);
  const ended = process.exited.then((status) => {
    over = true;
    cancelTerm();
    cancelKill();
    return status;
  });
  try {
    endInput();
  } catch {
    // A stream that is already broken has ended for the server as well; the later rungs do the rest.
  }
  return { ended, hurry: kill };
}
