// Waits between two looks of a command that goes on until it is interrupted. Knows no command.
import { systemTimers } from '../adapters/shutdown-ladder.ts';

/** False where `signal` has ended the wait; at once where there is none. */
export function nextTick(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal === undefined || signal.aborted) return resolve(false);
    const end = () => {
      cancel();
      resolve(false);
    };
    const cancel = systemTimers.after(ms, () => {
      signal.removeEventListener('abort', end);
      resolve(true);
    });
    signal.addEventListener('abort', end, { once: true });
  });
}
