// All breakers of one server as this process sees them, and their way to the store and back. Knows no call and no verdict.
import type { BreakerStore, Moment } from '../../ports/breaker-store.ts';
import { type Board, type BoardReduction, type BoardTransition, LONGEST_TOOL, MOST_TOOLS, stateOf } from './board.ts';
import type { BreakerEvent } from './breaker-events.ts';
import { mergeBoard, type Unmerged, type UnmergedBoard } from './breaker-merge.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import { type BreakerState, FIRST_STATE } from './breaker-state.ts';
import { LocalBreaker } from './local-breaker.ts';
import { elapsedMs } from './moment.ts';

/** How often samples that change nothing yet are told to the others. What is not told goes along with the next that is. */
const SAY_EVERY_MS = 1_000;

export interface LocalBoardParts {
  readonly server: string;
  readonly store: BreakerStore<Board>;
  settingsOf(tool: string | undefined): BreakerSettings;
  /** All that the server has, whoever may see them; undefined where nobody has listed them to the end. */
  allTools(): readonly string[] | undefined;
  /** Once for each transition, when it holds for every guard of this machine. */
  onTransition(transition: BoardTransition): void;
}

/** A step to be taken under the lock, after everything else has been merged. */
export type BoardStep = (board: Board, now: Moment, random: number) => BoardReduction;

interface QueuedStep {
  readonly next: BoardStep;
  readonly after: (now: Moment) => void;
}

export class LocalBoard {
  readonly #parts: LocalBoardParts;
  readonly #locals = new Map<string | undefined, LocalBreaker>();
  /** What holds, as far as this process knows … */
  #board: Board;
  #index: ReadonlyMap<string, BreakerState>;
  /** … and the newest that the store has shown. */
  #shown: Board;
  #crashed: readonly string[] | undefined;
  /** INVARIANT: one update at a time: what it merges is forgotten here only when it is done, and must not be merged twice. */
  #updating = false;
  #dirty = false;
  /** When this process last had something to tell. */
  #saidAt: Moment | undefined;
  /** Something waits for the next telling. */
  #isUntold = false;
  #steps: readonly QueuedStep[] = [];

  constructor(parts: LocalBoardParts) {
    this.#parts = parts;
    this.#shown = parts.store.read(parts.server);
    this.#board = this.#shown;
    this.#index = indexOf(this.#board);
  }

  /** The tools that were in flight at the newest exit, as far as this process knows. */
  get crashed(): readonly string[] {
    return this.#crashed ?? this.#board.crashed;
  }

  /** Looks at what the others have written. Free where nothing has changed. */
  refresh(now: Moment): void {
    if (this.#updating) return;
    const board = this.#parts.store.read(this.#parts.server);
    if (board === this.#shown) return;
    this.#shown = board;
    this.#adopt(board, now);
  }

  stateOf(tool: string | undefined): BreakerState {
    return this.#locals.get(tool)?.state ?? this.#shared(tool);
  }

  /** A result is on its way to the lock: what holds a moment from now is not known yet. */
  awaitsMerge(tool: string | undefined): boolean {
    return this.#locals.get(tool)?.awaitsMerge === true;
  }

  toolsOut(): readonly string[] {
    return this.#toolsSeen().filter((tool) => this.stateOf(tool).kind !== 'closed');
  }

  /** A call has settled. Tells the others where that is worth it. */
  settle(tool: string | undefined, event: Extract<BreakerEvent, { type: 'settled' }>, now: Moment): void {
    // Guessed names that say nothing take no room.
    if (event.outcome === 'none' && this.stateOf(tool).kind === 'closed') return;
    const local = this.#localOf(tool);
    if (local?.settle(event, now, this.#parts.settingsOf(tool)) !== true) return;
    this.#isUntold = true;
    // A write holds up the whole session for some ms: one bad sample more is worth that once in a while, a step at once.
    const isStep = local.state.kind !== 'closed' || local.awaitsMerge;
    if (isStep || this.#saidAt === undefined || elapsedMs(this.#saidAt, now) >= SAY_EVERY_MS) this.publish(now);
  }

  /** The server has exited, with these tools in flight. */
  noteCrash(tools: readonly string[], now: Moment): void {
    this.#crashed = tools.filter((tool) => tool.length <= LONGEST_TOOL).slice(0, MOST_TOOLS);
    this.publish(now);
  }

  /** Tells what was kept back. */
  flush(now: Moment): void {
    if (this.#isUntold) this.publish(now);
  }

  /** Merges what is new here into what the store holds. */
  publish(now: Moment): void {
    this.#saidAt = now;
    this.#isUntold = false;
    this.#dirty = true;
    if (!this.#updating) this.#update();
  }

  /** Merges, then takes one step more. `after` is called once, when it holds; without the store it holds here alone. */
  step(next: BoardStep, after: (now: Moment) => void): void {
    this.#steps = [...this.#steps, { next, after }];
    if (!this.#updating) this.#update();
  }

  #update(): void {
    const { store, server, settingsOf } = this.#parts;
    const steps = this.#steps;
    this.#steps = [];
    this.#updating = true;
    let taken: UnmergedBoard = { breakers: new Map(), crashed: undefined };
    let transitions: readonly BoardTransition[] = [];
    const change = (current: Board, now: Moment, random: number): Board => {
      taken = this.#unmerged(current);
      this.#dirty = false;
      let reduction = mergeBoard(current, taken, { now, random, settingsOf, allTools: this.#parts.allTools() });
      transitions = reduction.transitions;
      for (const { next } of steps) {
        reduction = next(reduction.board, now, random);
        transitions = [...transitions, ...reduction.transitions];
      }
      return reduction.board;
    };
    store.update(server, change, (board, now) => {
      if (board !== undefined) this.#shown = board;
      // Never a lock-out: where the store fails, this process goes on by itself, and an isolation that it knows stays.
      this.#merged(board ?? change(this.#board, now, store.random()), taken, now);
      this.#updating = false;
      for (const transition of transitions) this.#parts.onTransition(transition);
      for (const { after } of steps) after(now);
      // One of them may have begun the next update already.
      if (!this.#updating && (this.#dirty || this.#steps.length > 0)) this.#update();
    });
  }

  #shared(tool: string | undefined): BreakerState {
    return tool === undefined ? this.#board.server : (this.#index.get(tool) ?? FIRST_STATE);
  }

  #toolsSeen(): readonly string[] {
    const seen = new Set([...this.#locals.keys(), ...this.#index.keys()]);
    return [...seen].filter((tool) => tool !== undefined);
  }

  /** What `current` does not hold: what is new here, and what the store has lost. */
  #unmerged(current: Board): UnmergedBoard {
    const breakers = new Map<string | undefined, Unmerged>();
    const index = indexOf(current);
    for (const [tool, local] of this.#locals) {
      const shown = tool === undefined ? current.server : index.get(tool);
      if (local.isUnmerged || mayLack(shown, local.state))
        breakers.set(tool, local.unmerged(this.#parts.settingsOf(tool)));
    }
    return { breakers, crashed: this.#crashed };
  }

  #merged(board: Board, taken: UnmergedBoard, now: Moment): void {
    if (this.#crashed === taken.crashed) this.#crashed = undefined;
    for (const [tool, unmerged] of taken.breakers)
      this.#locals.get(tool)?.merged(stateOf(board, tool), unmerged, now, this.#parts.settingsOf(tool));
    this.#adopt(board, now);
  }

  #adopt(board: Board, now: Moment): void {
    const index = indexOf(board);
    // What has moved on here alone, or what the store has lost, is not forgotten: it is merged with the next update.
    for (const { tool, state } of this.#board.tools) if (mayLack(index.get(tool), state)) this.#localOf(tool);
    if (mayLack(board.server, this.#board.server)) this.#localOf(undefined);
    this.#board = board;
    this.#index = index;
    for (const [tool, local] of this.#locals) local.see(this.#shared(tool), now, this.#parts.settingsOf(tool));
  }

  #localOf(tool: string | undefined): LocalBreaker | undefined {
    const found = this.#locals.get(tool);
    if (found !== undefined) return found;
    if (tool !== undefined && (tool.length > LONGEST_TOOL || !this.#hasRoom())) return undefined;
    const local = new LocalBreaker(this.#shared(tool));
    this.#locals.set(tool, local);
    return local;
  }

  // Bounded: a caller may guess names for ever. What is healthy, or shared, can be looked up again.
  #hasRoom(): boolean {
    if (this.#locals.size < MOST_TOOLS) return true;
    for (const [tool, local] of this.#locals) {
      if (tool === undefined || !local.isForgettable) continue;
      this.#locals.delete(tool);
      return true;
    }
    return false;
  }
}

/** Whether what the store shows may lack what was known. INVARIANT: an isolation is never taken on trust. */
function mayLack(shown: BreakerState | undefined, known: BreakerState): boolean {
  return known.kind === 'isolated' || known.epoch > (shown?.epoch ?? 0);
}

function indexOf(board: Board): ReadonlyMap<string, BreakerState> {
  return new Map(board.tools.map(({ tool, state }) => [tool, state]));
}
