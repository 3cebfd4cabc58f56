// A server whose tools take their time, or end it, and workers that call them again and again: a session with its real chain over
// virtual time. Counts; asserts nothing.
import type { Effect } from '../../../src/core/effects.ts';
import { createTrialAndBreaker } from '../../../src/policy/breaker/trial-and-breaker.ts';
import { Playbook, textOf } from '../../core/playbook.ts';
import { Machine } from './machine.ts';

/** How long a call takes, in ms; `exit`: it ends the server after 1 ms. */
export type Behaviour = number | 'exit';

export interface WorldOptions {
  readonly tools: Readonly<Record<string, Behaviour>>;
  /** Of each tool. */
  readonly workers: number;
  readonly withTrial: boolean;
  /** The tool whose breaker is off. */
  readonly off?: string;
}

interface Due {
  readonly atMs: number;
  readonly act: () => void;
}

/** What a worker that was refused waits, in ms. */
const PAUSE_MS = 50;
const THINK_MS = 1;

export class World {
  readonly book: Playbook;
  readonly machine = new Machine();
  /** Calls that were answered, that ended with the server, that were refused by a breaker; by tool. */
  readonly answered = new Map<string, number>();
  readonly ended = new Map<string, number>();
  readonly refused = new Map<string, number>();
  exits = 0;
  /** From the call to what the worker was told; by tool, and of all that were refused. */
  readonly longestMs = new Map<string, number>();
  longestRefusalMs = 0;
  readonly #tools: ReadonlyMap<string, Behaviour>;
  readonly #asked = new Map<number, { readonly tool: string; readonly atMs: number }>();
  #due: Due[] = [];
  #life = 0;
  #nextId = 1;

  constructor({ tools, workers, withTrial, off }: WorldOptions) {
    this.#tools = new Map(Object.entries(tools));
    const { machine } = this;
    let text = '';
    let board = machine.board;
    const { trial, breaker } = createTrialAndBreaker({
      store: {
        holder: 'me',
        moment: (now) => ({ ...now, bootId: 'boot' }),
        random: () => 0.5,
        read: () => {
          if (text === machine.text) return board;
          text = machine.text;
          board = machine.board;
          return board;
        },
        update: (_, change, done) => void machine.updates.push({ change, done }),
        isGone: () => false,
      },
      settingsOf: (_, tool) => ({
        ...machine.settingsOf(tool),
        ...(off === undefined || tool !== off ? {} : { mode: 'off' }),
      }),
      toolsOf: () => [...this.#tools.keys()],
      allToolsOf: () => [...this.#tools.keys()],
      deadlineMsOf: () => Number.POSITIVE_INFINITY,
      onTransition: (_, transition) => void machine.transitions.push(transition),
      resume: (request, outcome) => {
        this.#run(() => this.book.event({ type: 'wait_over', request, outcome }));
      },
    });
    this.book = new Playbook({
      interceptors: withTrial ? [trial, breaker] : [breaker],
      onExit: 'restart',
      restart: { firstDelayMs: 20, maxDelayMs: 100, maxExits: 30 },
    });
    this.machine.monoMs = this.book.nowMs;
    for (const tool of this.#tools.keys())
      for (let worker = 0; worker < workers; worker += 1) this.#after(1, () => this.#call(tool));
  }

  get nowMs(): number {
    return this.book.nowMs;
  }

  /** Names of the tools that have ever been opened. */
  get opened(): readonly string[] {
    return [
      ...new Set(
        this.machine.transitions.flatMap(({ tool, transition }) => (transition.to === 'open' && tool ? [tool] : [])),
      ),
    ].toSorted();
  }

  /** Until `isEnough`, at most so many ms. */
  run(ms: number, isEnough: () => boolean = () => false): void {
    const endMs = this.nowMs + ms;
    while (!isEnough()) {
      const nextMs = this.#due.reduce((least, { atMs }) => Math.min(least, atMs), this.book.session.wakeAtMs);
      if (nextMs > endMs) return;
      this.#moveTo(nextMs);
      this.#run(() => this.book.event({ type: 'tick' }));
      const now = this.#due.filter(({ atMs }) => atMs <= this.nowMs);
      this.#due = this.#due.filter(({ atMs }) => atMs > this.nowMs);
      for (const { act } of now) act();
      this.machine.settle();
    }
  }

  #moveTo(ms: number): void {
    this.machine.wait(Math.max(0, ms - this.nowMs));
    this.book.nowMs = Math.max(this.nowMs, ms);
  }

  #after(ms: number, act: () => void): void {
    this.#due.push({ atMs: this.nowMs + ms, act });
  }

  #call(tool: string): void {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#asked.set(id, { tool, atMs: this.nowMs });
    const params = { name: tool, arguments: {} };
    this.#run(() => this.book.client({ id, method: 'tools/call', params }));
  }

  #run(act: () => void): void {
    act();
    for (const effect of this.book.take()) this.#follow(effect);
  }

  #follow(effect: Effect): void {
    if (effect.type === 'start_upstream') {
      this.#after(effect.delayMs + 10, () => {
        this.#run(() => this.book.event({ type: 'upstream_started', upstream: effect.upstream, pid: 1 }));
      });
    } else if (effect.type === 'to_upstream') this.#onServer(textOf(effect.bytes).toString());
    else if (effect.type === 'to_client') this.#onClient(textOf(effect.bytes).toString());
  }

  #onServer(line: string): void {
    const { id, params } = JSON.parse(line);
    const behaviour = this.#tools.get(params.name);
    const life = this.#life;
    const whileAlive = (act: () => void) => () => {
      if (life === this.#life) this.#run(act);
    };
    if (behaviour !== 'exit')
      this.#after(
        behaviour ?? 0,
        whileAlive(() => this.book.upstream({ id, result: { content: [] } })),
      );
    else
      this.#after(
        1,
        whileAlive(() => {
          this.#life += 1;
          this.exits += 1;
          this.book.exits();
        }),
      );
  }

  #onClient(line: string): void {
    const { id, result } = JSON.parse(line);
    const { tool = '', atMs = 0 } = this.#asked.get(id) ?? {};
    if (!this.#asked.delete(id)) throw new Error(`nobody waits for ${line}`);
    const reason = result?._meta?.['mcp-guard/decision']?.reason;
    const count = reason === undefined ? this.answered : reason === 'server_exited' ? this.ended : this.refused;
    count.set(tool, (count.get(tool) ?? 0) + 1);
    const tookMs = this.nowMs - atMs;
    this.longestMs.set(tool, Math.max(this.longestMs.get(tool) ?? 0, tookMs));
    if (count === this.refused) this.longestRefusalMs = Math.max(this.longestRefusalMs, tookMs);
    this.#after(count === this.refused ? PAUSE_MS : THINK_MS, () => this.#call(tool));
  }
}
