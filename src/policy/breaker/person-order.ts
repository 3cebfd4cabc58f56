// What a person's order does to a breaker: open, close, reset, isolate. Pure. INVARIANT: an isolation ends here or nowhere.
import type { Moment } from '../../ports/breaker-store.ts';
import type { BreakerEvent } from './breaker-events.ts';
import type { BreakerState, Evidence, Openable } from './breaker-state.ts';
import { type Reduction, stayIn, stepTo } from './transition.ts';

/**
 * `close` forgets the window and remembers how often it opened; `reset` forgets both; `open` opens as a trip does, and leaves an
 * isolation alone, because an opening ends by itself.
 * @param openNow opens this state with this evidence
 */
export function reduceOrder(
  state: BreakerState,
  event: Extract<BreakerEvent, { type: 'order' }>,
  now: Moment,
  openNow: (state: Openable, evidence: Evidence, random: number) => Reduction,
): Reduction {
  const { actor, reason } = event.person;
  const evidence: Evidence = { kind: 'person', actor, reason };
  const { epoch } = state;
  switch (event.order) {
    case 'isolate':
      return stepTo(state, { kind: 'isolated', epoch, at: now, actor, reason }, 'person_isolate', evidence, now);
    case 'reset':
      return stepTo(state, { kind: 'closed', epoch, round: 0, since: null, window: [] }, 'person_reset', evidence, now);
    case 'close': {
      if (state.kind === 'closed') return stayIn(state);
      const round = state.kind === 'isolated' ? 0 : state.round;
      const since = round === 0 ? null : now;
      return stepTo(state, { kind: 'closed', epoch, round, since, window: [] }, 'person_close', evidence, now);
    }
    case 'open':
      return state.kind === 'isolated' ? stayIn(state) : openNow(state, evidence, event.random);
  }
}
