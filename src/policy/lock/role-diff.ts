// How the roles differ between lock and config, as lines for a person: what an approval makes possible, what holds already. Pure; both
// sides are evaluated for each request, so that nothing here decides. attacker-controlled: patterns; the caller makes lines inert.
import type { Json, JsonObject } from '../../wire/json.ts';
import { keysOf, listOf, memberOf, objectOf } from '../../wire/json.ts';
import { findLifted, type Lifted } from './lifted.ts';
import { uniteLimits } from './limit-rules.ts';
import { compareRules, type RuleChange } from './scope-diff.ts';
import { viewRole } from './scope-view.ts';

export type RoleLine =
  | { readonly kind: 'possible' | 'holds'; readonly role: string | undefined; readonly text: string }
  | { readonly kind: 'rule'; readonly role: string; readonly change: RuleChange }
  | { readonly kind: 'lifted'; readonly role: string; readonly lifted: Lifted }
  | {
      readonly kind: 'limits';
      readonly role: string;
      readonly direction: 'wider' | 'narrower';
      readonly before: Json | undefined;
      readonly after: Json | undefined;
    };

export function diffRoles(lock: JsonObject, config: JsonObject): readonly RoleLine[] {
  const [before, after] = [memberOf(lock, 'roles'), memberOf(config, 'roles')];
  if (before === undefined && after === undefined) return [];
  const lines: RoleLine[] = [];
  if (before === undefined)
    lines.push({ kind: 'holds', role: undefined, text: 'who has no role is granted nothing from now on' });
  if (after === undefined)
    lines.push({ kind: 'possible', role: undefined, text: 'who has no role is no longer restricted by roles' });
  for (const role of keysOf(objectOf(before), objectOf(after))) {
    const [then, now] = [viewRole(lock, role), viewRole(config, role)];
    if (now === undefined) lines.push({ kind: 'holds', role, text: 'is gone, and grants nothing' });
    else if (then === undefined) lines.push({ kind: 'possible', role, text: 'is new' });
    // of one that is gone what it denied and limited: whoever has another role beside it is held back less
    const rules = [
      ...(now === undefined ? [] : compareRules('grant', then?.grants ?? [], now.grants)),
      ...compareRules('deny', then?.denies ?? [], now?.denies ?? []),
    ];
    for (const change of rules) lines.push({ kind: 'rule', role, change });
    for (const lifted of findLifted(then?.grants ?? [], now?.grants ?? [], []))
      lines.push({ kind: 'lifted', role, lifted });
    const [held, wanted] = [before, after].map((roles) => listOf(memberOf(memberOf(roles, role), 'limits')));
    uniteLimits(wanted ?? [], held ?? [], (direction, old, fresh) =>
      lines.push({ kind: 'limits', role, direction, before: old, after: fresh }),
    );
  }
  return lines;
}
