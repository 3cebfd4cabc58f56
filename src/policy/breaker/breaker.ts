// The breaker as the last interceptor of the chain: asks before each call, counts when it has settled. Knows no file, no lock
// and no clock; what it may not decide alone (the one probe of this machine) it waits for.
import type { Deny, Interceptor, RequestView, Verdict } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { BreakerStore, Moment } from '../../ports/breaker-store.ts';
import type { Instant } from '../../ports/clock.ts';
import { type Admission, judgeAdmission } from './admission.ts';
import type { Board, BoardTransition } from './board.ts';
import { type Permit, takeProbe } from './board-steps.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { Sample } from './breaker-state.ts';
import { LocalBoard } from './local-board.ts';
import { classifyEnd, OUTCOME_TABLE, type Settled } from './outcome-class.ts';
import { describeRefusal } from './refusal-text.ts';

export interface BreakerParts {
  readonly store: BreakerStore<Board>;
  /** `tool` undefined: of the server itself. */
  settingsOf(server: string, tool: string | undefined): BreakerSettings;
  /** The tools that the client may see, as last listed; undefined before that. Names what a scope hides to nobody. */
  toolsOf(server: string): readonly string[] | undefined;
  /** After this the guard gives a call up, in ms; Infinity for never. */
  deadlineMsOf(server: string, tool: string): number;
  /** One audit record. */
  onTransition(server: string, transition: BoardTransition): void;
  /** Lets a held request go on. @returns false where nobody waits for it any more */
  resume(request: RequestView, outcome: 'go' | 'refused'): boolean;
}

/** An interceptor whose `onSettle` learns more than the word for the end. */
export interface Breaker extends Omit<Interceptor, 'onSettle'> {
  onRequest(request: RequestView, now: Instant): Verdict;
  onWaited(request: RequestView, outcome: 'go' | 'refused', now: Instant): Verdict;
  onSettle(request: RequestView, settled: Settled, now: Instant): void;
  /** The server ended, or could not be started, before its open requests settle. Once for each exit that is its own doing. */
  onExit(server: string, now: Instant): void;
  /** The terminal payload of a task; `settled` says how the task ended, without `resultType` and `taskId`. */
  onTaskEnd(server: string, taskId: string, settled: Settled, now: Instant): void;
  /** Which tools are switched off now: for `tools/list` under `hide`, and for `status`. */
  toolsOut(server: string, now: Instant): readonly string[];
}

/** What a request that has passed still owes. */
interface Ticket extends Permit {
  /** Shared by the calls of one tool at one exit: it counts once. */
  crash: { counted: boolean } | undefined;
}

interface CreatedTask extends Permit {
  readonly name: string;
}

const MOST_TASKS = 4096;

export function createBreaker(parts: BreakerParts): Breaker {
  const { store, settingsOf } = parts;
  const boards = new Map<string, LocalBoard>();
  const tickets = new Map<RequestView, Ticket>();
  const probes = new Map<RequestView, Ticket>();
  const tasks = new Map<string, CreatedTask>();

  const boardOf = (server: string): LocalBoard => {
    const found = boards.get(server);
    if (found !== undefined) return found;
    const board = new LocalBoard({
      server,
      store,
      settingsOf: (tool) => settingsOf(server, tool),
      countTools: () => parts.toolsOf(server)?.length,
      onTransition: (transition) => parts.onTransition(server, transition),
    });
    boards.set(server, board);
    return board;
  };

  /** As `judgeAdmission`, for a breaker that may be off or only observe; a dead process holds no probe. */
  const judge = (request: RequestView, tool: string | undefined, now: Moment): Admission | undefined => {
    const settings = settingsOf(request.upstream, tool);
    const state = boardOf(request.upstream).stateOf(tool);
    if (settings.mode === 'off' && state.kind !== 'isolated') return undefined;
    const admission = judgeAdmission(state, now, settings);
    if (admission.kind !== 'refuse') return admission;
    const { holder } = admission;
    if (holder !== undefined && holder !== store.holder && store.isGone(holder)) return { kind: 'probe' };
    // INVARIANT: what a person has isolated stays away in every mode.
    return settings.mode === 'enforce' || state.kind === 'isolated' ? admission : undefined;
  };

  const workingTools = (server: string): readonly string[] | undefined =>
    parts.toolsOf(server)?.filter((tool) => boardOf(server).stateOf(tool).kind === 'closed');

  const refuse = (request: RequestView, tool: string | undefined, admission: Admission, now: Moment): Deny => {
    const { upstream } = request;
    const state = boardOf(upstream).stateOf(tool);
    const retryAfterMs = admission.kind === 'refuse' ? admission.retryAfterMs : RETRY_PROBE_MS;
    const working = tool === undefined ? undefined : workingTools(upstream);
    return {
      kind: 'deny',
      reason: 'breaker_open',
      rule: `breaker.${tool === undefined ? 'server' : 'tool'}.${state.kind}`,
      text: describeRefusal({ server: upstream, tool, state, now, retryAfterMs, working }),
      retryAfterMs: retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs),
    };
  };

  /** Undefined: neither of the two refuses. */
  const refusalOf = (request: RequestView, now: Moment): Deny | undefined => {
    for (const tool of [request.tool, undefined]) {
      const admission = judge(request, tool, now);
      if (admission?.kind === 'refuse') return refuse(request, tool, admission, now);
    }
    return undefined;
  };

  const epochOf = (server: string, tool: string | undefined, admission: Admission | undefined): number | undefined =>
    admission?.kind === 'pass' ? boardOf(server).stateOf(tool).epoch : undefined;

  const askForProbe = (request: RequestView, tool: string, asks: { tool: boolean; server: boolean }): void => {
    const { upstream } = request;
    const probe = {
      tool,
      asks,
      holder: store.holder,
      deadlineMs: parts.deadlineMsOf(upstream, tool),
      isGone: (holder: string) => holder !== store.holder && store.isGone(holder),
    };
    let permit: Permit | undefined;
    boardOf(upstream).step(
      (board, now, random) => {
        const taken = takeProbe(board, probe, { now, random, settingsOf: (one) => settingsOf(upstream, one) });
        permit = taken.permit;
        return taken;
      },
      (now) => {
        if (permit === undefined) {
          parts.resume(request, 'refused');
          return;
        }
        probes.set(request, { ...permit, crash: undefined });
        // INVARIANT: a probe that nobody waits for gives its lease back.
        if (parts.resume(request, 'go')) return;
        probes.delete(request);
        count(upstream, tool, permit, NOTHING, 0, now);
      },
    );
  };

  const count = (
    server: string,
    tool: string | undefined,
    permit: Permit,
    outcome: Counted,
    durationMs: number,
    now: Moment,
  ): void => {
    const board = boardOf(server);
    const of = (epoch: number, one: Sample | 'none') =>
      ({ type: 'settled', epoch, outcome: one, durationMs, random: one === 'success' ? 0 : store.random() }) as const;
    if (tool !== undefined && permit.tool !== undefined) board.settle(tool, of(permit.tool, outcome.tool), now);
    if (permit.server !== undefined) board.settle(undefined, of(permit.server, outcome.server), now);
  };

  return {
    name: 'breaker',

    onRequest(request, instant) {
      if (request.asked !== 'client') return PASS;
      const { upstream, tool } = request;
      const board = boardOf(upstream);
      const now = store.moment(instant);
      board.refresh(now);
      const ofServer = judge(request, undefined, now);
      const server = epochOf(upstream, undefined, ofServer);
      if (tool === undefined) {
        tickets.set(request, { tool: undefined, server, crash: undefined });
        return PASS;
      }
      const ofTool = judge(request, tool, now);
      if (ofTool?.kind === 'refuse') return refuse(request, tool, ofTool, now);
      if (ofServer?.kind === 'refuse') return refuse(request, undefined, ofServer, now);
      if (ofTool?.kind === 'probe' || ofServer?.kind === 'probe') {
        askForProbe(request, tool, { tool: ofTool !== undefined, server: ofServer !== undefined });
        return { kind: 'wait', why: 'breaker.probe' };
      }
      tickets.set(request, { tool: epochOf(upstream, tool, ofTool), server, crash: undefined });
      return PASS;
    },

    onWaited(request, outcome, instant) {
      const now = store.moment(instant);
      const ticket = probes.get(request);
      probes.delete(request);
      if (outcome === 'go' && ticket !== undefined) {
        tickets.set(request, ticket);
        return PASS;
      }
      const refusal = refusalOf(request, now);
      if (refusal !== undefined) return refusal;
      // Somebody else was quicker, and is through already. A breaker that only observes refuses nothing.
      if (observesOnly(request)) return PASS;
      return refuse(request, request.tool, { kind: 'probe' }, now);
    },

    onSettle(request, settled, instant) {
      const ticket = tickets.get(request);
      if (ticket === undefined) return;
      tickets.delete(request);
      const now = store.moment(instant);
      const end = classifyEnd(settled, ticket.crash !== undefined);
      const row = OUTCOME_TABLE[end];
      const { tool, upstream } = request;
      if (end === 'task_created' && tool !== undefined && settled.taskId !== undefined)
        remember(tasks, `${upstream}\n${settled.taskId}`, { tool: ticket.tool, server: ticket.server, name: tool });
      const repeated = ticket.crash?.counted === true;
      if (ticket.crash !== undefined) ticket.crash.counted = true;
      // The server's failure was counted when it exited, once for all calls.
      const isExit = end === 'exit' || end === 'exit_again';
      const outcome: Counted = { tool: repeated ? 'none' : row.tool, server: isExit ? 'none' : asSample(row.server) };
      count(upstream, tool, ticket, outcome, settled.durationMs, now);
    },

    onExit(server, instant) {
      const now = store.moment(instant);
      const board = boardOf(server);
      board.refresh(now);
      const before = new Set(board.crashed);
      const crashes = new Map<string, { counted: boolean }>();
      const epoch = board.stateOf(undefined).epoch;
      let isOurs = board.stateOf(undefined).kind === 'closed';
      for (const [request, ticket] of tickets) {
        if (request.upstream !== server) continue;
        if (ticket.server === epoch) isOurs = true;
        if (request.tool === undefined) continue;
        const crash = crashes.get(request.tool) ?? { counted: false };
        crashes.set(request.tool, crash);
        if (before.has(request.tool)) ticket.crash = crash;
      }
      const { mode } = settingsOf(server, undefined);
      if (isOurs && mode !== 'off') count(server, undefined, { tool: undefined, server: epoch }, EXITED, 0, now);
      board.noteCrash([...crashes.keys()]);
    },

    onTaskEnd(server, taskId, settled, instant) {
      const key = `${server}\n${taskId}`;
      const task = tasks.get(key);
      if (task === undefined) return;
      tasks.delete(key);
      const row = OUTCOME_TABLE[classifyEnd(settled, false)];
      // The server's answer was counted as one when it came.
      count(server, task.name, task, { tool: row.tool, server: 'none' }, settled.durationMs, store.moment(instant));
    },

    toolsOut(server, instant) {
      const board = boardOf(server);
      board.refresh(store.moment(instant));
      return board.tools().filter((tool) => board.stateOf(tool).kind !== 'closed');
    },
  };

  function observesOnly(request: RequestView): boolean {
    return [request.tool, undefined].every((tool) => settingsOf(request.upstream, tool).mode !== 'enforce');
  }
}

interface Counted {
  readonly tool: Sample | 'none';
  readonly server: Sample | 'none';
}

const NOTHING: Counted = { tool: 'none', server: 'none' };
const EXITED: Counted = { tool: 'none', server: 'fault' };
const RETRY_PROBE_MS = 1_000;

function asSample(server: 'success' | 'failure' | 'none'): Sample | 'none' {
  return server === 'failure' ? 'fault' : server;
}

// Bounded: a server that announces tasks for ever loses the count of its oldest.
function remember(tasks: Map<string, CreatedTask>, key: string, task: CreatedTask): void {
  const oldest = tasks.size >= MOST_TASKS ? tasks.keys().next().value : undefined;
  if (oldest !== undefined) tasks.delete(oldest);
  tasks.set(key, task);
}
