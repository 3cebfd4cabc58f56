// The interceptor that keeps a server to its scope: what a client may use, what a server may ask, what either gets to see.
// Knows when to ask and what to do with the answer; whether something is granted is scope-decision.ts's to say.
import type { UpstreamId } from '../../core/events.ts';
import type {
  Deny,
  Interceptor,
  Narrowing,
  NotificationView,
  Observed,
  RepeatMark,
  RequestView,
} from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import type { JsonObject } from '../../wire/json.ts';
import { stringAt } from '../../wire/json.ts';
import { REQUEST_METHODS, TASK_PAYLOAD_METHODS } from '../../wire/protocol-keys.ts';
import { createSteadyTime, type SteadyTime } from '../steady-time.ts';
import { errorRequestsOf, inputRequestsOf } from './asked-requests.ts';
import { NarrowedLists } from './narrowed-lists.ts';
import { couldGrantAny, decideTarget, decideUse } from './scope-decision.ts';
import { denyInput, denyResponse, denyUnreadable, denyUse } from './scope-denial.ts';
import type { Layers } from './scope-layer.ts';
import { isListMethod, narrowGreeting, narrowLists, narrowTask } from './scope-narrowing.ts';
import { observeNarrowings } from './scope-observed.ts';
import { ceilingLayers, ownLayers } from './scope-split.ts';
import { inputResponsesOf, usesOf } from './scope-uses.ts';

/** `unscoped`: anything goes, and everything is recorded. */
export type ServerScope =
  | 'unscoped'
  | {
      readonly layers: Layers;
      /** `observe`: decided and recorded, and let pass, but for what a ceiling denies. */
      readonly mode: 'enforce' | 'observe';
    };

/** The name of this interceptor. */
export const SCOPE = 'scope';

const NEVER = (): boolean => false;

/**
 * @param isPaused break-glass: as if the mode were `observe` @param scopes of every server of the session, asked each time: another policy may hold. INVARIANT: a server that is not named throws, which denies (`guard_fault`)
 */
export function createScopePolicy(
  scopes: Pick<ReadonlyMap<UpstreamId, ServerScope>, 'get'>,
  isPaused: (server: UpstreamId, now: Instant) => boolean = NEVER,
  timeOf: SteadyTime = createSteadyTime(),
): Interceptor {
  const scopeOf = (upstream: UpstreamId): ServerScope => {
    const scope = scopes.get(upstream);
    if (scope === undefined) throw new Error(`no scope was made for \`${upstream}\``);
    return scope;
  };
  /** Why it is not enforced; undefined: it is. */
  const laxity = (
    { mode }: Exclude<ServerScope, 'unscoped'>,
    server: UpstreamId,
    now: Instant,
  ): Observed['by'] | undefined => (mode !== 'enforce' ? 'observe' : isPaused(server, now) ? 'pause' : undefined);
  const narrowed = new NarrowedLists();
  return {
    name: SCOPE,
    asksAgain: true,
    onRequest(request, now) {
      const scope = scopeOf(request.upstream);
      if (scope === 'unscoped') return PASS;
      const denial = judgeRequest(request, scope.layers, timeOf(now));
      if (denial === undefined) return PASS;
      const by = laxity(scope, request.upstream, now);
      if (by === undefined) return denial;
      const ceilings = ceilingLayers(scope);
      const held = ceilings === undefined ? undefined : judgeRequest(request, ceilings, timeOf(now));
      if (held !== undefined) return held;
      return { kind: 'pass', observed: { rule: denial.rule, reason: denial.reason, by } };
    },
    onResponse(request, result, now, repeat) {
      const scope = scopeOf(request.upstream);
      if (scope === 'unscoped' || request.asked === 'server') return undefined;
      const narrowings = narrowResult(request, result, scope.layers, timeOf(now), { narrowed, repeat });
      if (narrowings === undefined || narrowings.length === 0) return narrowings;
      const by = laxity(scope, request.upstream, now);
      if (by === undefined) return narrowings;
      const ceilings = ceilingLayers(scope);
      if (ceilings === undefined) return observeNarrowings(result, narrowings, scope.layers[0].rule, by);
      const held = narrowResult(request, result, ceilings, timeOf(now)) ?? [];
      const own = ownLayers(scope);
      const lax = own === undefined ? [] : (narrowResult(request, result, own, timeOf(now)) ?? []);
      return [...held, ...observeNarrowings(result, lax, scope.layers[0].rule, by)];
    },
    onError(request, error, now) {
      const scope = scopeOf(request.upstream);
      if (scope === 'unscoped' || request.asked === 'server') return undefined;
      const judge = (layers: Layers): Narrowing | undefined => {
        const deny = judgeAsked(request, errorRequestsOf(error), layers, timeOf(now));
        return deny && { kind: 'refuse', deny };
      };
      const refused = judge(scope.layers);
      if (refused === undefined) return undefined;
      const by = laxity(scope, request.upstream, now);
      if (by === undefined) return [refused];
      const ceilings = ceilingLayers(scope);
      const held = ceilings === undefined ? undefined : judge(ceilings);
      return held === undefined ? observeNarrowings(error, [refused], scope.layers[0].rule, by) : [held];
    },
    onNotification(note, now) {
      const scope = scopeOf(note.upstream);
      if (scope === 'unscoped') return 'pass';
      const denied = judgeNote(note, scope.layers, timeOf(now));
      if (denied === undefined) return 'pass';
      const by = laxity(scope, note.upstream, now);
      const ceilings = ceilingLayers(scope);
      const isHeld = ceilings !== undefined && judgeNote(note, ceilings, timeOf(now)) !== undefined;
      return by === undefined || isHeld ? 'drop' : { ...denied, by };
    },
  };
}

function judgeRequest(request: RequestView, layers: Layers, nowMs: number): Deny | undefined {
  const uses = usesOf(request);
  if (uses === undefined) return denyUnreadable(request, REQUEST_METHODS.has(request.method));
  for (const { kind, name, args } of uses) {
    const decision = decideUse(layers, kind, name, args, nowMs);
    if (!decision.granted) return denyUse(decision.refusal, request, kind, name);
  }
  return request.asked === 'client' ? judgeResponses(request, layers, nowMs) : undefined;
}

/** What a client answers beside the arguments is for a question that the server may ask. */
function judgeResponses(request: RequestView, layers: Layers, nowMs: number): Deny | undefined {
  const methods = inputResponsesOf(request.params);
  if (methods === undefined) return denyResponse(request, undefined, layers[0].rule);
  for (const method of methods) {
    const decision = decideUse(layers, 'request', method, undefined, nowMs);
    if (!decision.granted) return denyResponse(request, method, decision.refusal.rule);
  }
  return undefined;
}

function narrowResult(
  request: RequestView,
  result: JsonObject,
  layers: Layers,
  nowMs: number,
  memory?: { readonly narrowed: NarrowedLists; readonly repeat: RepeatMark | undefined },
): readonly Narrowing[] | undefined {
  const denial = judgeInputRequests(request, result, layers, nowMs);
  if (denial !== undefined) return [{ kind: 'refuse', deny: denial }];
  const { method } = request;
  if (isListMethod(method)) {
    const narrow = () => narrowLists(result, (kind, name) => decideTarget(layers, kind, name, nowMs).granted);
    return memory === undefined
      ? narrow()
      : memory.narrowed.narrow(request.upstream, memory.repeat, layers, nowMs, narrow);
  }
  if (TASK_PAYLOAD_METHODS.has(method))
    return narrowTask(result, (kind, name) => decideTarget(layers, kind, name, nowMs).granted);
  if (method === 'initialize' || method === 'server/discover') {
    return narrowGreeting(result, (kind) => couldGrantAny(layers, kind, nowMs));
  }
  return undefined;
}

/** What a server of 2026-07-28 asks by way of an answer is a request of the server like any other. */
function judgeInputRequests(request: RequestView, holder: JsonObject, layers: Layers, nowMs: number): Deny | undefined {
  return judgeAsked(request, inputRequestsOf(holder), layers, nowMs);
}

/** @param methods that an answer asks of the client; undefined: nobody can tell */
function judgeAsked(
  request: RequestView,
  methods: readonly string[] | undefined,
  layers: Layers,
  nowMs: number,
): Deny | undefined {
  if (methods === undefined) return denyInput(request, undefined, layers[0].rule);
  for (const method of methods) {
    const decision = decideUse(layers, 'request', method, undefined, nowMs);
    if (!decision.granted) return denyInput(request, method, decision.refusal.rule);
  }
  return undefined;
}

/** Why it may not be delivered; undefined: it may. */
function judgeNote(
  { method, params }: NotificationView,
  layers: Layers,
  nowMs: number,
): Omit<Observed, 'by'> | undefined {
  const unreadable = { rule: layers[0].rule, reason: 'not_granted' };
  if (method === 'notifications/resources/updated') {
    const uri = stringAt(params, 'uri');
    if (uri === undefined) return unreadable;
    const decision = decideTarget(layers, 'resource', uri, nowMs);
    return decision.granted ? undefined : { rule: decision.refusal.rule, reason: 'not_granted' };
  }
  const methods = params === undefined ? [] : inputRequestsOf(params);
  if (methods === undefined) return unreadable;
  for (const asked of methods) {
    const decision = decideUse(layers, 'request', asked, undefined, nowMs);
    if (!decision.granted) return { rule: decision.refusal.rule, reason: 'request_denied' };
  }
  return undefined;
}
