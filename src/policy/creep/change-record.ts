// What an approval records about the surface of one server, in numbers, and how it is read again. Flat JSON scalars. Pure.
// attacker-controlled: a record that is read; whoever can write the trail's files wrote it.
import type { JsonObject } from '../../wire/json.ts';
import { memberOf, stringAt } from '../../wire/json.ts';
import { isCount } from '../../wire/number-kinds.ts';
import { grantFor, viewScope } from '../lock/scope-view.ts';

/** Of the `detail` of an `approval` event: tools that could be named before and after, of those that the server was known to offer. */
export interface SurfaceCount {
  readonly toolsBefore: number | null;
  readonly toolsAfter: number | null;
}

/** @param tools what the server was known to offer; none: not known @param before what was approved until then; `{}` for nothing */
export function countSurface(
  before: JsonObject,
  after: JsonObject,
  server: string,
  tools: readonly string[],
): SurfaceCount {
  if (tools.length === 0) return { toolsBefore: null, toolsAfter: null };
  const count = (policy: JsonObject): number => {
    const view = viewScope(policy, server);
    return tools.filter((name) => grantFor(view, 'tool', name) !== undefined).length;
  };
  return { toolsBefore: count(before), toolsAfter: count(after) };
}

export type ApprovalRecord =
  /** Before it is done: who, why, until when (ISO 8601). */
  | { readonly stage: 'asked'; readonly who: string; readonly why: string; readonly until: string | null }
  /** It is done: what it did to one server. `asked` is the id of the first record. */
  | {
      readonly stage: 'server';
      readonly asked: string;
      /** Undefined where it was not known what the server offers. */
      readonly before: number | undefined;
      readonly after: number | undefined;
      readonly gained: number;
      readonly lost: number;
    };

/** Undefined where the detail is none of these. */
export function readApproval(detail: JsonObject | undefined): ApprovalRecord | undefined {
  switch (stringAt(detail, 'stage')) {
    case 'asked':
      return {
        stage: 'asked',
        who: stringAt(detail, 'actor') ?? '',
        why: stringAt(detail, 'reason') ?? '',
        until: stringAt(detail, 'until') ?? null,
      };
    case 'server': {
      const sum = (...keys: readonly string[]): number =>
        keys.reduce((all, key) => all + (countAt(detail, key) ?? 0), 0);
      return {
        stage: 'server',
        asked: stringAt(detail, 'asked') ?? '',
        before: countAt(detail, 'toolsBefore'),
        after: countAt(detail, 'toolsAfter'),
        gained: sum('byName', 'byWildcard', 'unscoped'),
        lost: sum('lost'),
      };
    }
    default:
      return undefined;
  }
}

function countAt(detail: JsonObject | undefined, key: string): number | undefined {
  const value = memberOf(detail, key);
  return isCount(value) ? value : undefined;
}
