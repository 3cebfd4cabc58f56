// How the scope of one server differs between lock and config: what becomes possible with an approval, what holds already, and
// of what becomes possible what was asked for by name. Pure; knows no words for people.
import type { Json, JsonObject } from '../../wire/json.ts';
import { keysOf, listOf, memberOf, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { compilePattern } from '../pattern.ts';
import { coveringGrant } from './covered-grant.ts';
import { APPROVALS } from './field-table.ts';
import { findLifted, type Lifted } from './lifted.ts';
import { grantFor, KINDS, type Kind, type Rule, type ScopeView, viewScope } from './scope-view.ts';

export interface RuleChange {
  readonly what: 'grant' | 'deny';
  readonly kind: Kind;
  readonly pattern: string;
  /** `wider` has no effect until it is approved. Terms that have no order count as wider, but where another approved grant covers them. */
  readonly direction: 'wider' | 'narrower';
  /** What the lock has; undefined where it has no such rule. */
  readonly before: JsonObject | undefined;
  readonly after: JsonObject | undefined;
  /** Of a grant that is none of the lock's own: the pattern of the approved one that lets pass already whatever it does. */
  readonly within?: string;
}

/** A tool of the inventory that can be named once the config is approved, and cannot now. */
export interface NewTool {
  readonly tool: string;
  /** `name`: a grant is exactly this name. `wildcard`: a pattern swallowed it. `unscoped`: nothing restricts it. */
  readonly by: 'name' | 'wildcard' | 'unscoped';
  /** The pattern; empty where it is unscoped. */
  readonly pattern: string;
}

export interface ScopeDiff {
  readonly server: string;
  readonly before: ScopeView['kind'];
  readonly after: ScopeView['kind'];
  readonly rules: readonly RuleChange[];
  /** Constraints that stand in both and hold nobody back any more. */
  readonly lifted: readonly Lifted[];
  readonly newTools: readonly NewTool[];
  readonly lostTools: readonly string[];
}

/** What a server may be asked where nothing restricts it. */
const EVERYTHING: readonly Rule[] = KINDS.map((kind) => ({ kind, pattern: compilePattern('*'), terms: {} }));

/** @param tools what the server was last seen to offer */
export function diffScopes(lock: JsonObject, config: JsonObject, server: string, tools: readonly string[]): ScopeDiff {
  const [before, after] = [viewScope(lock, server), viewScope(config, server)];
  const newTools: NewTool[] = [];
  const lostTools: string[] = [];
  for (const tool of tools) {
    const [then, now] = [grantFor(before, 'tool', tool), grantFor(after, 'tool', tool)];
    if (then !== undefined && now === undefined) lostTools.push(tool);
    if (then !== undefined || now === undefined) continue;
    if (now === 'all') newTools.push({ tool, by: 'unscoped', pattern: '' });
    else newTools.push({ tool, by: now.pattern.isExact ? 'name' : 'wildcard', pattern: now.pattern.source });
  }
  const rules = [
    ...compareRules('grant', before.grants, after.grants, before.kind === 'all' ? EVERYTHING : before.grants),
    ...compareRules('deny', before.denies, after.denies),
  ];
  const lifted = findLifted(before.grants, after.grants, tools);
  return { server, before: before.kind, after: after.kind, rules, lifted, newTools, lostTools };
}

/**
 * Rules of one target are compared in their order; what has no counterpart was added or removed.
 *
 * @param approved what the grants of `before` come to, where nothing was restricted
 */
export function compareRules(
  what: 'grant' | 'deny',
  before: readonly Rule[],
  after: readonly Rule[],
  approved: readonly Rule[] = before,
): readonly RuleChange[] {
  const changes: RuleChange[] = [];
  const keyOf = ({ kind, pattern }: Rule): string => `${kind} ${pattern.source}`;
  for (const key of new Set([...before, ...after].map(keyOf))) {
    const [old, fresh] = [before, after].map((rules) => rules.filter((rule) => keyOf(rule) === key));
    // what stands on both sides unchanged is no change, wherever it stands
    const left = (old ?? []).filter((rule) => !(fresh ?? []).some((other) => isSameJson(rule.terms, other.terms)));
    const right = (fresh ?? []).filter((rule) => !(old ?? []).some((other) => isSameJson(rule.terms, other.terms)));
    for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
      const [one, other] = [left[index], right[index]];
      const rule = other ?? one;
      if (rule === undefined) continue;
      const direction = what === 'grant' ? grantDirection(one?.terms, other?.terms) : denyDirection(one, other);
      if (direction === undefined) continue;
      const { kind, pattern } = rule;
      const change = { what, kind, pattern: pattern.source, before: one?.terms, after: other?.terms };
      const isGrant = what === 'grant' && direction === 'wider';
      const covering = isGrant ? coveringGrant(rule, approved, asksNoLess) : undefined;
      // where nothing was restricted nobody has written a pattern
      const within = covering !== undefined && before.includes(covering) ? { within: covering.pattern.source } : {};
      changes.push({ ...change, direction: covering === undefined ? direction : 'narrower', ...within });
    }
  }
  return changes;
}

/** A grant among others is asked for what it lets pass: the words for people beside it are none of that. */
function asksNoLess(terms: JsonObject, approved: JsonObject): boolean {
  return grantDirection(approved, terms) !== 'wider';
}

function denyDirection(before: Rule | undefined, after: Rule | undefined): RuleChange['direction'] | undefined {
  if (before === undefined) return 'narrower';
  // the reason of a deny decides nothing
  return after === undefined ? 'wider' : undefined;
}

/** Undefined where only words for people differ. */
function grantDirection(
  before: JsonObject | undefined,
  after: JsonObject | undefined,
): RuleChange['direction'] | undefined {
  if (before === undefined) return 'wider';
  if (after === undefined) return 'narrower';
  const changed = keysOf(before, after).filter(
    (key) => key !== 'reason' && key !== 'owner' && !isSameJson(memberOf(before, key), memberOf(after, key)),
  );
  if (changed.length === 0) return undefined;
  return changed.every((key) => isNarrower(key, memberOf(before, key), memberOf(after, key))) ? 'narrower' : 'wider';
}

/** Only what is surely narrower; a changed constraint is not compared with the old one. */
function isNarrower(key: string, before: Json | undefined, after: Json | undefined): boolean {
  if (key === 'additional') return after === false;
  if (key === 'approve') return rank(after) < rank(before);
  if (key === 'expires') return typeof after === 'string' && (typeof before !== 'string' || isEarlier(after, before));
  if (key !== 'args') return false;
  const constraints = objectOf(after);
  return Object.entries(objectOf(before)).every(([pointer, constraint]) =>
    isSameJson(memberOf(constraints, pointer), constraint),
  );
}

function rank(approve: Json | undefined): number {
  const place = listOf(APPROVALS).indexOf(approve ?? 'never');
  return place === -1 ? 0 : place;
}

/** A date without a time is the end of that day. */
function isEarlier(after: string, before: string): boolean {
  const endOf = (text: string): number => Date.parse(text.length === 10 ? `${text}T23:59:59.999Z` : text);
  return endOf(after) <= endOf(before);
}
