// What becomes of one grant under all that must allow: the scope, the lock, ceilings, pins. For a person: of a wildcard only what holds
// for every name that it matches. Pure; decides nothing, but asks the scope's own decision where there is a name.
import type { Deny } from '../core/interceptor.ts';
import { covers, isWild, overlaps } from '../policy/lint/pattern-relation.ts';
import { decideTarget, type Refusal } from '../policy/scope/scope-decision.ts';
import type { Layers, ScopeLayer } from '../policy/scope/scope-layer.ts';
import type { Grant } from '../policy/scope/scope-policy.ts';

export interface GrantState {
  /**
   * What becomes of it: `active`; or why nothing does. Of a wildcard only what holds for every name; what a denial leaves of it shows in
   * what is offered.
   */
  readonly state:
    | 'active'
    | 'expired'
    | 'denied'
    | 'needs_approval'
    | 'not_approved'
    | 'not_granted'
    | 'not_plain'
    | 'beyond_ceiling'
    | 'drifted';
  /** The rule that takes it away. */
  readonly by: string | undefined;
  /** Of a wildcard that is active: the lock or ceiling that has less of it. */
  readonly lessBy?: string | undefined;
  /** Which approval gave it, and when that ended; undefined: none did. */
  readonly ended?: string | undefined;
}

/** @param driftOf how a call of a tool would be refused by its pins */
export function judgeGrant(
  grant: Grant,
  layers: Layers,
  nowMs: number,
  driftOf: (tool: string) => Deny | undefined = () => undefined,
): GrantState {
  if (!(nowMs < grant.expiresAtMs)) return { state: 'expired', by: undefined };
  const refused = isWild(grant.pattern) ? judgeWild(grant, layers, nowMs) : judgeName(grant, layers, nowMs);
  if (refused !== undefined) return refused;
  if (grant.approve !== undefined) return { state: 'needs_approval', by: undefined };
  const drift = grant.kind === 'tool' && !isWild(grant.pattern) ? driftOf(grant.pattern) : undefined;
  if (drift !== undefined) return { state: 'drifted', by: drift.rule };
  return { state: 'active', by: undefined, lessBy: isWild(grant.pattern) ? findLess(grant, layers, nowMs) : undefined };
}

function judgeName({ kind, pattern }: Grant, layers: Layers, nowMs: number): GrantState | undefined {
  const decision = decideTarget(layers, kind, pattern, nowMs);
  return decision.granted ? undefined : stateOf(decision.refusal);
}

/** Nothing that it matches is allowed; undefined: something may be. */
function judgeWild({ kind, pattern }: Grant, layers: Layers, nowMs: number): GrantState | undefined {
  if (layers.some((layer) => layer.deniesAll.has(kind))) {
    const decision = decideTarget(layers, kind, '', nowMs);
    return decision.granted ? { state: 'denied', by: undefined } : { ...stateOf(decision.refusal), state: 'denied' };
  }
  const closed = layers.filter((layer) => !aliveIn(layer, kind, nowMs).some((one) => overlaps(one, pattern)));
  // what a ceiling denies no approval can give
  const first = closed.find(({ role }) => role !== 'lock') ?? closed[0];
  if (first === undefined) return undefined;
  const state = first.role === 'lock' ? 'not_approved' : 'beyond_ceiling';
  return { state, by: first.rule, ended: first.ended };
}

/** Where another voice allows some of it, and not certainly all. */
function findLess({ kind, pattern }: Grant, layers: Layers, nowMs: number): string | undefined {
  return layers.find((layer) => !aliveIn(layer, kind, nowMs).some((one) => covers(one, pattern)))?.rule;
}

function aliveIn({ grants }: ScopeLayer, kind: Grant['kind'], nowMs: number): readonly string[] {
  return grants.flatMap((one) => (one.kind === kind && nowMs < one.expiresAtMs ? [one.pattern] : []));
}

function stateOf(refusal: Refusal): GrantState {
  const ended = refusal.kind === 'unapproved' ? refusal.ended : undefined;
  return { state: wordOf(refusal), by: refusal.rule, ended };
}

/** Of a refusal that looks at no arguments. */
export function wordOf(refusal: Refusal): Exclude<GrantState['state'], 'active'> {
  switch (refusal.kind) {
    case 'absent':
      return refusal.by === undefined ? refusal.why : 'beyond_ceiling';
    case 'unapproved':
      return 'not_approved';
    case 'approval':
    case 'arguments':
      return 'needs_approval';
  }
}
