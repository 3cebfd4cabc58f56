// The bulkhead as an interceptor: a call for which there is no place waits its turn, for so long, then it is refused. So one
// stuck tool cannot take every place of its server. Knows no other method than `tools/call`, and no breaker.
import { calledName } from '../../core/called-name.ts';
import type { Deny, Interceptor, RequestView, Resumption, Wait } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import { inertName } from '../../wire/inert-text.ts';
import type { ServerBulkhead, ToolBulkhead } from './bulkhead-settings.ts';
import { type Cap, ServerSlots, type Ticket, type ToolSlots } from './server-slots.ts';

export interface BulkheadParts {
  serverSettings(server: string): ServerBulkhead;
  /** INVARIANT: the same for the same tool, until `onPolicyChange`. */
  toolSettings(server: string, tool: string): ToolBulkhead;
}

export interface Bulkhead
  extends Required<
    Pick<Interceptor, 'name' | 'onRequest' | 'onWaited' | 'onAbandoned' | 'takeReady' | 'onSettle' | 'onPolicyChange'>
  > {
  readonly wakeAtMs: number;
}

const WAIT: Wait = { kind: 'wait', why: 'bulkhead' };
const NOBODY: readonly Resumption[] = [];
const NEVER = Number.POSITIVE_INFINITY;
const RETRY_AFTER_MS = 5_000;

export function createBulkhead(parts: BulkheadParts): Bulkhead {
  const servers = new Map<string, ServerSlots>();
  /** INVARIANT: a request is in at most one of the two. Who is in `inFlight` holds exactly one place. */
  const inFlight = new Map<RequestView, ToolSlots>();
  const held = new Map<RequestView, Ticket>();
  let ready: Resumption[] = [];
  /** May be early, never late. */
  let wakeAtMs = NEVER;

  const serverOf = (name: string): ServerSlots => {
    let server = servers.get(name);
    if (server === undefined) {
      server = new ServerSlots(parts.serverSettings(name), (tool) => parts.toolSettings(name, tool));
      servers.set(name, server);
    }
    return server;
  };

  const advance = (server: ServerSlots, nowMs: number): void => {
    for (const { request, outcome } of server.advance(nowMs))
      if (outcome !== undefined) ready.push({ request, outcome });
  };

  const wakeAgain = (): void => {
    wakeAtMs = NEVER;
    for (const server of servers.values()) wakeAtMs = Math.min(wakeAtMs, server.dueMs);
  };

  return {
    name: 'bulkhead',

    get wakeAtMs() {
      return ready.length > 0 ? 0 : wakeAtMs;
    },

    onRequest(request, now) {
      const { asked, upstream, tool } = request;
      if (asked !== 'client' || tool === undefined) return PASS;
      const server = serverOf(upstream);
      const slots = server.take(tool);
      if (slots !== undefined) {
        inFlight.set(request, slots);
        return PASS;
      }
      const ticket = server.enqueue(request, tool, now.monoMs);
      if (ticket === undefined) {
        const { full, slots: none } = server.fullness(tool);
        return denial(request, server, none, full, undefined);
      }
      held.set(request, ticket);
      wakeAtMs = Math.min(wakeAtMs, ticket.dueMs);
      return WAIT;
    },

    onWaited(request, outcome, now) {
      const { upstream, tool = '' } = request;
      const server = serverOf(upstream);
      const ticket = held.get(request);
      held.delete(request);
      // INVARIANT: only a place that was given lets a call go, whoever resumes it.
      if (outcome === 'go' && ticket?.outcome === 'go') {
        inFlight.set(request, ticket.slots);
        return PASS;
      }
      if (ticket !== undefined) {
        server.drop(ticket);
        advance(server, now.monoMs);
      }
      const { full, slots } = ticket ?? server.fullness(tool);
      return denial(request, server, slots, full, ticket?.slots.settings.maxWaitMs);
    },

    onAbandoned(request, now) {
      const ticket = held.get(request);
      if (ticket === undefined) return;
      held.delete(request);
      const server = serverOf(request.upstream);
      server.drop(ticket);
      advance(server, now.monoMs);
    },

    takeReady(now) {
      if (now.monoMs >= wakeAtMs) {
        for (const server of servers.values()) advance(server, now.monoMs);
        wakeAgain();
      }
      if (ready.length === 0) return NOBODY;
      const taken = ready.filter(({ request }) => held.has(request));
      ready = [];
      return taken;
    },

    onPolicyChange(now) {
      for (const [name, server] of servers) {
        server.retune(parts.serverSettings(name), now.monoMs);
        advance(server, now.monoMs);
      }
      wakeAgain();
    },

    onSettle(request, _settled, now) {
      const slots = inFlight.get(request);
      if (slots === undefined) return;
      inFlight.delete(request);
      const server = serverOf(request.upstream);
      server.release(slots);
      advance(server, now.monoMs);
    },
  };
}

/** @param waitedMs undefined: it was not even held */
function denial(
  request: RequestView,
  server: ServerSlots,
  slots: ToolSlots,
  full: Cap,
  waitedMs: number | undefined,
): Deny {
  const ofServer = `\`${inertName(request.upstream)}\``;
  const ofTool = `The tool \`${inertName(calledName(request, slots.name))}\` of ${ofServer}`;
  const what = {
    tool: `${ofTool} has ${slots.held} calls in flight, as many as it may have.`,
    share: `${ofTool} has ${slots.held} calls in flight, and ${ofServer} keeps its last ${server.maxInFlight - server.held} places for its other tools.`,
    server: `${ofServer} has ${server.held} calls in flight, as many as it may have.`,
  }[full];
  let waited = `This call waited ${waitedMs} ms, and no place came free for it.`;
  if (waitedMs === undefined)
    waited = slots.settings.maxWaitMs > 0 ? 'No more calls may wait for it.' : 'None may wait.';
  return {
    kind: 'deny',
    reason: 'bulkhead_full',
    rule: full === 'tool' ? 'breaker.maxInFlight' : 'breaker.server.maxInFlight',
    text: `${what} ${waited} It was not sent. Try again in ${RETRY_AFTER_MS / 1_000} s, or wait for an answer first.`,
    retryAfterMs: RETRY_AFTER_MS,
  };
}
