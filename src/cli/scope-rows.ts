// A server's scope as rows for a person: each grant with what becomes of it, each denial, and what of the server's offer that
// leaves. Pure; knows no layout and no file.
import type { Decided } from '../config/restrict-policy.ts';
import type { Deny } from '../core/interceptor.ts';
import type { Inventory, KnownList, ListKind } from '../policy/inventory/known-list.ts';
import { compilePattern } from '../policy/pattern.ts';
import type { Pause } from '../policy/pause.ts';
import type { KeptOut } from '../policy/pins/drift-on-file.ts';
import { decideTarget } from '../policy/scope/scope-decision.ts';
import type { Layers } from '../policy/scope/scope-layer.ts';
import type { Grant, TargetKind } from '../policy/scope/scope-policy.ts';
import { enforcedLayers } from '../policy/scope/scope-split.ts';
import type { EndingApproval } from './ending-approval.ts';
import { type GrantState, judgeGrant, wordOf } from './grant-state.ts';
import { pausedStanding, type Standing } from './scope-standing.ts';
import { describeArguments, findSource } from './scope-words.ts';

export interface GrantRow extends GrantState {
  readonly kind: TargetKind;
  /** attacker-controlled only as far as the config is. */
  readonly pattern: string;
  /** Where it is written. */
  readonly rule: string;
  readonly expiresAtMs: number;
  /** When the newest approval ends, where that alone gives it; Infinity for never. */
  readonly approvedUntilMs: number;
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
  /** The instructions that the server gives are withheld by its pins. */
  readonly isSilenced: boolean;
  /** Why it does not start; undefined: it does. */
  readonly waits: string | undefined;
  /** The newest approval, where it ends by itself. */
  readonly ending: EndingApproval | undefined;
}

/** What is known beside the scope. */
export interface MoreOfServer {
  readonly decided?: readonly Decided[] | undefined;
  readonly pause?: Pause | undefined;
  readonly keptOut?: KeptOut | undefined;
  readonly waits?: string | undefined;
  readonly ending?: EndingApproval | undefined;
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
  { decided = [], pause, keptOut, waits, ending }: MoreOfServer = {},
): ServerRows {
  const effective = pausedStanding(standing, pause);
  const offers = LISTS.flatMap((list) => {
    const known = inventory?.lists[list];
    return known === undefined ? [] : [readOffer(list, known, effective, nowMs, keptOut)];
  });
  const isOurs = ({ path }: Decided): boolean => !path.startsWith('servers.') || path.startsWith(`servers.${server}.`);
  const isSilenced = keptOut?.isSilenced === true;
  const base = {
    server,
    standing,
    inventory,
    offers,
    pause,
    decided: decided.filter(isOurs),
    isSilenced,
    waits,
    ending,
  };
  if (standing.kind !== 'scoped') return { ...base, layers: [], ceilings: [], grants: [], denies: [] };
  const later = ending?.standingOf(server);
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
        ...judgeGrant(grant, layers, nowMs, (name) => keptOut?.tool(name)),
        expiresAtMs: grant.expiresAtMs,
        approvedUntilMs:
          later === undefined ? Number.POSITIVE_INFINITY : endOf(grant, layers, nowMs, later, ending?.endMs ?? nowMs),
        args: source === undefined ? conditionsOf(grant) : describeArguments(source),
        reason: grant.reason,
        owner: grant.owner,
        matches: countMatches(grant, inventory),
      };
    }),
    denies: scope?.denies ?? [],
  };
}

/** What is nothing now ends no more, nor what somebody has approved without an end. */
function endOf(grant: Grant, layers: Layers, nowMs: number, later: Standing, endMs: number): number {
  const now = judgeGrant(grant, layers, nowMs);
  const then = later.kind === 'scoped' ? judgeGrant(grant, later.scope.layers, nowMs) : undefined;
  const isLess = then?.state !== 'active' || (then.lessBy !== undefined && now.lessBy === undefined);
  return now.state === 'active' && later.kind !== 'unscoped' && isLess ? endMs : Number.POSITIVE_INFINITY;
}

/** Of a grant that is not the config's: its notation is not at hand. */
function conditionsOf({ checkArguments }: Grant): readonly string[] {
  return checkArguments === undefined ? [] : ['only with arguments that it allows'];
}

function countMatches(grant: Grant, inventory: Inventory | undefined): number | undefined {
  const lists = LISTS.flatMap((list) => (KIND_OF[list] === grant.kind ? (inventory?.lists[list] ?? []) : []));
  if (lists.length === 0) return undefined;
  const pattern = compilePattern(grant.pattern);
  return lists.reduce((sum, { entries }) => sum + entries.filter(({ name }) => pattern.matches(name)).length, 0);
}

function readOffer(
  list: ListKind,
  known: KnownList,
  standing: Standing,
  nowMs: number,
  keptOut: KeptOut | undefined,
): OfferRow {
  const visible: string[] = [];
  const hidden: { name: string; why: string; rule: string }[] = [];
  // a server may list one name twice: it is one to whoever asks for it
  for (const name of new Set(known.entries.map((entry) => entry.name))) {
    const refusal = refusalOf(KIND_OF[list], name, standing, nowMs) ?? driftOf(list, name, standing, keptOut);
    if (refusal === undefined) visible.push(name);
    else hidden.push({ name, ...refusal });
  }
  const { isComplete, omitted, seenAtMs } = known;
  return { list, visible, hidden, isComplete, omitted, seenAtMs };
}

/** What is observed is let pass. */
function driftOf(
  list: ListKind,
  name: string,
  standing: Standing,
  keptOut: KeptOut | undefined,
): { readonly why: string; readonly rule: string } | undefined {
  const isObserved = standing.kind === 'scoped' && standing.scope.mode === 'observe';
  const denial: Deny | undefined = list === 'tools' && !isObserved ? keptOut?.tool(name) : undefined;
  return denial && { why: denial.reason, rule: denial.rule };
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
