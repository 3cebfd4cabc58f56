// All breakers of one server, as one plain document. Looks up and replaces; how a breaker moves is not known here.
import type { Moment } from '../../ports/breaker-store.ts';
import { type BreakerState, FIRST_STATE, type IsolatedState, type Transition } from './breaker-state.ts';
import { elapsedMs } from './moment.ts';

export interface ToolEntry {
  /** attacker-controlled: a list and not an object, so that `__proto__` is a name like any other. */
  readonly tool: string;
  readonly state: BreakerState;
}

export interface Board {
  readonly version: 1;
  readonly server: BreakerState;
  readonly tools: readonly ToolEntry[];
  /** The tools that were in flight at the newest exit of this server, of whichever guard. */
  readonly crashed: readonly string[];
}

/** One transition of one breaker; `tool` undefined: of the server itself. */
export interface BoardTransition {
  readonly tool: string | undefined;
  readonly transition: Transition;
}

export interface BoardReduction {
  readonly board: Board;
  readonly transitions: readonly BoardTransition[];
}

/** An opening that has been over for so long, and that nobody has tried out since. */
const LONG_OVER_MS = 600_000;

export const EMPTY_BOARD: Board = { version: 1, server: FIRST_STATE, tools: [], crashed: [] };

/** Tools of one board that are not isolated: somebody may guess names for ever. */
export const MOST_TOOLS = 512;
/**
 * Samples that the tools of one board have together: as many as all of them by default. Settings may ask for fifty times that, and
 * a document of that size could not be read again.
 */
const MOST_SAMPLES_HELD = MOST_TOOLS * 20;
/** Longer names have no breaker of their own; their server's counts them. The specification allows 128. */
export const LONGEST_TOOL = 256;

export function stateOf(board: Board, tool: string | undefined): BreakerState {
  if (tool === undefined) return board.server;
  return board.tools.find((entry) => entry.tool === tool)?.state ?? FIRST_STATE;
}

/** The same board where the state is the same, or where there is no room for it: nobody else is put out for it. */
export function withState(board: Board, tool: string | undefined, state: BreakerState): Board {
  if (stateOf(board, tool) === state) return board;
  if (tool === undefined) return { ...board, server: state };
  if (board.tools.some((entry) => entry.tool === tool)) {
    const replaced = board.tools.map((entry) => (entry.tool === tool ? { tool, state } : entry));
    return { ...board, tools: boundSamples(replaced, tool) };
  }
  const tools = makeRoom(board.tools, state);
  return tools === undefined ? board : { ...board, tools: boundSamples([...tools, { tool, state }], tool) };
}

/** Of the tools that came first the samples go, not the breakers: what is open stays open, and who opened often is known still. */
function boundSamples(tools: readonly ToolEntry[], newest: string): readonly ToolEntry[] {
  let excess = tools.reduce((sum, { state }) => sum + samplesOf(state), -MOST_SAMPLES_HELD);
  if (excess <= 0) return tools;
  return tools.map((entry) => {
    const { tool, state } = entry;
    if (excess <= 0 || tool === newest || state.kind !== 'closed' || state.window.length === 0) return entry;
    excess -= state.window.length;
    return { tool, state: { ...state, window: [] } };
  });
}

function samplesOf(state: BreakerState): number {
  return state.kind === 'closed' ? state.window.length : 0;
}

function isLongOver(state: BreakerState, now: Moment): boolean {
  return state.kind === 'open' && elapsedMs(state.at, now) > state.forMs + LONG_OVER_MS;
}

// INVARIANT: only what is closed, or was left open long ago, is ever forgotten, and an isolation always finds room.
function makeRoom(tools: readonly ToolEntry[], added: BreakerState): readonly ToolEntry[] | undefined {
  if (added.kind === 'isolated' || countBounded(tools) < MOST_TOOLS) return tools;
  const closed = tools.findIndex(({ state }) => state.kind === 'closed');
  if (closed >= 0) return tools.toSpliced(closed, 1);
  // Names that somebody has guessed, and nobody has called since, must not keep real ones out for ever.
  const forgotten = added.kind !== 'open' ? -1 : tools.findIndex(({ state }) => isLongOver(state, added.at));
  return forgotten < 0 ? undefined : tools.toSpliced(forgotten, 1);
}

/** What `MOST_TOOLS` bounds: all but the isolations, which only a person makes. */
export function countBounded(tools: readonly ToolEntry[]): number {
  return tools.filter(({ state }) => state.kind !== 'isolated').length;
}

/** How many of these tools this machine has found to be out because of faults, those that are being probed included. */
export function countOutByFaults(board: Board, tools: ReadonlySet<string>): number {
  return board.tools.filter(
    ({ tool, state }) =>
      tools.has(tool) &&
      (state.kind === 'open' || state.kind === 'half_open') &&
      state.cause === 'faults' &&
      state.fleet === undefined,
  ).length;
}

/** What a person has switched off: kept in a document of its own, which survives the loss of the board. */
export interface Isolation {
  readonly tool: string | undefined;
  readonly state: IsolatedState;
}

export function isolationsOf(board: Board): readonly Isolation[] {
  const all = [{ tool: undefined, state: board.server }, ...board.tools];
  return all.flatMap(({ tool, state }) => (state.kind === 'isolated' ? [{ tool, state }] : []));
}

/** The board with every isolation in force, as after it was lost. INVARIANT: never lifts one. */
export function restoreIsolations(board: Board, isolations: readonly Isolation[]): Board {
  return isolations.reduce((restored, { tool, state }) => {
    const found = stateOf(restored, tool);
    if (found.kind === 'isolated') return restored;
    return withState(restored, tool, { ...state, epoch: Math.max(state.epoch, found.epoch + 1) });
  }, board);
}
