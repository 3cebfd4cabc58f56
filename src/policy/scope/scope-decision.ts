// Whether a scope allows: the one place that knows. Pure; knows neither the protocol nor how a refusal is worded.
// INVARIANT: what is listed and what may be called are decided by the same function, `decideTarget`.
import type { JsonObject } from '../../wire/json.ts';
import { readMethod } from './method-readings.ts';
import type { Layers, ScopeLayer } from './scope-layer.ts';
import type { DenyRule, Grant, TargetKind, Violation } from './scope-policy.ts';
import { readUri, type UriReading } from './uri-readings.ts';

/** Why not. `rule` is the one that decided, or the scope where none did. */
export type Refusal =
  /** `asIfAbsent`: to who asks it does not exist. */
  | {
      readonly kind: 'absent';
      readonly why: 'not_granted' | 'denied' | 'expired' | 'not_plain';
      readonly rule: string;
      /** The ceiling, tenant's block or role that refuses it. For a person alone: no approval can give it. */
      readonly by?: string;
      /** Nothing is asked of the server at all, and why: no secret of a policy. */
      readonly closed?: string;
    }
  /** The scope allows it, and the lock does not yet. */
  | {
      readonly kind: 'unapproved';
      readonly rule: string;
      /** It is approved with other arguments, the nearest grant first; undefined: not at all. */
      readonly violations?: readonly Violation[];
      /** The command by which a person can approve it. */
      readonly mend?: string;
      /** Which approval gave more, and when it ended. */
      readonly ended?: string;
      /** It is no matter of the scope: why all of the server waits. */
      readonly waits?: string;
    }
  /** The nearest grant first. */
  | {
      readonly kind: 'arguments';
      readonly rule: string;
      readonly violations: readonly Violation[];
      readonly by?: string;
    }
  | { readonly kind: 'approval'; readonly rule: string };

export type TargetDecision =
  | {
      readonly granted: true;
      readonly rule: string;
      /** The grants that name it and are alive, by layer, in the order in which they are written. */
      readonly byLayer: readonly (readonly Grant[])[];
    }
  | { readonly granted: false; readonly refusal: Refusal };

export type UseDecision =
  | { readonly granted: true; readonly rule: string }
  | { readonly granted: false; readonly refusal: Refusal };

const PLAIN_NAME: UriReading = { isPlain: true, others: [] };

/**
 * Whether every layer names this target: some grant that is alive, and no denial. Arguments and approvals are not looked at.
 *
 * @param name attacker-controlled
 * @param nowMs milliseconds since the epoch
 */
export function decideTarget(layers: Layers, kind: TargetKind, name: string, nowMs: number): TargetDecision {
  const reading = kind === 'resource' ? readUri(name) : kind === 'method' ? readMethod(name) : PLAIN_NAME;
  const byLayer: (readonly Grant[])[] = [];
  let unapproved: Refusal | undefined;
  for (const layer of layers) {
    const found = readLayer(layer, kind, name, reading, nowMs);
    if ('grants' in found) byLayer.push(found.grants);
    else if (layer.role !== 'lock') return { granted: false, refusal: found };
    else {
      unapproved ??= { kind: 'unapproved', rule: found.rule, ...mendOf(layer) };
      byLayer.push([]);
    }
  }
  if (unapproved !== undefined) return { granted: false, refusal: unapproved };
  return { granted: true, rule: byLayer[0]?.[0]?.rule ?? layers[0].rule, byLayer };
}

/** Whether every layer allows this use: `decideTarget`, and in each layer a grant whose constraints hold. */
export function decideUse(
  layers: Layers,
  kind: TargetKind,
  name: string,
  args: JsonObject | undefined,
  nowMs: number,
): UseDecision {
  const target = decideTarget(layers, kind, name, nowMs);
  if (!target.granted) return target;
  let rule: string | undefined;
  let unapproved: Refusal | undefined;
  let approval: Refusal | undefined;
  for (const [index, grants] of target.byLayer.entries()) {
    const tried = tryGrants(grants, args);
    if (typeof tried === 'string') rule ??= tried;
    else if (layers[index]?.role === 'lock' && tried.kind === 'arguments') {
      const { rule: missed, violations } = tried;
      unapproved ??= { kind: 'unapproved', rule: missed, violations, ...mendOf(layers[index]) };
    } else if (tried.kind === 'arguments') return { granted: false, refusal: { ...tried, ...voiceOf(layers[index]) } };
    else approval ??= tried;
  }
  const refusal = unapproved ?? approval;
  if (refusal !== undefined) return { granted: false, refusal };
  return { granted: true, rule: rule ?? target.rule };
}

/**
 * Whether any target of this kind could pass: where not, the capability itself means nothing. A grant with a wildcard may
 * always name something.
 */
export function couldGrantAny(layers: Layers, kind: TargetKind, nowMs: number): boolean {
  return layers.every((layer) =>
    layer.grants.some(
      (grant) =>
        grant.kind === kind &&
        nowMs < grant.expiresAtMs &&
        (/[*?]/.test(grant.pattern)
          ? !layer.deniesAll.has(kind)
          : decideTarget(layers, kind, grant.pattern, nowMs).granted),
    ),
  );
}

function readLayer(
  layer: ScopeLayer,
  kind: TargetKind,
  name: string,
  reading: UriReading,
  nowMs: number,
): { readonly grants: readonly Grant[] } | (Refusal & { readonly kind: 'absent' }) {
  // Long names and unplain URIs too: a layer that says nothing of a kind takes nothing of it away.
  if (layer.isOpen && !layer.denies.has(kind)) return { grants: layer.grants.filter((grant) => grant.kind === kind) };
  const rules = layer.find(kind, name);
  const alive: Grant[] = [];
  let denial: DenyRule | undefined;
  let expired: Grant | undefined;
  let evaded: Grant | undefined;
  for (const rule of rules) {
    if (rule.effect === 'deny') denial ??= rule;
    else if (!(nowMs < rule.expiresAtMs)) expired ??= rule;
    else if (!reading.isPlain && rule.pattern !== name) evaded ??= rule;
    else alive.push(rule);
  }
  denial ??= denialOf(layer, kind, reading.others);
  // what nothing grants needs no second look
  if (alive.length > 0) denial ??= layer.findAlike(kind, name);
  const absent = { kind: 'absent', ...voiceOf(layer) } as const;
  if (denial !== undefined) return { ...absent, why: 'denied', rule: denial.rule };
  if (alive.length > 0) return { grants: alive };
  if (evaded !== undefined) return { ...absent, why: 'not_plain', rule: evaded.rule };
  if (expired !== undefined) return { ...absent, why: 'expired', rule: expired.rule };
  return { ...absent, why: 'not_granted', rule: layer.rule };
}

function voiceOf(layer: ScopeLayer | undefined): { readonly by?: string; readonly closed?: string } {
  const { by, closed } = layer ?? {};
  return { ...(by === undefined ? {} : { by }), ...(closed === undefined ? {} : { closed }) };
}

function mendOf(layer: ScopeLayer | undefined): Pick<ScopeLayer, 'mend' | 'waits' | 'ended'> {
  const { mend, waits, ended } = layer ?? {};
  return {
    ...(mend !== undefined && { mend }),
    ...(waits !== undefined && { waits }),
    ...(ended !== undefined && { ended }),
  };
}

function denialOf(layer: ScopeLayer, kind: TargetKind, spellings: readonly string[]): DenyRule | undefined {
  if (!layer.denies.has(kind)) return undefined;
  for (const spelling of spellings) {
    for (const rule of layer.find(kind, spelling)) if (rule.effect === 'deny') return rule;
  }
  return undefined;
}

/** The rule of a grant that holds, or why none does. */
function tryGrants(grants: readonly Grant[], args: JsonObject | undefined): string | Refusal {
  let held: Grant | undefined;
  const missed: { readonly grant: Grant; readonly violation: Violation }[] = [];
  for (const grant of grants) {
    const violation = grant.checkArguments?.(args);
    if (violation !== undefined) missed.push({ grant, violation });
    else if (grant.approve === undefined) return grant.rule;
    else held ??= grant;
  }
  if (held !== undefined) return { kind: 'approval', rule: held.rule };
  // The grant that says most exactly what it is about is the one that was meant.
  missed.sort((a, b) => exactness(b.grant) - exactness(a.grant));
  const [nearest] = missed;
  // INVARIANT: no grant at all has been refused by `decideTarget`
  if (nearest === undefined) throw new Error('no grant to try');
  return {
    kind: 'arguments',
    rule: showRule(nearest.grant, nearest.violation),
    violations: missed.map(({ violation }) => violation),
  };
}

function exactness({ pattern }: Grant): number {
  const literal = pattern.replace(/[*?]/g, '').length;
  return literal === pattern.length ? Number.MAX_SAFE_INTEGER : literal;
}

/** `scopes.files.grants[2].args["/path"].within`; what is not declared has no place in the config. */
function showRule(grant: Grant, { rule, pointer }: Violation): string {
  return pointer === '' || rule === 'additional'
    ? `${grant.rule}.${rule}`
    : `${grant.rule}.args[${JSON.stringify(pointer)}].${rule}`;
}
