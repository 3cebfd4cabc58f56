// A server's scope as rows for a person: each grant with what becomes of it, each denial, and what of the server's offer that
// leaves. Pure; knows no layout and no file.
import type { Decided } from '../config/restrict-policy.ts';
import type { Inventory, KnownList, ListKind } from '../policy/inventory/known-list.ts';
import { compilePattern } from '../policy/pattern.ts';
import type { Pause } from '../policy/pause.ts';
import { decideTarget, type Refusal } from '../policy/scope/scope-decision.ts';
import type { Grant, TargetKind } from '../policy/scope/scope-policy.ts';
import { enforcedLayers } from '../policy/scope/scope-split.ts';
import { pausedStanding, type Standing } from './scope-standing.ts';
import { describeArguments, findSource } from './scope-words.ts';

export interface GrantRow {
  readonly kind: TargetKind;
  /** attacker-controlled only as far as the config is. */
  readonly pattern: string;
  /** Where it is written. */
  readonly rule: string;
  /**
   * What becomes of it: `active`; or why nothing does. Of a wildcard only what holds for every name; what a ceiling or lock leaves
   * of it shows in what is offered.
   */
  readonly state:
    | 'active'
    | 'expired'
    | 'denied'
    | 'needs_approval'
    | 'not_approved'
    | 'not_granted'
    | 'not_plain'
    | 'beyond_ceiling';
  /** The rule that takes it away. */
  readonly by: string | undefined;
  readonly expiresAtMs: number;
  /** In words, inert; none: any arguments. */
  readonly args: readonly string[];
  readonly reason: string | undefined;
  readonly owner: string | undefined;
  /** Names that were offered and that its pattern matches; undefined where no list is known. */
  readonly matches: number | undefined;
}

export interface DenyRow {
  readonly kind: TargetKind;
  readonly pattern: string;
  readonly rule: string;
  readonly reason: string | undefined;
}

/** One list of the server's as it was last seen. Names are attacker-controlled. */
export interface OfferRow {
  readonly list: ListKind;
  readonly visible: readonly string[];
  readonly hidden: readonly { readonly name: string; readonly why: string; readonly rule: string }[];
  readonly isComplete: boolean;
  readonly omitted: number;
  readonly seenAtMs: number;
}

export interface ServerRows {
  readonly server: string;
  readonly standing: Standing;
  /** What must allow, by the rule that is said where nothing does: the scope, ceilings, the lock. */
  readonly layers: readonly string[];
  /** Who restricts it beside them: ceilings, for a person. */
  readonly ceilings: readonly string[];
  /** Values of it, or of every server, that a ceiling has decided. */
  readonly decided: readonly Decided[];
  readonly grants: readonly GrantRow[];
  readonly denies: readonly DenyRow[];
  readonly inventory: Inventory | undefined;
  readonly offers: readonly OfferRow[];
  /** Break-glass; undefined: none. */
  readonly pause: Pause | undefined;
}

const KIND_OF: Readonly<Record<ListKind, TargetKind>> = {
  tools: 'tool',
  resources: 'resource',
  resourceTemplates: 'resource',
  prompts: 'prompt',
};
const LISTS = Object.keys(KIND_OF) as readonly ListKind[]; // the keys of this very literal

/** @param nowMs milliseconds since the epoch */
export function listScopeRows(
  server: string,
  standing: Standing,
  inventory: Inventory | undefined,
  nowMs: number,
  decided: readonly Decided[] = [],
  pause?: Pause,
): ServerRows {
  const effective = pausedStanding(standing, pause);
  const offers = LISTS.flatMap((list) => {
    const known = inventory?.lists[list];
    return known === undefined ? [] : [readOffer(list, known, effective, nowMs)];
  });
  const isOurs = ({ path }: Decided): boolean => !path.startsWith('servers.') || path.startsWith(`servers.${server}.`);
  const base = { server, standing, inventory, offers, pause, decided: decided.filter(isOurs) };
  if (standing.kind !== 'scoped') return { ...base, layers: [], ceilings: [], grants: [], denies: [] };
  const { layers } = standing.scope;
  const scope = standing.entry?.scope;
  return {
    ...base,
    layers: layers.map(({ rule }) => rule),
    ceilings: [...new Set(layers.flatMap(({ by }) => by ?? []))],
    // with the grant that every scope has
    grants: layers[0].grants.map((grant) => {
      const source = findSource(scope, grant);
      return {
        kind: grant.kind,
        pattern: grant.pattern,
        rule: grant.rule,
        ...stateOf(grant, standing, nowMs),
        expiresAtMs: grant.expiresAtMs,
        args: source === undefined ? conditionsOf(grant) : describeArguments(source),
        reason: grant.reason,
        owner: grant.owner,
        matches: countMatches(grant, inventory),
      };
    }),
    denies: scope?.denies ?? [],
  };
}

/** Of a grant that is not the config's: its notation is not at hand. */
function conditionsOf({ checkArguments }: Grant): readonly string[] {
  return checkArguments === undefined ? [] : ['only with arguments that it allows'];
}

function stateOf(
  grant: Grant,
  { scope: { layers } }: Extract<Standing, { kind: 'scoped' }>,
  nowMs: number,
): Pick<GrantRow, 'state' | 'by'> {
  if (!(nowMs < grant.expiresAtMs)) return { state: 'expired', by: undefined };
  if (!/[*?]/.test(grant.pattern)) {
    const decision = decideTarget(layers, grant.kind, grant.pattern, nowMs);
    if (!decision.granted) return { state: wordOf(decision.refusal), by: decision.refusal.rule };
  } else if (layers.some((layer) => layer.deniesAll.has(grant.kind))) {
    const decision = decideTarget(layers, grant.kind, '', nowMs);
    return { state: 'denied', by: decision.granted ? undefined : decision.refusal.rule };
  }
  return grant.approve === undefined ? { state: 'active', by: undefined } : { state: 'needs_approval', by: undefined };
}

/** Of a refusal that looks at no arguments. */
function wordOf(refusal: Refusal): Exclude<GrantRow['state'], 'active'> {
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

function countMatches(grant: Grant, inventory: Inventory | undefined): number | undefined {
  const lists = LISTS.flatMap((list) => (KIND_OF[list] === grant.kind ? (inventory?.lists[list] ?? []) : []));
  if (lists.length === 0) return undefined;
  const pattern = compilePattern(grant.pattern);
  return lists.reduce((sum, { entries }) => sum + entries.filter(({ name }) => pattern.matches(name)).length, 0);
}

function readOffer(list: ListKind, known: KnownList, standing: Standing, nowMs: number): OfferRow {
  const visible: string[] = [];
  const hidden: { name: string; why: string; rule: string }[] = [];
  // a server may list one name twice: it is one to whoever asks for it
  for (const name of new Set(known.entries.map((entry) => entry.name))) {
    const refusal = refusalOf(KIND_OF[list], name, standing, nowMs);
    if (refusal === undefined) visible.push(name);
    else hidden.push({ name, ...refusal });
  }
  const { isComplete, omitted, seenAtMs } = known;
  return { list, visible, hidden, isComplete, omitted, seenAtMs };
}

function refusalOf(
  kind: TargetKind,
  name: string,
  standing: Standing,
  nowMs: number,
): { readonly why: string; readonly rule: string } | undefined {
  if (standing.kind === 'refused') return { why: 'server_unlisted', rule: 'unlisted' };
  const layers = standing.kind === 'unscoped' ? undefined : enforcedLayers(standing.scope);
  if (layers === undefined) return undefined;
  const decision = decideTarget(layers, kind, name, nowMs);
  return decision.granted ? undefined : { why: wordOf(decision.refusal), rule: decision.refusal.rule };
}
