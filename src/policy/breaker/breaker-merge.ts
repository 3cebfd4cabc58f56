// Brings together what the store holds and what this process has seen since it last looked. Pure; called under the lock, so
// that of several processes one after the other merges into what the one before has written.
//
// The epoch decides. What this process counted under an epoch that has passed is void; under the current one its samples
// join the shared ones, and an opening that it has already announced to its callers stands. INVARIANT: an isolation is never
// lost: it leaves by a person's order, which is itself an event of a newer epoch.
import type { Moment } from '../../ports/breaker-store.ts';
import {
  type Board,
  type BoardReduction,
  type BoardTransition,
  countOutByFaults,
  stateOf,
  withState,
} from './board.ts';
import type { BreakerEvent } from './breaker-events.ts';
import { reduceBreaker, tripIfDue } from './breaker-reducer.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { BreakerState, TimedSample, Transition } from './breaker-state.ts';
import { type Reduction, stayIn, stepTo } from './transition.ts';
import { joinWindows } from './trip.ts';

/** What a process knows of one breaker that the others do not. */
export interface Unmerged {
  /** The shared state on which the rest was built. */
  readonly known: BreakerState;
  /** Counted while closed in the epoch of `known`. */
  readonly samples: readonly TimedSample[];
  /** It has opened on them: callers have been refused since. */
  readonly opening: Reduction | undefined;
  /** To be decided under the lock: results of probes. */
  readonly events: readonly BreakerEvent[];
}

/** The circumstances of one merge. */
export interface MergeContext {
  readonly now: Moment;
  /** In [0, 1). */
  readonly random: number;
  settingsOf(tool: string | undefined): BreakerSettings;
  /** All that the server has; undefined where nobody knows: then its tools never open it. A name that it has not got counts for nothing. */
  readonly allTools: readonly string[] | undefined;
}

export interface UnmergedBoard {
  /** By tool; undefined for the server itself. */
  readonly breakers: ReadonlyMap<string | undefined, Unmerged>;
  /** An exit of the server: the tools that were in flight. Undefined: no exit since the last merge. */
  readonly crashed: readonly string[] | undefined;
}

export function mergeBreaker(
  shared: BreakerState,
  mine: Unmerged,
  now: Moment,
  random: number,
  settings: BreakerSettings,
): Reduction {
  let { state, transitions } = pickNewer(shared, mine.known, now);
  const run = (reduction: Reduction): void => {
    state = reduction.state;
    transitions = [...transitions, ...reduction.transitions];
  };
  if (state.kind === 'closed' && state.epoch === mine.known.epoch) {
    if (mine.opening !== undefined) run(mine.opening);
    else if (mine.samples.length > 0) {
      const window = joinWindows(state.window, mine.samples, now, settings);
      run(tripIfDue({ ...state, window }, now, random, settings));
    }
  }
  for (const event of mine.events) run(reduceBreaker(state, event, now, settings));
  return { state, transitions };
}

/** Which of two readings of one breaker holds. The shared one may be the older: a document can be lost, or come from a backup. */
export function pickNewer(shared: BreakerState, known: BreakerState, now: Moment): Reduction {
  if (shared.epoch > known.epoch) return stayIn(shared);
  if (shared.epoch === known.epoch) return stayIn(known.kind === 'isolated' ? known : shared);
  if (shared.kind !== 'isolated' || known.kind === 'isolated') return stayIn(known);
  const { at, actor, reason } = shared;
  const isolated: BreakerState = { kind: 'isolated', epoch: known.epoch, at, actor, reason };
  return stepTo(known, isolated, 'isolation_kept', { kind: 'person', actor, reason }, now);
}

/** @returns `current` itself where nothing has changed, so that nothing is written */
export function mergeBoard(current: Board, mine: UnmergedBoard, context: MergeContext): BoardReduction {
  const { now, random } = context;
  let board = mine.crashed === undefined ? current : { ...current, crashed: mine.crashed };
  const transitions: BoardTransition[] = [];
  const put = (tool: string | undefined, reduction: Reduction): void => {
    board = withState(board, tool, reduction.state);
    // A board that is full of open breakers takes no further one: what does not hold is not said.
    if (stateOf(board, tool) !== reduction.state) return;
    for (const transition of reduction.transitions) transitions.push({ tool, transition });
  };
  for (const [tool, unmerged] of mine.breakers)
    put(tool, mergeBreaker(stateOf(board, tool), unmerged, now, random, context.settingsOf(tool)));
  // A tool that opens again after a probe says nothing new: else a few dead tools would keep the healthy ones away for ever.
  if (transitions.some(({ tool, transition }) => tool !== undefined && opensByFaults(transition))) {
    const { allTools } = context;
    if (allTools === undefined) return { board, transitions };
    const open = countOutByFaults(board, new Set(allTools));
    const known = allTools.length;
    put(
      undefined,
      reduceBreaker(board.server, { type: 'tools_out', open, known, random }, now, context.settingsOf(undefined)),
    );
  }
  return { board, transitions };
}

/** Only what is closed opens by these two. */
function opensByFaults({ rule }: Transition): boolean {
  return rule === 'fault_row' || rule === 'fault_rate';
}
