// Constraints that hold nobody back any more because a wider grant stands beside them: grants are alternatives, and a call needs one.
// Pure; decides nothing, and knows no words for people.
import type { JsonObject } from '../../wire/json.ts';
import { memberOf, objectFrom } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { covers } from './covered-grant.ts';
import { KINDS, type Kind, type Rule } from './scope-view.ts';

export interface Lifted {
  readonly kind: Kind;
  /** What was constrained: a name, or the pattern of the constrained grant. */
  readonly name: string;
  /** What held each of its uses back, one grant of several: what it asks for beside the name. */
  readonly terms: JsonObject;
  /** The grant that asks for less. */
  readonly by: string;
  /** It asks for something, too. */
  readonly hasTerms: boolean;
}

/** What a use must fulfil beside being named. */
const TERMS = ['args', 'additional', 'approve', 'expires'] as const;

/** @param tools names of tools that are known; what grants name or match as they are written is looked at anyway */
export function findLifted(
  before: readonly Rule[],
  after: readonly Rule[],
  tools: readonly string[],
): readonly Lifted[] {
  return KINDS.flatMap((kind) => {
    const [old, fresh] = [before, after].map((rules) => rules.filter((rule) => rule.kind === kind));
    const added = (fresh ?? []).filter((rule) => !(old ?? []).some((one) => isSameRule(one, rule)));
    if (added.length === 0) return [];
    const names = new Set((old ?? []).map(({ pattern }) => pattern.source));
    if (kind === 'tool') for (const tool of tools) names.add(tool);
    return [...names].flatMap((name): readonly Lifted[] => {
      const held = (old ?? []).filter(({ pattern }) => covers(pattern, name));
      const [first] = held;
      if (first === undefined || held.some(({ terms }) => termsOf(terms) === undefined)) return [];
      // one of the same target is shown as a changed grant
      const wider = added.filter(
        (rule) => covers(rule.pattern, name) && held.every(({ pattern }) => pattern.source !== rule.pattern.source),
      );
      const by = wider.find(({ terms }) => termsOf(terms) === undefined) ?? wider[0];
      if (by === undefined) return [];
      const hasTerms = termsOf(by.terms) !== undefined;
      return [{ kind, name, terms: termsOf(first.terms) ?? {}, by: by.pattern.source, hasTerms }];
    });
  });
}

function isSameRule(one: Rule, other: Rule): boolean {
  return one.pattern.source === other.pattern.source && isSameJson(termsOf(one.terms), termsOf(other.terms));
}

/** Undefined where a grant asks for nothing. */
function termsOf(terms: JsonObject): JsonObject | undefined {
  const asked = objectFrom(TERMS.map((key) => [key, memberOf(terms, key)] as const));
  const isOpen = asked.additional !== false && (asked.approve ?? 'never') === 'never';
  const { additional: _, approve: __, ...rest } = asked;
  const isEmpty = isSameJson(rest, {}) || isSameJson(rest, { args: {} });
  return isOpen && isEmpty ? undefined : asked;
}
