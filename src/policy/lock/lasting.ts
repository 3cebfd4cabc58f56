// What holds once an approval has ended that a later one was given beside: the change that the later one makes, made to what holds
// then, too. Pure; knows no time, and asks nobody.
// INVARIANT: every part of the result is what was approved without an end (`base`), or what the later approval itself changes. What both
// have changed stays as in `base`: so nothing that was approved until a time outlives it.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, keysOf, listOf, memberOf, objectFrom, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { sortedJson } from '../../wire/sorted-json.ts';
import type { KeyPath } from './difference.ts';
import { KINDS } from './scope-view.ts';

/** Where a key that is not there means an empty table; for `scopes` that is the narrower reading. */
const TABLES: readonly string[] = ['servers', 'scopes', 'roles', 'tenants'];

/** @param base what holds afterwards @param before what holds now @param after what would be approved */
export function mergeLasting(base: JsonObject, before: JsonObject, after: JsonObject): JsonObject {
  return objectFrom(
    keysOf(base, after).map((key) => {
      const sides = [base, before, after].map((side) => memberOf(side, key));
      const isTable = TABLES.includes(key) && sides.some((side) => side !== undefined);
      const [old, held, fresh] = isTable ? sides.map((side) => side ?? {}) : sides;
      const merged = mergeValue([key], old, held, fresh);
      const isEmpty = isJsonObject(merged) && Object.keys(merged).length === 0;
      return [key, isTable && isEmpty ? sides[0] : merged];
    }),
  );
}

function mergeValue(
  path: KeyPath,
  base: Json | undefined,
  before: Json | undefined,
  after: Json | undefined,
): Json | undefined {
  if (isSameJson(before, after)) return base;
  if (isSameJson(base, before)) return after;
  if (isRuleList(path)) return mergeRules(listOf(base), listOf(before), listOf(after), path[2] === 'grants');
  if (!isJsonObject(base) || !isJsonObject(before) || !isJsonObject(after)) return base;
  return objectFrom(
    keysOf(base, after).map((key) => {
      const [one, two, three] = [base, before, after].map((side) => memberOf(side, key));
      return [key, mergeValue([...path, key], one, two, three)];
    }),
  );
}

/** Rule by rule: each target is compared with itself. */
function mergeRules(
  base: readonly Json[],
  before: readonly Json[],
  after: readonly Json[],
  areGrants: boolean,
): readonly Json[] {
  return [...new Set([...base, ...after].map(targetOf))].flatMap((target) => {
    const [old, held, fresh] = [base, before, after].map((rules) => rules.filter((one) => targetOf(one) === target));
    // a grant that is taken out is gone, whatever became of it in between
    if (areGrants && fresh?.length === 0 && held?.length !== 0) return [];
    if (isSameJson(held, fresh)) return old ?? [];
    return (isSameJson(old, held) ? fresh : old) ?? [];
  });
}

function targetOf(rule: Json): string {
  const kind = KINDS.find((one) => typeof memberOf(rule, one) === 'string');
  return kind === undefined ? sortedJson(rule) : `${kind} ${memberOf(objectOf(rule), kind)}`;
}

function isRuleList([top, , key]: KeyPath): boolean {
  return top === 'scopes' && (key === 'grants' || key === 'deny');
}
