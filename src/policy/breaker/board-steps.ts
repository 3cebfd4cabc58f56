// What is done to a board under the lock, beside a merge: taking the probe for one call, and a person's order. Pure.
import type { Moment } from '../../ports/breaker-store.ts';
import { judgeAdmission } from './admission.ts';
import { type Board, type BoardReduction, type BoardTransition, stateOf, withState } from './board.ts';
import type { BreakerEvent } from './breaker-events.ts';
import { reduceBreaker } from './breaker-reducer.ts';
import type { BreakerSettings } from './breaker-settings.ts';

/** Under which epoch a call was admitted; undefined where that breaker does not count it. */
export interface Permit {
  readonly tool: number | undefined;
  readonly server: number | undefined;
}

export interface ProbeRequest {
  readonly tool: string | undefined;
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
  if (request.asks.tool && request.tool !== undefined) asked.push(request.tool);
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
  for (const tool of asked) {
    const before = board;
    run(tool, { type: 'admit', holder, deadlineMs, random });
    const state = stateOf(board, tool);
    // It has opened again, because too many probes lapsed: what was taken before this one goes back.
    if (state.kind === 'open') return { ...reopened(current, before, board, tool), transitions, permit: undefined };
  }
  const epochOf = (tool: string | undefined): number | undefined =>
    asked.includes(tool) ? stateOf(board, tool).epoch : undefined;
  return {
    board,
    transitions,
    permit: { tool: request.tool === undefined ? undefined : epochOf(request.tool), server: epochOf(undefined) },
  };
}
