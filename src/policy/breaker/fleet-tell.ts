// What this machine has to tell the fleet, worked out from its board and from what the fleet says already: so it does not matter which of
// its guards tells, nor how often, nor whether a telling was lost. Pure; knows no store.
import type { Moment } from '../../ports/breaker-store.ts';
import { openForMs } from './admission.ts';
import { type Board, stateOf } from './board.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { BreakerState, OpenState } from './breaker-state.ts';
import { isOwnOpening } from './fleet-merge.ts';
import type { FleetBreaker, FleetNote, FleetView } from './fleet-opening.ts';
import { remainingMs } from './moment.ts';

export type FleetTelling =
  | {
      readonly kind: 'open';
      readonly tool: string | undefined;
      readonly id: string;
      readonly step: number;
      readonly leftMs: number;
      readonly note: FleetNote;
    }
  /** It is not believed any more: it closed where it was found, or it was taken over here and has ended here. */
  | { readonly kind: 'end'; readonly tool: string | undefined; readonly id: string };

export interface FleetTeller {
  readonly now: Moment;
  readonly member: string;
  /** This machine's name for people. */
  readonly machine: string;
  settingsOf(tool: string | undefined): BreakerSettings;
}

/** Ends come before openings. */
export function planTellings(board: Board, view: FleetView, teller: FleetTeller): readonly FleetTelling[] {
  const said = new Map(view.breakers.map((breaker) => [breaker.tool, breaker]));
  const ends = view.breakers.flatMap((breaker) => endOf(stateOf(board, breaker.tool), breaker, teller));
  const all = [{ tool: undefined, state: board.server }, ...board.tools];
  const openings = all.flatMap(({ tool, state }) => openingOf(tool, state, said.get(tool), view.at, teller));
  return [...ends, ...openings];
}

function endOf(
  state: BreakerState,
  { tool, opening, ended }: FleetBreaker,
  { member, settingsOf }: FleetTeller,
): readonly FleetTelling[] {
  if (opening === undefined || ended.includes(opening.id) || settingsOf(tool).share !== 'fleet') return [];
  const { id, step } = opening;
  const end: FleetTelling = { kind: 'end', tool, id };
  if (state.kind === 'closed' && state.over === id) return [end];
  // INVARIANT: a guard that has not seen the opening on its own machine's board yet does not end it.
  if (!isOwnOpening(id, member) || state.epoch <= step) return [];
  if (state.kind === 'closed') return [end];
  return isFoundHere(state) && nameOpening(state, member) !== id ? [end] : [];
}

function openingOf(
  tool: string | undefined,
  state: BreakerState,
  said: FleetBreaker | undefined,
  at: Moment,
  { now, member, machine, settingsOf }: FleetTeller,
): readonly FleetTelling[] {
  const settings = settingsOf(tool);
  // Who only observes switches nobody else's tools off.
  if (settings.share !== 'fleet' || settings.mode !== 'enforce') return [];
  if (state.kind !== 'open' || !isFoundHere(state)) return [];
  const id = nameOpening(state, member);
  const leftMs = Math.ceil(openForMs(state, now, settings));
  if (leftMs <= 0 || said?.ended.includes(id) === true) return [];
  const other = said?.opening;
  const isRunning = other !== undefined && remainingMs(at, other.leftMs, now) > 0;
  const isKnown = other?.id === id ? other.step >= state.epoch : isRunning && !isOwnOpening(other.id, member);
  return isKnown ? [] : [{ kind: 'open', tool, id, step: state.epoch, leftMs, note: noteOf(state, machine) }];
}

function isFoundHere(state: BreakerState): state is Exclude<BreakerState, { kind: 'closed' | 'isolated' }> {
  return (state.kind === 'open' || state.kind === 'half_open') && state.fleet === undefined;
}

/** The same for all guards of the machine, and from the first opening until it closes: when that was stands on the board. */
function nameOpening({ since }: Pick<OpenState, 'since'>, member: string): string {
  return `${member}-${Math.trunc(since.wallMs).toString(36)}`;
}

function noteOf({ why, cause, round }: OpenState, machine: string): FleetNote {
  const none = { samples: 0, faults: 0, toolErrors: 0, slow: 0, row: 0 };
  if (why.kind !== 'samples' && why.kind !== 'fleet') return { machine, cause, round, ...none };
  const { samples, faults, toolErrors, slow, row, exits } = why;
  return { machine, cause, round, samples, faults, toolErrors, slow, row, ...(exits === undefined ? {} : { exits }) };
}
