// The clock of this machine. The only place that reads it for the core.
import type { Clock } from '../ports/clock.ts';

export const systemClock: Clock = {
  now: () => ({ wallMs: Date.now(), monoMs: performance.now() }),
};

/** Wall clock, ms, that never runs slower than the time that has passed since this was called: setting it back prolongs nothing. */
export function createSteadyNow(clock: Clock): () => number {
  const start = clock.now();
  return () => {
    const { wallMs, monoMs } = clock.now();
    return Math.max(wallMs, start.wallMs + monoMs - start.monoMs);
  };
}
