// The time of the limits file: microseconds that go on across reboots and clock steps. Pure; where the numbers are kept and what
// the system's clocks say comes in.
//
// Within one boot it runs with CLOCK_MONOTONIC, which nobody sets. After a reboot it goes on from where it was last seen, by as
// much as the wall clock has moved since; a wall clock that has moved back counts as none. INVARIANT: so a clock that is set never
// fills a bucket while the machine is up, and a reboot at most once, by as much as the clock was set forward.
import type { Moment } from '../ports/breaker-store.ts';

export interface TimeBase {
  /** Which clock the offset belongs to: a boot. */
  readonly bootId: string;
  /** To be added to that clock's µs. */
  readonly offsetUs: number;
  /** When it was last seen, by this clock and by the wall. */
  readonly seenUs: number;
  readonly seenWallMs: number;
}

/** Seen again at least so often. */
const SEEN_EVERY_US = 1_000_000;
/** A clock that stands so far before where it was seen is not the one that was seen. */
const MOST_BACK_US = 1_000_000;

/** @param base undefined: a new file @returns the time, and the base to keep; the same reference where it need not be written */
export function readTime(base: TimeBase | undefined, now: Moment): { readonly us: number; readonly base: TimeBase } {
  const localUs = Math.floor(now.monoMs * 1_000);
  if (base !== undefined && base.bootId === now.bootId) {
    const us = localUs + base.offsetUs;
    if (us >= base.seenUs - MOST_BACK_US) {
      if (us - base.seenUs < SEEN_EVERY_US) return { us, base };
      return { us, base: { ...base, seenUs: us, seenWallMs: now.wallMs } };
    }
  }
  const elapsedMs = base === undefined ? 0 : Math.max(0, now.wallMs - base.seenWallMs);
  const us = (base?.seenUs ?? 0) + Math.floor(elapsedMs) * 1_000;
  return { us, base: { bootId: now.bootId, offsetUs: us - localUs, seenUs: us, seenWallMs: now.wallMs } };
}
