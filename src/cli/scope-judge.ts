// What `run` would decide about a request, with what decided it. Asks the policies' own functions; words nothing, knows no file.
// INVARIANT: passes exactly what the scope and own-paths interceptors pass (a property test holds them together).
import type { Deny, Interceptor, RequestView } from '../core/interceptor.ts';
import { decideTarget, decideUse, type Refusal } from '../policy/scope/scope-decision.ts';
import { denyUnreadable, denyUse } from '../policy/scope/scope-denial.ts';
import type { Layers } from '../policy/scope/scope-layer.ts';
import type { Grant } from '../policy/scope/scope-policy.ts';
import { enforcedLayers } from '../policy/scope/scope-split.ts';
import { type Use, usesOf } from '../policy/scope/scope-uses.ts';
import { REQUEST_METHODS } from '../wire/protocol-keys.ts';
import type { Standing } from './scope-standing.ts';

export interface Judgement {
  /** `observe`: a rule denies it, and `mode: observe` lets it pass. */
  readonly verdict: 'allow' | 'deny' | 'observe';
  /** What decided: a grant, the rule that denies, or why there is none. */
  readonly rule: string;
  /** The word of a denial (docs/errors.md). */
  readonly reason: string | undefined;
  readonly denial: Deny | undefined;
  /** What of a scope refused, where one did. */
  readonly refused: { readonly use: Use; readonly refusal: Refusal } | undefined;
}

/** The policy of the guard's own files, which holds in every mode; undefined: not asked. */
export type OwnPathsPolicy = Pick<Interceptor, 'onRequest'> | undefined;

const NO_DENIAL = { reason: undefined, denial: undefined, refused: undefined } as const;

/** @param nowMs milliseconds since the epoch */
export function judgeRequest(
  standing: Standing,
  request: RequestView,
  nowMs: number,
  ownPaths: OwnPathsPolicy,
): Judgement {
  if (standing.kind === 'refused')
    return { ...NO_DENIAL, verdict: 'deny', rule: 'unlisted', reason: 'server_unlisted' };
  const byScope: Judgement =
    standing.kind === 'unscoped'
      ? { ...NO_DENIAL, verdict: 'allow', rule: 'no scope' }
      : judgeByScope(standing.scope, request, nowMs);
  if (byScope.verdict === 'deny') return byScope;
  const verdict = ownPaths?.onRequest?.(request, { wallMs: nowMs, monoMs: 0 });
  if (verdict?.kind !== 'deny') return byScope;
  return { verdict: 'deny', rule: verdict.rule, reason: verdict.reason, denial: verdict, refused: undefined };
}

/** What a ceiling denies is denied in any mode. */
function judgeByScope(
  scope: Extract<Standing, { kind: 'scoped' }>['scope'],
  request: RequestView,
  nowMs: number,
): Judgement {
  const enforced = enforcedLayers(scope);
  const judged = enforced === undefined ? undefined : judgeByLayers(enforced, 'deny', request, nowMs);
  if (judged !== undefined && (judged.verdict === 'deny' || scope.mode === 'enforce')) return judged;
  return judgeByLayers(scope.layers, 'observe', request, nowMs);
}

function judgeByLayers(layers: Layers, verdict: 'deny' | 'observe', request: RequestView, nowMs: number): Judgement {
  const uses = usesOf(request);
  if (uses === undefined) {
    const denial = denyUnreadable(request, REQUEST_METHODS.has(request.method));
    return { verdict, rule: denial.rule, reason: denial.reason, denial, refused: undefined };
  }
  let rule = 'needs no grant';
  for (const [index, use] of uses.entries()) {
    const decision = decideUse(layers, use.kind, use.name, use.args, nowMs);
    if (!decision.granted) {
      const denial = denyUse(decision.refusal, request, use.kind, use.name);
      return {
        verdict,
        rule: denial.rule,
        reason: denial.reason,
        denial,
        refused: { use, refusal: decision.refusal },
      };
    }
    if (index === 0) rule = decision.rule;
  }
  return { ...NO_DENIAL, verdict: 'allow', rule };
}

/**
 * As far as it can be told without the arguments: undefined where it is theirs to decide. The guard's own files are not looked at.
 */
export function judgeWithoutArguments(
  standing: Standing,
  request: Pick<RequestView, 'asked' | 'modern' | 'method' | 'upstream'>,
  use: Pick<Use, 'kind' | 'name'>,
  nowMs: number,
): Judgement | undefined {
  if (standing.kind === 'refused')
    return { ...NO_DENIAL, verdict: 'deny', rule: 'unlisted', reason: 'server_unlisted' };
  if (standing.kind === 'unscoped') return { ...NO_DENIAL, verdict: 'allow', rule: 'no scope' };
  const { scope } = standing;
  const enforced = enforcedLayers(scope);
  if (enforced !== undefined && scope.mode === 'observe') {
    const held = judgeLayers(enforced, 'deny', request, use, nowMs);
    if (held?.verdict !== 'allow') return held;
  }
  return judgeLayers(scope.layers, scope.mode === 'observe' ? 'observe' : 'deny', request, use, nowMs);
}

function judgeLayers(
  layers: Layers,
  verdict: 'deny' | 'observe',
  request: Pick<RequestView, 'asked' | 'modern' | 'method' | 'upstream'>,
  use: Pick<Use, 'kind' | 'name'>,
  nowMs: number,
): Judgement | undefined {
  const target = decideTarget(layers, use.kind, use.name, nowMs);
  const states = target.granted ? target.byLayer.map(readLayer) : [];
  const [closed, ...others] = layers.filter((_, index) => states[index] === 'closed');
  if (closed === undefined && states.includes('open')) return undefined;
  // whatever the arguments are, it comes to the same
  const deciding: Layers = closed === undefined ? layers : [closed, ...others];
  const decision = decideUse(deciding, use.kind, use.name, undefined, nowMs);
  if (decision.granted) return { ...NO_DENIAL, verdict: 'allow', rule: decision.rule };
  const { refusal } = decision;
  const denial = denyUse(refusal, request, use.kind, use.name);
  const refused = { use: { ...use, args: undefined }, refusal };
  return {
    verdict,
    rule: denial.rule,
    reason: denial.reason,
    denial,
    refused,
  };
}

/** `free`: some grant takes any arguments. `open`: some would take the right ones. */
function readLayer(grants: readonly Grant[]): 'free' | 'open' | 'closed' {
  const usable = grants.filter(({ approve }) => approve === undefined);
  if (usable.some(({ checkArguments }) => checkArguments === undefined)) return 'free';
  return usable.length > 0 ? 'open' : 'closed';
}
