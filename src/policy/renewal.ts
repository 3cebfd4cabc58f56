// Holds what is meant for a server that is about to be started anew: its scope is about the new process already, and the old one must not
// be asked under it. Knows no process; that the server is back, or never will be, the session says.
import type { UpstreamId } from '../core/events.ts';
import type { Deny, Interceptor, RequestView, Resumption, Wait } from '../core/interceptor.ts';
import { PASS } from '../core/interceptor.ts';

export interface Renewal extends Interceptor {
  /** Another command starts this server from now on. */
  begin(server: UpstreamId): void;
  /** It has begun, and the server is neither back nor gone for good. */
  isUnderWay(server: UpstreamId): boolean;
}

/** Half of the shortest time-out that hosts have (60 s): who waited in vain reads the reason, not a time-out of the host. */
const LONGEST_WAIT_MS = 30_000;
const RETRY_AFTER_MS = 5_000;
/** What only asks about the old process, or for its tasks. INVARIANT: whatever else there is waits: a scope may grant any method. */
const GOES_ON = new Set([
  ...['ping', 'initialize', 'server/discover'],
  ...['tasks/get', 'tasks/result', 'tasks/update', 'tasks/cancel', 'tasks/list'],
]);
const WAIT: Wait = { kind: 'wait', why: 'renewal' };
const NOBODY: readonly Resumption[] = [];

export function createRenewal(): Renewal {
  const renewing = new Set<UpstreamId>();
  /** In the order in which they came. Value: monotonic ms at which the wait is over. */
  const held = new Map<RequestView, number>();
  let ready: Resumption[] = [];

  const release = (server: UpstreamId, outcome: Resumption['outcome']): void => {
    if (!renewing.delete(server)) return;
    for (const request of held.keys()) if (request.upstream === server) ready.push({ request, outcome });
  };

  return {
    name: 'renewal',
    begin: (server) => void renewing.add(server),
    isUnderWay: (server) => renewing.has(server),

    get wakeAtMs() {
      if (ready.length > 0) return 0;
      const [first] = held.values();
      return first ?? Number.POSITIVE_INFINITY;
    },

    onRequest(request, now) {
      const { asked, upstream, method } = request;
      if (asked !== 'client' || !renewing.has(upstream) || GOES_ON.has(method)) return PASS;
      held.set(request, now.monoMs + LONGEST_WAIT_MS);
      return WAIT;
    },

    onWaited(request, outcome) {
      held.delete(request);
      return outcome === 'go' ? PASS : refusal(request.upstream);
    },

    onAbandoned: (request) => void held.delete(request),

    onFate(upstream, fate) {
      release(upstream, fate === 'back' ? 'go' : 'refused');
    },

    takeReady(now) {
      if (held.size === 0) return NOBODY;
      const late: Resumption[] = [];
      for (const [request, dueMs] of held) {
        if (dueMs > now.monoMs) break;
        late.push({ request, outcome: 'refused' });
      }
      const early = new Set(ready.map(({ request }) => request));
      const taken = [
        ...ready.filter(({ request }) => held.has(request)),
        ...late.filter(({ request }) => !early.has(request)),
      ];
      ready = [];
      return taken;
    },
  };
}

function refusal(server: UpstreamId): Deny {
  return {
    kind: 'deny',
    reason: 'server_away',
    rule: 'renewal',
    text: `\`${server}\` is to be started anew because its config has changed, and calls that it still works on keep it from that. This one waited ${LONGEST_WAIT_MS / 1_000} s and was not sent. Try again in ${RETRY_AFTER_MS / 1_000} s.`,
    retryAfterMs: RETRY_AFTER_MS,
  };
}
