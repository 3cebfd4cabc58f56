// After a server has exited with several tools in flight: lets these tools back one at a time, so that the next exit meets the one
// that brings it about and few others. Holds calls, refuses none. Knows no board and no store.
import type { Interceptor, RequestView, Resumption, Settlement, Wait } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import { LONGEST_TOOL } from './board.ts';
import { Suspects } from './suspects.ts';

export interface CrashTrialParts {
  /** The breaker counts nothing of this tool: it is never held. */
  isOff(server: string, tool: string): boolean;
  /** The breaker would refuse a call of this tool now: it is not made to wait for that. */
  isRefused(server: string, tool: string, now: Instant): boolean;
}

export interface CrashTrial
  extends Required<
    Pick<
      Interceptor,
      'name' | 'onRequest' | 'onWaited' | 'onAbandoned' | 'takeReady' | 'onSettle' | 'onExit' | 'onFate'
    >
  > {
  readonly wakeAtMs: number;
  /** Servers after whose exit something is still remembered. */
  readonly trials: number;
  /** The tools of this server of which a call is held. */
  heldTools(server: string): readonly string[];
}

const WAIT: Wait = { kind: 'wait', why: 'crash_trial' };
const NOBODY: readonly Resumption[] = [];
const NEVER = Number.POSITIVE_INFINITY;
/** Ends that say: the server has had this call, and lives. */
const OUTLIVED: ReadonlySet<Settlement> = new Set<Settlement>(['result', 'error', 'refused', 'timeout']);

export function createCrashTrial(parts: CrashTrialParts): CrashTrial {
  /** INVARIANT: a call is in here or in one of `trials`, never in both. */
  const inFlight = new Set<RequestView>();
  /** INVARIANT: empty until a server exits with two tools in flight; at most one for each server. */
  const trials = new Map<string, Suspects>();

  const toolsInFlight = (server: string): Set<string> => {
    const tools = new Set<string>();
    for (const { upstream, tool } of inFlight) if (upstream === server && tool !== undefined) tools.add(tool);
    return tools;
  };

  return {
    name: 'crash-trial',

    get wakeAtMs() {
      if (trials.size === 0) return NEVER;
      let atMs = NEVER;
      for (const trial of trials.values()) atMs = Math.min(atMs, trial.dueMs);
      return atMs;
    },

    get trials() {
      return trials.size;
    },

    heldTools: (server) => trials.get(server)?.waiting ?? [],

    onRequest(request, now) {
      const { asked, upstream, tool } = request;
      if (asked !== 'client' || tool === undefined) return PASS;
      const trial = trials.size === 0 ? undefined : trials.get(upstream);
      if (trial?.has(tool) === true && !parts.isRefused(upstream, tool, now) && !trial.admits(tool, now.monoMs)) {
        trial.enqueue(request, tool, now.monoMs);
        return WAIT;
      }
      inFlight.add(request);
      return PASS;
    },

    onWaited(request) {
      // Nobody else holds or releases for this interceptor, but a call that goes on must be counted, whoever resumes it.
      trials.get(request.upstream)?.drop(request, request.tool ?? '');
      inFlight.add(request);
      return PASS;
    },

    onAbandoned(request) {
      trials.get(request.upstream)?.drop(request, request.tool ?? '');
    },

    takeReady(now) {
      if (trials.size === 0) return NOBODY;
      const ready: Resumption[] = [];
      for (const [server, trial] of trials) {
        for (const request of trial.release(now.monoMs)) ready.push({ request, outcome: 'go' });
        if (trial.isEmpty) trials.delete(server);
      }
      return ready;
    },

    onSettle(request, { settlement }, now) {
      if (!inFlight.delete(request)) return;
      const { upstream, tool = '' } = request;
      const trial = trials.size === 0 ? undefined : trials.get(upstream);
      if (trial?.has(tool) !== true) return;
      if (OUTLIVED.has(settlement)) trial.believe(tool, now.monoMs);
      else if (trial.turnOf === tool && !toolsInFlight(upstream).has(tool)) trial.passOn();
    },

    onExit(server, now) {
      const tools = toolsInFlight(server);
      for (const tool of tools) if (tool.length > LONGEST_TOOL || parts.isOff(server, tool)) tools.delete(tool);
      let trial = trials.get(server);
      if (trial === undefined) {
        if (tools.size < 2) return;
        trial = new Suspects();
        trials.set(server, trial);
      }
      trial.exit(tools, now.monoMs);
    },

    onFate(server, fate, now) {
      if (fate === 'back') trials.get(server)?.back(now.monoMs);
      else trials.get(server)?.forget();
    },
  };
}
