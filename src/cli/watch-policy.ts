// Begins to watch the policy of a run once its start is over, so that no first answer waits for it. Loads the watch, knows nothing of it.
import { systemClock } from '../adapters/system-clock.ts';
import type { RunReloadParts } from './run-reload.ts';

/** A run without a config and without a ceiling has nothing to watch. @returns ends the watch */
export function watchPolicyLater(
  parts: Omit<RunReloadParts, 'clock'> & {
    /** Wall clock, ms: the one by which the policy is read. */
    readonly nowMs: () => number;
  },
): () => void {
  const { inForce, log, nowMs } = parts;
  const clock = { now: () => ({ ...systemClock.now(), wallMs: nowMs() }) };
  if (inForce.held.policy === undefined) return () => {};
  let isOver = false;
  let end = (): void => {};
  setImmediate(() => {
    import('./run-reload.ts').then(
      ({ watchRunPolicy }) => {
        if (!isOver) end = watchRunPolicy({ ...parts, clock });
      },
      (error: unknown) =>
        log.write('error', `a changed policy will not be seen before the next start: ${String(error)}`),
    );
  });
  return () => {
    isOver = true;
    end();
  };
}
