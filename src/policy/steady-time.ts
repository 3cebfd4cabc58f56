// The wall clock as what ends goes by it: it may jump ahead, and never goes back, nor slower than the time that passes. Pure; the readings
// come with each event.
import type { Instant } from '../ports/clock.ts';

/** Wall clock, ms. INVARIANT: what has ended by it once does not live again, whoever sets the clock. */
export type SteadyTime = (now: Instant) => number;

export function createSteadyTime(): SteadyTime {
  let first: Instant | undefined;
  let latestMs = Number.NEGATIVE_INFINITY;
  return ({ wallMs, monoMs }) => {
    first ??= { wallMs, monoMs };
    latestMs = Math.max(latestMs, wallMs, first.wallMs + monoMs - first.monoMs);
    return latestMs;
  };
}
