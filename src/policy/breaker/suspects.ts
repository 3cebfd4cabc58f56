// The tools that were in flight when one server exited and have not been answered since: which of them has its turn, which calls
// wait for theirs, and until when. Knows no breaker, no verdict and no session.
import type { RequestView } from '../../core/interceptor.ts';
import { MOST_TOOLS } from './board.ts';
import { UpTime } from './up-time.ts';

/** A turn ends after this: a tool that is slow but lets its server live is believed. In ms that the server has run. */
export const TURN_MS = 1_000;
/** So long the tools that have been believed work undisturbed before those come back that have met two exits or more unanswered. */
export const REST_MS = 1_000;
/** No call waits longer, and so long after an exit nobody is suspected any more. In ms that the server has run. */
export const LONGEST_MS = 30_000;

interface Turn {
  readonly tool: string;
  /** It has met two exits or more unanswered, and shares its turn with the others that have. */
  readonly isShared: boolean;
  /** Up time. */
  readonly endsAt: number;
}

export class Suspects {
  readonly #upTime = new UpTime();
  /** How many exits each has met since it was last answered. INVARIANT: bounded; the names are attacker-controlled. */
  readonly #exits = new Map<string, number>();
  /** The calls that wait, by tool, first come first; with the up time at which each has waited long enough. */
  readonly #queues = new Map<string, Map<RequestView, number>>();
  #turn: Turn | undefined;
  #endsAt = LONGEST_MS;
  /** Up time. */
  #restsUntil = 0;

  /** Nobody is suspected and nobody waits. */
  get isEmpty(): boolean {
    return this.#exits.size === 0 && this.#queues.size === 0;
  }

  /** Monotonic ms at which `release` should be asked again; Infinity for never. May be early, never late. */
  get dueMs(): number {
    if (this.#queues.size === 0) return Number.POSITIVE_INFINITY;
    let due = Math.min(this.#turn?.endsAt ?? this.#restsUntil, this.#endsAt);
    for (const queue of this.#queues.values()) for (const endsAt of firstOf(queue)) due = Math.min(due, endsAt);
    return this.#upTime.whenMs(due);
  }

  /** The tool whose calls go while those of the other suspects wait. */
  get turnOf(): string | undefined {
    return this.#turn?.tool;
  }

  /** The tools of which a call waits. */
  get waiting(): readonly string[] {
    return [...this.#queues.keys()];
  }

  has(tool: string): boolean {
    return this.#exits.has(tool);
  }

  /** The server has exited with these tools in flight. Whoever waits goes on waiting. */
  exit(tools: ReadonlySet<string>, nowMs: number): void {
    this.#upTime.stop(nowMs);
    this.#endsAt = this.#upTime.at(nowMs) + LONGEST_MS;
    this.#turn = undefined;
    this.#restsUntil = 0;
    for (const tool of tools) {
      const before = this.#exits.get(tool);
      if (before !== undefined || this.#exits.size < MOST_TOOLS) this.#exits.set(tool, (before ?? 0) + 1);
    }
  }

  /** The server takes calls again. */
  back(nowMs: number): void {
    this.#upTime.start(nowMs);
  }

  /** The server will not come back: nobody is suspected any more. */
  forget(): void {
    this.#exits.clear();
    this.#turn = undefined;
  }

  /** Whether a call of `tool` may go now. Where nobody has the turn or waits for it, the tool has it from now on. */
  admits(tool: string, nowMs: number): boolean {
    this.#forgetPassed(nowMs);
    if (this.#goesFreely(tool, nowMs)) return true;
    if (this.#queues.size > 0 || !this.#mayBegin(tool, nowMs)) return false;
    this.#begin(tool, nowMs);
    return true;
  }

  enqueue(request: RequestView, tool: string, nowMs: number): void {
    const queue = this.#queues.get(tool) ?? new Map<RequestView, number>();
    queue.set(request, this.#upTime.at(nowMs) + LONGEST_MS);
    this.#queues.set(tool, queue);
  }

  /** A call that waits has ended. Gives nobody a turn. */
  drop(request: RequestView, tool: string): void {
    const queue = this.#queues.get(tool);
    if (queue?.delete(request) === true && queue.size === 0) this.#queues.delete(tool);
  }

  /** Its server has shown that it outlives this tool. */
  believe(tool: string, nowMs: number): void {
    this.#exits.delete(tool);
    this.#restsUntil = this.#upTime.at(nowMs) + REST_MS;
    if (this.#turn?.tool === tool) this.passOn();
  }

  /** The turn is over, and has shown nothing. */
  passOn(): void {
    this.#turn = undefined;
  }

  /** Takes the calls that wait no longer. The least suspected tool has the next turn, of these the one that has waited longest. */
  release(nowMs: number): readonly RequestView[] {
    const released: RequestView[] = [];
    this.#forgetPassed(nowMs);
    const at = this.#upTime.at(nowMs);
    for (const [tool, queue] of this.#queues)
      for (const [request, endsAt] of queue) if (endsAt <= at) this.#take(request, tool, released);
    this.#giveTurn(nowMs);
    for (const [tool, queue] of this.#queues)
      if (this.#goesFreely(tool, nowMs)) for (const request of queue.keys()) this.#take(request, tool, released);
    return released;
  }

  /** INVARIANT: one suspect alone has nobody to be told from, so it waits for no turn. */
  #goesFreely(tool: string, nowMs: number): boolean {
    if (!this.#exits.has(tool) || this.#turn?.tool === tool) return true;
    if (this.#turn?.isShared === true && this.#isRepeated(tool)) return true;
    return this.#exits.size < 2 && !this.#mustRest(tool, nowMs);
  }

  #mayBegin(tool: string, nowMs: number): boolean {
    return this.#turn === undefined && this.#upTime.isRunning && !this.#mustRest(tool, nowMs);
  }

  // A healthy tool whose every second call meets an exit would be switched off by its rate of faults.
  #mustRest(tool: string, nowMs: number): boolean {
    return this.#upTime.at(nowMs) < this.#restsUntil && this.#isRepeated(tool);
  }

  #isRepeated(tool: string): boolean {
    return (this.#exits.get(tool) ?? 0) > 1;
  }

  #forgetPassed(nowMs: number): void {
    const at = this.#upTime.at(nowMs);
    if (at >= this.#endsAt) this.forget();
    if (this.#turn !== undefined && at >= this.#turn.endsAt) this.believe(this.#turn.tool, nowMs);
  }

  #giveTurn(nowMs: number): void {
    let next: string | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const tool of this.#queues.keys()) {
      const exits = this.#exits.get(tool) ?? fewest;
      if (exits >= fewest) continue;
      next = tool;
      fewest = exits;
    }
    if (next !== undefined && !this.#goesFreely(next, nowMs) && this.#mayBegin(next, nowMs)) this.#begin(next, nowMs);
  }

  #begin(tool: string, nowMs: number): void {
    this.#turn = { tool, isShared: this.#isRepeated(tool), endsAt: this.#upTime.at(nowMs) + TURN_MS };
  }

  #take(request: RequestView, tool: string, released: RequestView[]): void {
    this.drop(request, tool);
    released.push(request);
  }
}

function firstOf(queue: ReadonlyMap<RequestView, number>): readonly number[] {
  for (const endsAt of queue.values()) return [endsAt];
  return [];
}
