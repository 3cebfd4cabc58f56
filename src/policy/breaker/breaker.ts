// The breaker as the last interceptor of the chain: asks before each call, counts when it has settled. Knows no file, no lock
// and no clock; what it may not decide alone (the one probe of this machine) it waits for.
import type { Deny, Interceptor, RequestView, Settled, Verdict } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { BreakerFleet } from '../../ports/breaker-fleet.ts';
import type { BreakerStore, Moment } from '../../ports/breaker-store.ts';
import type { Instant } from '../../ports/clock.ts';
import { openForMs } from './admission.ts';
import type { Board, BoardTransition } from './board.ts';
import { type Permit, type ProbeRequest, takeProbe } from './board-steps.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import { CallCount } from './call-count.ts';
import { exitWord } from './exit-word.ts';
import { planClaim } from './fleet-claim.ts';
import { askGate, type GateParts, serverEpoch } from './gate.ts';
import type { RefusedTool } from './hide.ts';
import { LocalBoard } from './local-board.ts';
import { elapsedMs } from './moment.ts';

export interface BreakerParts {
  readonly store: BreakerStore<Board>;
  /** Where one probe is let through in a whole fleet. Absent: no breaker is shared that far. */
  readonly fleet?: BreakerFleet | undefined;
  /** `tool` undefined: of the server itself. */
  settingsOf(server: string, tool: string | undefined): BreakerSettings;
  /** The tools that the client may see, as last listed; undefined before that. INVARIANT: never one that a scope hides. */
  toolsOf(server: string): readonly string[] | undefined;
  /** All that the server has, also what a scope hides; undefined where it was not listed to the end. */
  allToolsOf(server: string): readonly string[] | undefined;
  /** After this the guard gives a call up, in ms; Infinity for never. */
  deadlineMsOf(server: string, tool: string): number;
  /** Tools whose calls are held back because of the newest exit: it is not their doing that they were not in flight at the next. */
  heldTools?(server: string): readonly string[];
  /** One audit record. */
  onTransition(server: string, transition: BoardTransition): void;
  /** Lets a held request go on: this interceptor's `onWaited` is called before it returns, unless the request has ended. */
  resume(request: RequestView, outcome: 'go' | 'refused'): void;
}

/** How often the holder of a probe is looked for. */
const LOOK_EVERY_MS = 200;

export interface Breaker extends Interceptor {
  onRequest(request: RequestView, now: Instant): Verdict;
  onWaited(request: RequestView, outcome: 'go' | 'refused', now: Instant): Verdict;
  onSettle(request: RequestView, settled: Settled, now: Instant): void;
  onExit(server: string, now: Instant, how: string): void;
  onTaskEnd(server: string, taskId: string, settled: Settled, now: Instant): void;
  /** Why a call would be refused now; undefined: it would not be. Takes nothing. */
  refusal(server: string, tool: string, now: Instant, prefix?: string): Deny | undefined;
  /** Which tools are not closed. */
  toolsOut(server: string, now: Instant): readonly string[];
  /** Which tools a list should not show now. INVARIANT: never one that a call could probe, or nothing would bring it back. */
  hidden(server: string, now: Instant): readonly RefusedTool[];
}

export function createBreaker(parts: BreakerParts): Breaker {
  const { store, settingsOf } = parts;
  const boards = new Map<string, LocalBoard>();
  /** Leases that were taken for a request that is about to be resumed. */
  const taken = new Map<RequestView, Permit>();

  const boardOf = (server: string): LocalBoard => {
    let board = boards.get(server);
    if (board === undefined) {
      board = new LocalBoard({
        server,
        store,
        settingsOf: (tool) => settingsOf(server, tool),
        allTools: () => parts.allToolsOf(server),
        onTransition: (transition) => parts.onTransition(server, transition),
      });
      boards.set(server, board);
    }
    return board;
  };
  const calls = new CallCount(boardOf, () => store.random());
  // To ask costs system calls, and a tool that is being probed may be called very often.
  let looked: { readonly holder: string; readonly at: Moment; readonly isGone: boolean } | undefined;
  const isGone = (holder: string, now: Moment): boolean => {
    if (holder === store.holder) return false;
    if (looked?.holder !== holder || elapsedMs(looked.at, now) >= LOOK_EVERY_MS)
      looked = { holder, at: now, isGone: store.isGone(holder) };
    return looked.isGone;
  };
  const gate: GateParts = { settingsOf, toolsOf: (server) => parts.toolsOf(server), isGone };

  const askForProbe = (request: RequestView, tool: string, asks: ProbeRequest['asks']): void => {
    const { upstream } = request;
    const deadlineMs = parts.deadlineMsOf(upstream, tool);
    const isSurelyGone = (holder: string): boolean => holder !== store.holder && store.isGone(holder);
    const probe: ProbeRequest = { tool, asks, holder: store.holder, deadlineMs, isGone: isSurelyGone };
    const board = boardOf(upstream);
    const claim =
      parts.fleet &&
      planClaim(probe, {
        server: upstream,
        stateOf: (one) => board.stateOf(one),
        settingsOf: (one) => settingsOf(upstream, one),
      });
    const takeHere = (): void => {
      let permit: Permit | undefined;
      board.step(
        (current, now, random) => {
          const reduction = takeProbe(current, probe, { now, random, settingsOf: (one) => settingsOf(upstream, one) });
          permit = reduction.permit;
          return reduction;
        },
        (now) => {
          if (permit !== undefined) taken.set(request, permit);
          else for (const one of claim?.breakers ?? []) parts.fleet?.free(upstream, one);
          parts.resume(request, permit === undefined ? 'refused' : 'go');
          // INVARIANT: a lease that nobody has picked up goes back.
          if (permit !== undefined && taken.delete(request)) calls.giveBack(upstream, tool, permit, now);
        },
      );
    };
    if (claim === undefined) takeHere();
    else
      parts.fleet?.claim(claim, (mayProbe) => {
        if (mayProbe) takeHere();
        else parts.resume(request, 'refused');
      });
  };

  return {
    name: 'breaker',

    onRequest(request, instant) {
      if (request.asked !== 'client') return PASS;
      const { upstream, tool, prefix } = request;
      const board = boardOf(upstream);
      const now = store.moment(instant);
      board.refresh(now);
      if (tool === undefined) {
        calls.begin(request, { tool: undefined, server: serverEpoch({ server: upstream, board }, gate) });
        return PASS;
      }
      const verdict = askGate({ server: upstream, tool, prefix, board, now }, gate);
      if (verdict.kind === 'deny') return verdict.deny;
      if (verdict.kind === 'probe') {
        askForProbe(request, tool, verdict.asks);
        return { kind: 'wait', why: 'breaker.probe' };
      }
      calls.begin(request, verdict.permit);
      return PASS;
    },

    onWaited(request, outcome, instant) {
      const permit = outcome === 'go' ? taken.get(request) : undefined;
      if (permit !== undefined) {
        taken.delete(request);
        calls.begin(request, permit);
        return PASS;
      }
      // Somebody else was quicker: what holds now decides, but nobody waits twice.
      const { upstream, tool = '' } = request;
      const verdict = askGate(
        { server: upstream, tool, prefix: request.prefix, board: boardOf(upstream), now: store.moment(instant) },
        gate,
      );
      if (verdict.kind === 'deny') return verdict.deny;
      if (verdict.kind === 'probe' && verdict.elseDeny !== undefined) return verdict.elseDeny;
      calls.begin(request, verdict.kind === 'go' ? verdict.permit : { tool: undefined, server: undefined });
      return PASS;
    },

    onSent(request) {
      calls.sent(request);
    },

    onSettle(request, settled, instant) {
      calls.settle(request, settled, store.moment(instant));
    },

    onExit(server, instant, how) {
      const now = store.moment(instant);
      const board = boardOf(server);
      board.refresh(now);
      const epoch = serverEpoch({ server, board }, gate);
      calls.exit(server, exitWord(how), epoch, parts.heldTools?.(server) ?? [], now);
    },

    onTaskEnd(server, taskId, settled, instant) {
      calls.endTask(server, taskId, settled, store.moment(instant));
    },

    onEnd(instant) {
      for (const board of boards.values()) board.flush(store.moment(instant));
    },

    refusal(server, tool, instant, prefix) {
      const now = store.moment(instant);
      const board = boardOf(server);
      board.refresh(now);
      const verdict = askGate({ server, tool, prefix, board, now }, gate);
      return verdict.kind === 'deny' ? verdict.deny : undefined;
    },

    toolsOut(server, instant) {
      const board = boardOf(server);
      board.refresh(store.moment(instant));
      return board.toolsOut();
    },

    hidden(server, instant) {
      const now = store.moment(instant);
      const board = boardOf(server);
      board.refresh(now);
      const listed = parts.toolsOf(server);
      return board.toolsOut().flatMap((tool): readonly RefusedTool[] => {
        // A name that is in no list can leave none.
        if (listed?.includes(tool) === false) return [];
        const settings = settingsOf(server, tool);
        const state = board.stateOf(tool);
        if (!settings.hide) return [];
        if (state.kind === 'isolated') return [{ tool, forMs: undefined }];
        if (state.kind !== 'open' || settings.mode !== 'enforce') return [];
        const forMs = openForMs(state, now, settings);
        return forMs > 0 ? [{ tool, forMs }] : [];
      });
    },
  };
}
