// What is done to a board under the lock, beside a merge: taking the probe for one call, and a person's order. Pure.
import type { Moment } from '../../ports/breaker-store.ts';
import { judgeAdmission } from './admission.ts';
import { type Board, type BoardReduction, type BoardTransition, stateOf, withState } from './board.ts';
import type { BreakerEvent, Person } from './breaker-events.ts';
import { reduceBreaker } from './breaker-reducer.ts';
import type { BreakerSettings } from './breaker-settings.ts';

/** Under which epoch a call was admitted; undefined where that breaker does not count it. */
export interface Permit {
  readonly tool: number | undefined;
  readonly server: number | undefined;
}

export interface ProbeRequest {
  readonly tool: string;
  /** Which of the two must let it pass; the other one is off, or only observes. */
  readonly asks: { readonly tool: boolean; readonly server: boolean };
  readonly holder: string;
  readonly deadlineMs: number;
  /** Whether a holder of a lease is surely dead. */
  readonly isGone: (holder: string) => boolean;
}

export interface ProbeReduction extends BoardReduction {
  /** Undefined: refused. */
  readonly permit: Permit | undefined;
}

interface Circumstances {
  readonly now: Moment;
  readonly random: number;
  settingsOf(tool: string | undefined): BreakerSettings;
}

/** INVARIANT: takes both leases or none, so that a call that one of the two refuses does not hold the other's probe. */
export function takeProbe(current: Board, request: ProbeRequest, circumstances: Circumstances): ProbeReduction {
  const { now, random, settingsOf } = circumstances;
  let board = current;
  const transitions: BoardTransition[] = [];
  const run = (tool: string | undefined, event: BreakerEvent): void => {
    const reduction = reduceBreaker(stateOf(board, tool), event, now, settingsOf(tool));
    board = withState(board, tool, reduction.state);
    for (const transition of reduction.transitions) transitions.push({ tool, transition });
  };
  const asked: (string | undefined)[] = [];
  if (request.asks.tool) asked.push(request.tool);
  if (request.asks.server) asked.push(undefined);
  for (const tool of asked) {
    const state = stateOf(board, tool);
    const holder = state.kind === 'half_open' ? state.lease?.holder : undefined;
    if (holder !== undefined && request.isGone(holder)) run(tool, { type: 'holder_gone', holder });
  }
  const mayGo = (tool: string | undefined): boolean =>
    judgeAdmission(stateOf(board, tool), now, settingsOf(tool)).kind !== 'refuse';
  if (!asked.every(mayGo)) return { board, transitions, permit: undefined };
  const { holder, deadlineMs } = request;
  for (const tool of asked) run(tool, { type: 'admit', holder, deadlineMs, random });
  const epochOf = (tool: string | undefined): number | undefined =>
    asked.includes(tool) ? stateOf(board, tool).epoch : undefined;
  const permit = { tool: epochOf(request.tool), server: epochOf(undefined) };
  // One has opened again instead, because too many probes lapsed: the other one's lease goes back.
  if (asked.some((tool) => stateOf(board, tool).kind === 'open')) {
    for (const tool of asked) run(tool, unused(stateOf(board, tool).epoch));
    return { board, transitions, permit: undefined };
  }
  return { board, transitions, permit };
}

function unused(epoch: number): BreakerEvent {
  return { type: 'settled', epoch, outcome: 'none', durationMs: 0, random: 0 };
}

export interface Order {
  readonly order: 'open' | 'close' | 'reset' | 'isolate';
  /** Undefined: the server itself. */
  readonly tool: string | undefined;
  readonly person: Person;
}

/** What `breaker open|close|reset|isolate <server>[/<tool>]` does, in the process of the command. */
export function orderBoard(
  current: Board,
  { order, tool, person }: Order,
  circumstances: Circumstances,
): BoardReduction {
  const { now, random, settingsOf } = circumstances;
  const event: BreakerEvent =
    order === 'open' ? { type: 'order', order, person, random } : { type: 'order', order, person };
  const { state, transitions } = reduceBreaker(stateOf(current, tool), event, now, settingsOf(tool));
  return {
    board: withState(current, tool, state),
    transitions: transitions.map((transition) => ({ tool, transition })),
  };
}
