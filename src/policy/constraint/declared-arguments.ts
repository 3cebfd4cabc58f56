// `additional: false`: which arguments are there that no pointer names. Knows no rule.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import type { PointerFault, Segment } from './pointer.ts';
import { type Budget, TOO_MUCH } from './rule.ts';
import { listChoices, quote } from './shown-text.ts';

/** What pointers name below one value. No member at all: a pointer ends here, and its rules judge whatever is below. */
export interface Declared {
  readonly members: ReadonlyMap<string, Declared>;
  /** It must not be there: known, and never offered. */
  readonly isAbsent: boolean;
}

interface Growing extends Declared {
  readonly members: Map<string, Growing>;
}

interface Named {
  readonly segments: readonly Segment[];
  readonly isAbsent: boolean;
}

export interface Undeclared {
  readonly rule: 'additional' | 'too_much';
  readonly path: PointerFault['path'];
  readonly text: string;
}

export function nameDeclared(pointers: readonly Named[]): Declared {
  const root: Growing = { members: new Map(), isAbsent: false };
  for (const { segments, isAbsent } of pointers) {
    let at = root;
    for (const [index, segment] of segments.entries()) {
      const key = segment === '*' ? '*' : segment.key;
      const next = at.members.get(key) ?? { members: new Map(), isAbsent: isAbsent && index === segments.length - 1 };
      at.members.set(key, next);
      at = next;
    }
  }
  return root;
}

/** The first member of an object or array on the way of a pointer that no pointer names. */
export function findUndeclared(args: JsonObject, declared: Declared, budget: Budget): Undeclared | undefined {
  return findBelow(args, [declared], [], budget);
}

/** `nodes`: everything that names this value; a key and `*` may both. */
function findBelow(
  value: Json,
  nodes: readonly Declared[],
  path: readonly string[],
  budget: Budget,
): Undeclared | undefined {
  const isRoot = path.length === 0;
  if (!isRoot && nodes.every(({ members }) => members.size === 0)) return undefined;
  if (!Array.isArray(value) && !isJsonObject(value)) return undefined;
  const entries: readonly (readonly [string, Json | undefined])[] = Object.entries(value);
  if (!budget.spend(20 * entries.length)) return { rule: 'too_much', path, text: TOO_MUCH };
  for (const [key, member] of entries) {
    const named = nodes
      .flatMap(({ members }) => [members.get(key), members.get('*')])
      .filter((node) => node !== undefined);
    if (named.length === 0)
      return { rule: 'additional', path: [...path, key], text: `is not allowed; ${listAllowed(nodes)}` };
    const below = member === undefined ? undefined : findBelow(member, named, [...path, key], budget);
    if (below !== undefined) return below;
  }
  return undefined;
}

function listAllowed(nodes: readonly Declared[]): string {
  const keys = nodes.flatMap(({ members }) => [...members].flatMap(([key, { isAbsent }]) => (isAbsent ? [] : [key])));
  return keys.length === 0
    ? 'no argument is'
    : `allowed ${keys.length === 1 ? 'is' : 'are'} ${listChoices(keys.map(quote))}`;
}
