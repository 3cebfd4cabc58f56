// What the openings of other machines do to the breakers of this one. Pure; called under the lock, like every other step.
//
// INVARIANT: what others say ends only what others said. What this machine has found itself ends by its own probes or by a person, and
// what a person has isolated here is not touched. INVARIANT: nothing that others say lasts longer than `maxOpenMs` at a time.
import type { Moment } from '../../ports/breaker-store.ts';
import { judgeAdmission, leaseLeftMs } from './admission.ts';
import { type Board, type BoardReduction, type BoardTransition, stateOf, withState } from './board.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { BreakerState, ClosedState, OpenState } from './breaker-state.ts';
import type { FleetBreaker, FleetOpening, FleetView } from './fleet-opening.ts';
import { remainingMs } from './moment.ts';
import { type Reduction, stayIn, stepTo } from './transition.ts';

interface Circumstances {
  readonly now: Moment;
  /** This machine's name among the openings. */
  readonly member: string;
  settingsOf(tool: string | undefined): BreakerSettings;
}

/** So many tools are out at once because others say so: made-up names must not take the room of what this machine finds. */
const MOST_TAKEN_OVER = 128;

export function isOwnOpening(id: string, member: string): boolean {
  return id.startsWith(`${member}-`);
}

/** @returns `current` itself, and no transition, where the view says nothing new */
export function applyFleet(current: Board, view: FleetView, circumstances: Circumstances): BoardReduction {
  let board = current;
  const transitions: BoardTransition[] = [];
  for (const breaker of view.breakers) {
    const { tool } = breaker;
    const before = stateOf(board, tool);
    const reduction = follow(before, breaker, view.at, circumstances);
    if (reduction.transitions.length === 0) continue;
    if (before.kind === 'closed' && tool !== undefined && countTakenOver(board) >= MOST_TAKEN_OVER) continue;
    board = withState(board, tool, reduction.state);
    // A board without room takes no further one: what does not hold is not said.
    if (stateOf(board, tool) !== reduction.state) continue;
    for (const transition of reduction.transitions) transitions.push({ tool, transition });
  }
  return { board, transitions };
}

function follow(state: BreakerState, breaker: FleetBreaker, at: Moment, circumstances: Circumstances): Reduction {
  const { now, member } = circumstances;
  const settings = circumstances.settingsOf(breaker.tool);
  if (state.kind === 'isolated' || settings.share !== 'fleet' || settings.mode === 'off') return stayIn(state);
  const { opening, ended, endedBy } = breaker;
  if (state.kind !== 'closed' && state.fleet !== undefined && ended.includes(state.fleet.id)) {
    const { epoch, round } = state;
    const closed: ClosedState = { kind: 'closed', epoch, round, since: now, window: [] };
    const nothing = { samples: 0, faults: 0, toolErrors: 0, slow: 0, row: 0 };
    return stepTo(state, closed, 'fleet_close', { kind: 'fleet', machine: endedBy, ...nothing }, now);
  }
  if (opening === undefined || isOwnOpening(opening.id, member) || ended.includes(opening.id)) return stayIn(state);
  const leftMs = Math.min(remainingMs(at, opening.leftMs, now), settings.maxOpenMs);
  if (leftMs <= 0 || !isOpenTo(state, opening, now, settings)) return stayIn(state);
  return stepTo(state, takeOver(state, opening, leftMs, now), 'fleet_open', opening.evidence, now);
}

/** Whether this state gives way. Its own cool-down and its own probe come to their end first. */
function isOpenTo(
  state: Exclude<BreakerState, { kind: 'isolated' }>,
  { id, step }: FleetOpening,
  now: Moment,
  settings: BreakerSettings,
): boolean {
  // INVARIANT: what has ended here, by probes or by a person, is not taken over again, however often it opens elsewhere.
  if (state.kind === 'closed') return state.over !== id;
  if (state.fleet?.id === id && step <= state.fleet.step) return false;
  if (state.kind === 'half_open') return leaseLeftMs(state, now) === 0;
  return judgeAdmission(state, now, settings).kind !== 'refuse';
}

function takeOver(
  before: Exclude<BreakerState, { kind: 'isolated' }>,
  { id, step, cause, round, evidence }: FleetOpening,
  leftMs: number,
  now: Moment,
): OpenState {
  const isSame = before.kind !== 'closed' && before.fleet?.id === id;
  return {
    kind: 'open',
    epoch: before.epoch,
    round,
    cause,
    since: isSame ? before.since : now,
    why: isSame ? before.why : evidence,
    lapses: 0,
    fleet: { id, step },
    at: now,
    forMs: Math.max(1, Math.ceil(leftMs)),
  };
}

function countTakenOver({ tools }: Board): number {
  return tools.filter(({ state }) => (state.kind === 'open' || state.kind === 'half_open') && state.fleet !== undefined)
    .length;
}
