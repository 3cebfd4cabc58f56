// Turns ends of requests into samples: one for the tool, one for the server, each under the epoch of its admission. Keeps what
// must be remembered between a beginning and its end; decides no verdict.
import type { RequestView, Settled } from '../../core/interceptor.ts';
import type { Moment } from '../../ports/breaker-store.ts';
import type { Permit } from './board-steps.ts';
import type { Sample } from './breaker-state.ts';
import type { LocalBoard } from './local-board.ts';
import { classifyEnd, OUTCOME_TABLE } from './outcome-class.ts';

interface Counted {
  readonly tool: Sample | 'none';
  readonly server: Sample | 'none';
  /** Of the server: it was no call (exit-word.ts). */
  readonly exit?: string;
}

interface Ticket {
  readonly permit: Permit;
  /** The server has it. */
  isSent: boolean;
  /** Shared by the calls of one tool at one exit, where it was in flight at the exit before, too: it counts once. */
  crash: { counted: boolean } | undefined;
}

interface CreatedTask {
  readonly permit: Permit;
  readonly tool: string;
}

const MOST_TASKS = 4096;
const LONGEST_TASK = 1024;

export class CallCount {
  readonly #boardOf: (server: string) => LocalBoard;
  readonly #random: () => number;
  readonly #tickets = new Map<RequestView, Ticket>();
  readonly #tasks = new Map<string, CreatedTask>();

  /** @param random a number in [0, 1), drawn for what may open a breaker */
  constructor(boardOf: (server: string) => LocalBoard, random: () => number) {
    this.#boardOf = boardOf;
    this.#random = random;
  }

  begin(request: RequestView, permit: Permit): void {
    this.#tickets.set(request, { permit, isSent: false, crash: undefined });
  }

  sent(request: RequestView): void {
    const ticket = this.#tickets.get(request);
    if (ticket !== undefined) ticket.isSent = true;
  }

  /** A permit that was not used: its lease, where it is one, goes back. */
  giveBack(server: string, tool: string, permit: Permit, now: Moment): void {
    this.#count(server, tool, permit, { tool: 'none', server: 'none' }, 0, now);
  }

  settle(request: RequestView, settled: Settled, now: Moment): void {
    const ticket = this.#tickets.get(request);
    if (ticket === undefined) return;
    this.#tickets.delete(request);
    const { upstream, tool } = request;
    const { permit, crash } = ticket;
    const end = classifyEnd(settled, crash !== undefined);
    const row = OUTCOME_TABLE[end];
    const taskId = end === 'task_created' ? settled.taskId : undefined;
    // Its end is what counts: until then a probe keeps its lease. A name that long is no name, and costs its memory.
    const isTask = tool !== undefined && taskId !== undefined && taskId.length <= LONGEST_TASK;
    if (isTask) this.#remember(`${upstream}\n${taskId}`, { permit, tool });
    const isRepeated = crash?.counted === true;
    // A call of an older epoch counts nowhere, so it is not the one that counts for this exit.
    if (crash !== undefined && permit.tool === this.#boardOf(upstream).stateOf(tool).epoch) crash.counted = true;
    // The server's failure was counted when it exited, once for all.
    const isExit = end === 'exit' || end === 'exit_again';
    const counted = { tool: isRepeated ? 'none' : row.tool, server: isExit ? 'none' : asSample(row.server) } as const;
    this.#count(upstream, isTask ? undefined : tool, permit, counted, settled.durationMs, now);
  }

  /**
   * The server has exited: one failure of the server; its open requests settle after this.
   * @param how a word of exit-word.ts
   * @param held tools that could not be in flight: of them the exit before this one stays the previous one
   */
  exit(server: string, how: string, epoch: number | undefined, held: readonly string[], now: Moment): void {
    const board = this.#boardOf(server);
    const before = new Set(board.crashed);
    const crashes = new Map<string, { counted: boolean }>();
    let admitted = epoch;
    for (const [{ upstream, tool }, ticket] of this.#tickets) {
      if (upstream !== server) continue;
      // Half-open: the exit is its probe's result, where the probe is ours.
      if (ticket.permit.server === board.stateOf(undefined).epoch) admitted = ticket.permit.server;
      // What waits for the server to come back had no part in its end.
      if (tool === undefined || !ticket.isSent) continue;
      const crash = crashes.get(tool) ?? { counted: false };
      crashes.set(tool, crash);
      if (before.has(tool)) ticket.crash = crash;
    }
    const permit = { tool: undefined, server: admitted };
    const counted = { tool: 'none', server: asSample(OUTCOME_TABLE.exit.server), exit: how } as const;
    this.#count(server, undefined, permit, counted, 0, now);
    board.noteCrash([...new Set([...crashes.keys(), ...held.filter((tool) => before.has(tool))])], now);
  }

  /** A task that was created earlier has ended. */
  endTask(server: string, taskId: string, settled: Settled, now: Moment): void {
    const key = `${server}\n${taskId}`;
    const task = this.#tasks.get(key);
    if (task === undefined) return;
    this.#tasks.delete(key);
    const { tool } = OUTCOME_TABLE[classifyEnd(settled, false)];
    // The line that brought it is an answer of its own, and was counted for the server as that.
    this.#count(server, task.tool, task.permit, { tool, server: 'none' }, settled.durationMs, now);
  }

  #count(
    server: string,
    tool: string | undefined,
    permit: Permit,
    { tool: ofTool, server: ofServer, exit }: Counted,
    durationMs: number,
    now: Moment,
  ): void {
    const board = this.#boardOf(server);
    // A success can open, too: it may be slow, or complete the minimum.
    const random = this.#random();
    const settled = (epoch: number, outcome: Sample | 'none') =>
      ({ type: 'settled', epoch, outcome, durationMs, random }) as const;
    if (tool !== undefined && permit.tool !== undefined) board.settle(tool, settled(permit.tool, ofTool), now);
    if (permit.server !== undefined) board.settle(undefined, { ...settled(permit.server, ofServer), exit }, now);
  }

  // Bounded: a server that announces tasks for ever loses the count of its oldest.
  #remember(key: string, task: CreatedTask): void {
    const oldest = this.#tasks.size >= MOST_TASKS ? this.#tasks.keys().next().value : undefined;
    if (oldest !== undefined) this.#tasks.delete(oldest);
    this.#tasks.set(key, task);
  }
}

function asSample(server: 'success' | 'failure' | 'none'): Sample | 'none' {
  return server === 'failure' ? 'fault' : server;
}
