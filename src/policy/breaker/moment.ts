// How much time has passed between two moments, when the clock may have been set and the machine rebooted. Pure.
import type { Moment } from '../../ports/breaker-store.ts';

const MOST_AHEAD_MS = 1_000;

/**
 * Milliseconds from `from` to `now`, never negative. Within one boot the monotonic clock decides, which no clock step moves.
 * Across boots only the wall clock is left; where it contradicts itself (`from` lies in the future) the moment is worth
 * nothing and counts as infinitely old. INVARIANT: so whatever waits for time to pass waits shorter, never longer.
 */
export function elapsedMs(from: Moment, now: Moment): number {
  if (from.bootId === now.bootId) {
    const monoMs = now.monoMs - from.monoMs;
    // Guards may differ by a little; what lies further ahead was written by another machine, or by hand.
    return monoMs < -MOST_AHEAD_MS ? Number.POSITIVE_INFINITY : Math.max(0, monoMs);
  }
  const wallMs = now.wallMs - from.wallMs;
  return wallMs < 0 ? Number.POSITIVE_INFINITY : wallMs;
}

/** What is left of a stretch of `forMs` that began at `from`: between 0 and its own length. */
export function remainingMs(from: Moment, forMs: number, now: Moment): number {
  return Math.max(0, forMs - elapsedMs(from, now));
}
