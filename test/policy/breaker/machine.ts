// A machine with several guards on one store: the board lives as text, updates wait for the lock until `settle` lets them in,
// the clock is set by hand. What a guard does is counted.
import type { RequestView, Settled } from '../../../src/core/interceptor.ts';
import { type Board, type BoardTransition, EMPTY_BOARD, stateOf } from '../../../src/policy/breaker/board.ts';
import { orderBoard } from '../../../src/policy/breaker/board-steps.ts';
import { type Breaker, createBreaker } from '../../../src/policy/breaker/breaker.ts';
import { type BreakerSettings, SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import type { BreakerState, Lease } from '../../../src/policy/breaker/breaker-state.ts';
import { readBoard } from '../../../src/policy/breaker/read-board.ts';
import type { BreakerStore, Moment } from '../../../src/ports/breaker-store.ts';

export const SERVER = 'db';

export const ANSWER: Settled = {
  settlement: 'result',
  errorCode: undefined,
  isError: undefined,
  resultType: undefined,
  taskId: undefined,
  durationMs: 10,
  heard: true,
};
export const FAULT: Settled = { ...ANSWER, settlement: 'error', errorCode: -32603 };
export const TOOL_ERROR: Settled = { ...ANSWER, isError: true };
export const UNUSED: Settled = { ...ANSWER, settlement: 'cancelled' };
export const EXIT: Settled = { ...ANSWER, settlement: 'upstream_exit' };

interface Update {
  readonly change: (current: Board, now: Moment, random: number) => Board;
  readonly done: (board: Board | undefined, now: Moment) => void;
}

export interface MachineOptions {
  readonly tool?: Partial<BreakerSettings>;
  readonly server?: Partial<BreakerSettings>;
  readonly tools?: readonly string[] | undefined;
}

export class Machine {
  text = JSON.stringify(EMPTY_BOARD);
  wallMs = 1_700_000_000_000;
  monoMs = 1_000_000;
  writes = 0;
  /** Every update fails, as with a full disk. */
  isBroken = false;
  /** How often somebody asked whether a holder is dead. */
  looks = 0;
  readonly dead = new Set<string>();
  /** Tools whose calls something before the breaker holds. */
  held: readonly string[] = [];
  readonly transitions: BoardTransition[] = [];
  /** Each probe of a tool that was let go, and what the store said of it then. */
  readonly probes: { guard: string; epoch: number; lease: Lease | null }[] = [];
  /** Waiting for the lock, in the order of asking. */
  readonly updates: Update[] = [];
  readonly options: MachineOptions;
  random = 0.5;

  constructor(options: MachineOptions = {}) {
    this.options = options;
  }

  get now(): Moment {
    return { wallMs: this.wallMs, monoMs: this.monoMs, bootId: 'boot' };
  }

  get board(): Board {
    const board = readBoard(JSON.parse(this.text));
    if (board === undefined) throw new Error(`no board: ${this.text}`);
    return board;
  }

  stateOf(tool: string | undefined): BreakerState {
    return stateOf(this.board, tool);
  }

  settingsOf(tool: string | undefined): BreakerSettings {
    return tool === undefined
      ? { ...SERVER_DEFAULTS, ...this.options.server }
      : { ...TOOL_DEFAULTS, ...this.options.tool };
  }

  wait(ms: number): this {
    this.wallMs += ms;
    this.monoMs += ms;
    return this;
  }

  /** Lets one waiting update in: the first, or the one named. */
  step(which = 0): boolean {
    const done = this.write(which);
    done?.();
    return done !== undefined;
  }

  /** The same, but its guard learns of it only when it is told. Undefined: nobody waits. */
  write(which = 0): (() => void) | undefined {
    const [update] = this.updates.splice(which, 1);
    if (update === undefined) return undefined;
    if (this.isBroken) return () => update.done(undefined, this.now);
    const before = this.board;
    const after = update.change(before, this.now, this.random);
    if (after !== before) {
      this.text = JSON.stringify(after);
      this.writes += 1;
    }
    return () => update.done(after, this.now);
  }

  /** Until nobody waits. */
  settle(): this {
    while (this.step());
    return this;
  }

  order(order: 'open' | 'close' | 'reset' | 'isolate', tool: string | undefined): this {
    const person = { actor: 'ada', reason: 'maintenance' };
    const settingsOf = (one: string | undefined) => this.settingsOf(one);
    const { board, transitions } = orderBoard(
      this.board,
      { order, tool, person },
      { now: this.now, random: 0.5, settingsOf },
    );
    this.text = JSON.stringify(board);
    this.transitions.push(...transitions);
    return this;
  }

  guard(name: string): Guard {
    return new Guard(this, name);
  }
}

export class Guard {
  readonly breaker: Breaker;
  readonly #machine: Machine;
  /** Requests whose client has gone: nobody is there to resume. */
  readonly gone = new Set<RequestView>();
  readonly verdicts = new Map<RequestView, string>();
  reads = 0;

  constructor(machine: Machine, name: string) {
    this.#machine = machine;
    this.breaker = createBreaker({
      store: this.#store(name),
      settingsOf: (_server, tool) => machine.settingsOf(tool),
      toolsOf: () => machine.options.tools,
      allToolsOf: () => machine.options.tools,
      heldTools: () => machine.held,
      deadlineMsOf: () => Number.POSITIVE_INFINITY,
      onTransition: (_server, transition) => machine.transitions.push(transition),
      resume: (request, outcome) => {
        if (outcome !== 'go' && outcome !== 'refused') throw new Error(`no outcome of a wait: ${outcome}`);
        const state = machine.stateOf(request.tool);
        if (outcome === 'go' && state.kind === 'half_open')
          machine.probes.push({ guard: name, epoch: state.epoch, lease: state.lease });
        if (this.gone.has(request)) return false;
        this.#judged(request, this.breaker.onWaited(request, outcome, machine.now).kind);
        return true;
      },
    });
  }

  #store(holder: string): BreakerStore<Board> {
    const machine = this.#machine;
    let text = '';
    let board = EMPTY_BOARD;
    return {
      holder,
      moment: ({ wallMs, monoMs }) => ({ wallMs, monoMs, bootId: 'boot' }),
      random: () => machine.random,
      read: () => {
        this.reads += 1;
        if (text === machine.text) return board;
        text = machine.text;
        board = machine.board;
        return board;
      },
      update: (_server, change, done) => {
        machine.updates.push({
          change,
          done: (after, now) => {
            if (after !== undefined) {
              text = machine.text;
              board = after;
            }
            done(after, now);
          },
        });
      },
      isGone: (name: unknown) => {
        if (typeof name !== 'string') throw new Error('asked about a holder that is none');
        machine.looks += 1;
        return machine.dead.has(name);
      },
    };
  }

  /** Sends a request and leaves it open; `null`: another one than a call. */
  begin(tool: string | null = 'query', asked: 'client' | 'server' = 'client'): RequestView {
    const method = tool === null ? 'tools/list' : 'tools/call';
    const of = { asked, upstream: SERVER, method, params: undefined, modern: false };
    const request: RequestView = { ...of, tool: tool ?? undefined };
    this.#judged(request, this.breaker.onRequest(request, this.#machine.now).kind);
    return request;
  }

  /** What passes leaves at once. */
  #judged(request: RequestView, verdict: string): void {
    this.verdicts.set(request, verdict);
    if (verdict === 'pass') this.breaker.onSent?.(request, this.#machine.now);
  }

  verdictOf(request: RequestView): string | undefined {
    return this.verdicts.get(request);
  }

  end(request: RequestView, settled: Settled): void {
    this.breaker.onSettle(request, settled, this.#machine.now);
  }

  /** One whole call: its verdict, after a wait where there is one; settled if it passed. */
  call(settled: Settled, tool: string | null = 'query'): string | undefined {
    const request = this.begin(tool);
    if (this.verdictOf(request) === 'wait') this.#machine.settle();
    const verdict = this.verdictOf(request);
    if (verdict === 'pass') this.end(request, settled);
    return verdict;
  }

  calls(settled: Settled, times: number, tool = 'query'): void {
    for (let time = 0; time < times; time += 1) this.call(settled, tool);
  }

  exit(how = 'code 1'): void {
    this.breaker.onExit(SERVER, this.#machine.now, how);
  }
}

/** A guard whose tool `query` has just opened by a row of faults; `list` and `drop` are well. */
export function openTool(options: MachineOptions = {}): { machine: Machine; guard: Guard } {
  const machine = new Machine({ tools: ['query', 'list', 'drop'], ...options });
  const guard = machine.guard('a');
  guard.calls(FAULT, 5);
  machine.settle();
  return { machine, guard };
}
