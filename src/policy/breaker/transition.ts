// Makes one transition: the state under its new epoch, and what is said about it. Decides nothing.
import type { Moment } from '../../ports/breaker-store.ts';
import type { BreakerState, Evidence, Rule, Transition } from './breaker-state.ts';

export interface Reduction {
  readonly state: BreakerState;
  /** In order; empty where nothing but the window has changed. */
  readonly transitions: readonly Transition[];
}

export function stayIn(state: BreakerState): Reduction {
  return { state, transitions: [] };
}

/** INVARIANT: the only place where an epoch grows: by one, with one transition. */
export function stepTo(from: BreakerState, to: BreakerState, rule: Rule, evidence: Evidence, now: Moment): Reduction {
  const epoch = from.epoch + 1;
  const transition: Transition = {
    from: from.kind,
    to: to.kind,
    epoch,
    rule,
    evidence,
    at: now,
    openMs: to.kind === 'open' ? to.forMs : undefined,
    round: to.kind === 'isolated' ? 0 : to.round,
  };
  const over = to.kind === 'closed' && 'fleet' in from ? from.fleet?.id : undefined;
  return { state: { ...to, ...(over === undefined ? {} : { over }), epoch }, transitions: [transition] };
}
