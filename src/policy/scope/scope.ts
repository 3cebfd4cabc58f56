// The interceptor that keeps a server to its scope: what a client may use, what a server may ask, what either gets to see.
// Knows when to ask and what to do with the answer; whether something is granted is scope-decision.ts's to say.
import type { UpstreamId } from '../../core/events.ts';
import type { Deny, Interceptor, Narrowing, NotificationView, RequestView } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import type { JsonObject } from '../../wire/json.ts';
import { stringAt } from '../../wire/json.ts';
import { REQUEST_METHODS } from '../../wire/protocol-keys.ts';
import { couldGrantAny, decideTarget, decideUse } from './scope-decision.ts';
import { denyInput, denyUnreadable, denyUse } from './scope-denial.ts';
import type { Layers } from './scope-layer.ts';
import { isListMethod, narrowCapabilities, narrowLists } from './scope-narrowing.ts';
import { inputRequestsOf, usesOf } from './scope-uses.ts';

/** `unscoped`: anything goes, and everything is recorded. */
export type ServerScope =
  | 'unscoped'
  | {
      readonly layers: Layers;
      /** `observe`: decided and recorded, and let pass. */
      readonly mode: 'enforce' | 'observe';
    };

const NEVER = (): boolean => false;

/**
 * @param isPaused break-glass: as if the mode were `observe` @param scopes of every server of the session. INVARIANT: a server that is not named throws, which denies (`guard_fault`)
 */
export function createScopePolicy(
  scopes: ReadonlyMap<UpstreamId, ServerScope>,
  isPaused: (server: UpstreamId, now: Instant) => boolean = NEVER,
): Interceptor {
  const scopeOf = (upstream: UpstreamId): ServerScope => {
    const scope = scopes.get(upstream);
    if (scope === undefined) throw new Error(`no scope was made for \`${upstream}\``);
    return scope;
  };
  const isEnforced = ({ mode }: Exclude<ServerScope, 'unscoped'>, server: UpstreamId, now: Instant): boolean =>
    mode === 'enforce' && !isPaused(server, now);
  return {
    name: 'scope',
    onRequest(request, now) {
      const scope = scopeOf(request.upstream);
      if (scope === 'unscoped') return PASS;
      const denial = judgeRequest(request, scope.layers, now.wallMs);
      if (denial === undefined) return PASS;
      if (isEnforced(scope, request.upstream, now)) return denial;
      return { kind: 'pass', observed: { rule: denial.rule, reason: denial.reason } };
    },
    onResponse(request, result, now) {
      const scope = scopeOf(request.upstream);
      if (scope === 'unscoped' || request.asked === 'server' || !isEnforced(scope, request.upstream, now))
        return undefined;
      return narrowResult(request, result, scope.layers, now.wallMs);
    },
    onNotification(note, now) {
      const scope = scopeOf(note.upstream);
      if (scope === 'unscoped' || !isEnforced(scope, note.upstream, now)) return 'pass';
      return isNoteGranted(note, scope.layers, now.wallMs) ? 'pass' : 'drop';
    },
  };
}

function judgeRequest(request: RequestView, layers: Layers, nowMs: number): Deny | undefined {
  const uses = usesOf(request);
  if (uses === undefined) return denyUnreadable(request, request.method, REQUEST_METHODS.has(request.method));
  for (const { kind, name, args } of uses) {
    const decision = decideUse(layers, kind, name, args, nowMs);
    if (!decision.granted) return denyUse(decision.refusal, request, kind, name);
  }
  return undefined;
}

function narrowResult(
  request: RequestView,
  result: JsonObject,
  layers: Layers,
  nowMs: number,
): readonly Narrowing[] | undefined {
  const denial = judgeInputRequests(request, result, layers, nowMs);
  if (denial !== undefined) return [{ kind: 'refuse', deny: denial }];
  const { method } = request;
  if (isListMethod(method)) {
    return narrowLists(result, (kind, name) => decideTarget(layers, kind, name, nowMs).granted);
  }
  if (method === 'initialize' || method === 'server/discover') {
    return narrowCapabilities(result, (kind) => couldGrantAny(layers, kind, nowMs));
  }
  return undefined;
}

/** What a server of 2026-07-28 asks by way of an answer is a request of the server like any other. */
function judgeInputRequests(request: RequestView, holder: JsonObject, layers: Layers, nowMs: number): Deny | undefined {
  const methods = inputRequestsOf(holder);
  if (methods === undefined) return denyInput(request, undefined, layers[0].rule);
  for (const method of methods) {
    const decision = decideUse(layers, 'request', method, undefined, nowMs);
    if (!decision.granted) return denyInput(request, method, decision.refusal.rule);
  }
  return undefined;
}

function isNoteGranted({ method, params }: NotificationView, layers: Layers, nowMs: number): boolean {
  if (method === 'notifications/resources/updated') {
    const uri = stringAt(params, 'uri');
    return uri !== undefined && decideTarget(layers, 'resource', uri, nowMs).granted;
  }
  const methods = params === undefined ? [] : inputRequestsOf(params);
  return methods?.every((asked) => decideUse(layers, 'request', asked, undefined, nowMs).granted) ?? false;
}
