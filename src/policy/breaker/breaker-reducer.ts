// How one breaker moves: (state, event, now, settings) → state and the transitions that led there. Pure: no timer, no clock, no
// random number of its own. A state whose time is over moves when it is next asked, not before.
import type { Moment } from '../../ports/breaker-store.ts';
import { judgeAdmission, leaseLengthMs } from './admission.ts';
import type { BreakerEvent } from './breaker-events.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type {
  BreakerState,
  Cause,
  ClosedState,
  Evidence,
  HalfOpenState,
  Lease,
  Openable,
  OpenState,
  Rule,
} from './breaker-state.ts';
import { elapsedMs } from './moment.ts';
import { reduceOrder } from './person-order.ts';
import { type Reduction, stayIn, stepTo } from './transition.ts';
import { appendSample, findTrip, isBad, isSlow, type Trip } from './trip.ts';

/** So many probes in a row that do not come back open it again, longer. */
const LAPSES_TO_REOPEN = 3;

export function reduceBreaker(
  state: BreakerState,
  event: BreakerEvent,
  now: Moment,
  settings: BreakerSettings,
): Reduction {
  switch (event.type) {
    case 'settled':
      return reduceSettled(state, event, now, settings);
    case 'admit':
      return reduceAdmit(state, event, now, settings);
    case 'holder_gone':
      if (state.kind !== 'half_open' || state.lease?.holder !== event.holder) return stayIn(state);
      return stepTo(state, freeProbe(state), 'holder_gone', leaseEvidence(state.lease, state.lapses), now);
    case 'tools_out':
      return reduceToolsOut(state, event, now, settings);
    case 'order':
      return reduceOrder(state, event, now, (from, evidence, random) =>
        openWith(from, { rule: 'person_open', cause: 'person', evidence }, now, random, settings),
      );
  }
}

/** Opens where the window says so, as after a merge has brought other samples. */
export function tripIfDue(state: ClosedState, now: Moment, random: number, settings: BreakerSettings): Reduction {
  const trip = findTrip(state.window, now, settings);
  return trip === undefined ? stayIn(state) : openWith(state, trip, now, random, settings);
}

function reduceSettled(
  state: BreakerState,
  event: Extract<BreakerEvent, { type: 'settled' }>,
  now: Moment,
  settings: BreakerSettings,
): Reduction {
  const { outcome, durationMs, random } = event;
  // INVARIANT: a result of an older epoch changes nothing, late success and late failure alike.
  if (event.epoch !== state.epoch) return stayIn(state);
  if (state.kind === 'half_open') return reduceProbe(state, event, now, settings);
  if (state.kind !== 'closed' || outcome === 'none') return stayIn(state);
  const exit = event.exit === undefined ? {} : { exit: event.exit };
  const added = { at: now, sample: outcome, slow: isSlow(durationMs, settings), ...exit };
  return tripIfDue({ ...state, window: appendSample(state.window, added, settings) }, now, random, settings);
}

// The epoch is the half-open one, so the call was admitted as its probe: nothing else is admitted in that epoch.
function reduceProbe(
  state: HalfOpenState,
  event: Extract<BreakerEvent, { type: 'settled' }>,
  now: Moment,
  settings: BreakerSettings,
): Reduction {
  if (state.lease === null) return stayIn(state);
  const { outcome, durationMs, random } = event;
  const slow = isSlow(durationMs, settings);
  const evidence: Evidence = { kind: 'probe', outcome, durationMs, slow };
  // INVARIANT: what counts for nothing gives its permit back.
  if (outcome === 'none') return stepTo(state, freeProbe(state), 'probe_unused', evidence, now);
  const cause = failureOf(outcome, slow, state.cause, settings);
  if (cause !== undefined) return openWith(state, { rule: 'probe_failed', cause, evidence }, now, random, settings);
  const successes = state.successes + 1;
  if (successes < settings.successesToClose)
    return stepTo(state, { ...freeProbe(state), successes }, 'probe_passed', evidence, now);
  const closed: ClosedState = { kind: 'closed', epoch: state.epoch, round: state.round, since: now, window: [] };
  return stepTo(state, closed, 'probes_passed', evidence, now);
}

/** Why a probe has failed: a fault, or the very thing that the breaker is open for. Undefined: it has passed. */
function failureOf(
  outcome: 'success' | 'fault' | 'tool_error',
  slow: boolean,
  cause: Cause,
  settings: BreakerSettings,
): Cause | undefined {
  if (isBad(outcome, settings)) return 'faults';
  if (outcome === 'tool_error' && cause === 'tool_errors' && settings.countToolErrors === 'rate') return 'tool_errors';
  return slow && cause === 'slow' ? 'slow' : undefined;
}

function reduceAdmit(
  state: BreakerState,
  event: Extract<BreakerEvent, { type: 'admit' }>,
  now: Moment,
  settings: BreakerSettings,
): Reduction {
  if (judgeAdmission(state, now, settings).kind !== 'probe') return stayIn(state);
  if (state.kind === 'open') return giveLease(toHalfOpen(state), state, 'cool_down_over', event, now, settings);
  if (state.kind !== 'half_open') return stayIn(state);
  if (state.lease === null) return giveLease(state, state, 'next_probe', event, now, settings);
  const lapsed = { ...state, lapses: state.lapses + 1 };
  if (lapsed.lapses % LAPSES_TO_REOPEN !== 0) return giveLease(lapsed, state, 'lease_lapsed', event, now, settings);
  const trip: Trip = { rule: 'probes_lapsed', cause: state.cause, evidence: leaseEvidence(state.lease, lapsed.lapses) };
  return openWith(lapsed, trip, now, event.random, settings);
}

function giveLease(
  to: HalfOpenState,
  from: BreakerState,
  rule: Rule,
  event: Extract<BreakerEvent, { type: 'admit' }>,
  now: Moment,
  settings: BreakerSettings,
): Reduction {
  const forMs = leaseLengthMs(event.deadlineMs, to.lapses, settings);
  const lease: Lease = { holder: event.holder, at: now, forMs };
  return stepTo(from, { ...to, lease }, rule, leaseEvidence(lease, to.lapses), now);
}

function reduceToolsOut(
  state: BreakerState,
  event: Extract<BreakerEvent, { type: 'tools_out' }>,
  now: Moment,
  settings: BreakerSettings,
): Reduction {
  const { open, known, random } = event;
  if (state.kind !== 'closed') return stayIn(state);
  if (open < settings.escalateTools || open / known <= settings.escalateShare) return stayIn(state);
  return openWith(
    state,
    { rule: 'escalation', cause: 'tools', evidence: { kind: 'tools', open, known } },
    now,
    random,
    settings,
  );
}

/** Opens, or opens again: the only place that draws how long. What opens here this machine has found itself, whoever opened it before. */
function openWith(state: Openable, trip: Trip, now: Moment, random: number, settings: BreakerSettings): Reduction {
  const before = state.kind === 'closed' ? undefined : state;
  const round = roundOf(state, now, settings) + 1;
  const opened: OpenState = {
    kind: 'open',
    epoch: state.epoch,
    round,
    cause: trip.cause,
    since: before?.since ?? now,
    why: before?.why ?? trip.evidence,
    lapses: before?.lapses ?? 0,
    at: now,
    forMs: drawOpenMs(round, random, settings),
  };
  return stepTo(state, opened, trip.rule, trip.evidence, now);
}

/** How often it has opened so far, as far as that is remembered: ten healthy minutes are ten closed ones. */
function roundOf(state: Openable, now: Moment, settings: BreakerSettings): number {
  if (state.kind !== 'closed') return state.round;
  if (state.since === null || elapsedMs(state.since, now) >= settings.forgetAfterMs) return 0;
  return state.round;
}

/** In ms, a whole number. INVARIANT: never above `maxOpenMs`, jitter included. */
function drawOpenMs(round: number, random: number, settings: BreakerSettings): number {
  const { openMs, maxOpenMs, jitter } = settings;
  const drawn = Math.min(maxOpenMs, openMs * 2 ** (round - 1)) * (1 - jitter + 2 * jitter * random);
  return Math.min(maxOpenMs, Math.max(1, Math.round(drawn)));
}

function toHalfOpen({ epoch, round, cause, since, why, lapses, fleet }: OpenState): HalfOpenState {
  const mark = fleet === undefined ? {} : { fleet };
  return { kind: 'half_open', epoch, round, cause, since, why, lapses, ...mark, successes: 0, lease: null };
}

function freeProbe(state: HalfOpenState): HalfOpenState {
  return { ...state, lease: null };
}

function leaseEvidence({ holder, forMs }: Lease, lapses: number): Evidence {
  return { kind: 'lease', holder, forMs, lapses };
}
