// Whether a call may go, as things stand: asked before each call, moves nothing. Taking the probe is the reducer's.
import type { Moment } from '../../ports/breaker-store.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { BreakerState, HalfOpenState, OpenState } from './breaker-state.ts';
import { remainingMs } from './moment.ts';

export type Admission =
  | { readonly kind: 'pass' }
  /** It may go if it gets the one probe: to be decided under the machine-wide lock. */
  | { readonly kind: 'probe' }
  | {
      readonly kind: 'refuse';
      /** Undefined: no time will help (isolated). */
      readonly retryAfterMs: number | undefined;
      /** Who has the probe, where that is why. */
      readonly holder: string | undefined;
    };

const PASS_FREELY: Admission = { kind: 'pass' };
const MAY_PROBE: Admission = { kind: 'probe' };

/** Longest lease, whatever the call's deadline: a killed holder must not keep a tool away for longer. */
const MAX_LEASE_MS = 3_600_000;
const LEASE_MARGIN_MS = 5_000;

export function judgeAdmission(state: BreakerState, now: Moment, settings: BreakerSettings): Admission {
  switch (state.kind) {
    case 'closed':
      return PASS_FREELY;
    case 'isolated':
      return { kind: 'refuse', retryAfterMs: undefined, holder: undefined };
    case 'open': {
      const retryAfterMs = openForMs(state, now, settings);
      return retryAfterMs > 0 ? { kind: 'refuse', retryAfterMs, holder: undefined } : MAY_PROBE;
    }
    case 'half_open': {
      const { lease } = state;
      const retryAfterMs = leaseLeftMs(state, now);
      return lease !== null && retryAfterMs > 0 ? { kind: 'refuse', retryAfterMs, holder: lease.holder } : MAY_PROBE;
    }
  }
}

/** What is left of the cool-down. INVARIANT: never more than its own length, nor than the settings allow today. */
export function openForMs(state: OpenState, now: Moment, settings: BreakerSettings): number {
  return remainingMs(state.at, Math.min(state.forMs, settings.maxOpenMs), now);
}

export function leaseLeftMs(state: HalfOpenState, now: Moment): number {
  const { lease } = state;
  return lease === null ? 0 : remainingMs(lease.at, Math.min(lease.forMs, MAX_LEASE_MS), now);
}

/**
 * How long a probe may hold the lease: short, so that one that hangs does not keep the others waiting for its whole deadline;
 * twice as long after each lapse, so that a tool that is slow by nature is not locked out for ever.
 */
export function leaseLengthMs(deadlineMs: number, lapses: number, settings: BreakerSettings): number {
  return Math.min(settings.leaseMs * 2 ** lapses, deadlineMs + LEASE_MARGIN_MS, MAX_LEASE_MS);
}
