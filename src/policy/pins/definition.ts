// One tool as its server describes it: the fields that are pinned, each with its canonical text (key order means nothing).
// Pure; knows no pin and no policy. attacker-controlled in every value.

import type { Json } from '../../wire/json.ts';
import { isJsonObject, type JsonObject } from '../../wire/json.ts';
import { UNPINNED_KEYS } from '../../wire/protocol-keys.ts';
import { isSameJson } from '../../wire/same-json.ts';
import { sortedJson } from '../../wire/sorted-json.ts';

/**
 * What a model or a person is shown of a tool, or goes by. `icons`, `execution` and `_meta` are not: they are for programs.
 * Source: schema.json of 2024-11-05 … 2026-07-28.
 */
const NAMED_FIELDS = ['title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;
/** `others`: whatever else an entry has. No schema knows it, and some host may show it to its model all the same. */
export const PINNED_FIELDS = [...NAMED_FIELDS, 'others'] as const;
export type PinnedField = (typeof PINNED_FIELDS)[number];
const NOT_OTHERS: ReadonlySet<string> = new Set(['name', ...NAMED_FIELDS, ...UNPINNED_KEYS]);

export interface Definition {
  readonly name: string;
  /** The pinned fields that are there, as they came. */
  readonly fields: Readonly<Partial<Record<PinnedField, Json>>>;
}

/** The pinned part of an entry of `tools/list`; undefined where it has no name to go by. */
export function readDefinition(entry: Json | undefined): Definition | undefined {
  if (!isJsonObject(entry) || !Object.hasOwn(entry, 'name') || typeof entry.name !== 'string') return undefined;
  // Ten thousand of them may come at once: a loop, and one object.
  const fields: Partial<Record<PinnedField, Json>> = {};
  for (const field of NAMED_FIELDS) {
    const value = Object.hasOwn(entry, field) ? entry[field] : undefined;
    if (value !== undefined) fields[field] = value;
  }
  const others = othersOf(entry);
  if (others !== undefined) fields.others = others;
  return { name: entry.name, fields };
}

function othersOf(entry: JsonObject): JsonObject | undefined {
  let others: [string, Json | undefined][] | undefined;
  for (const key in entry) {
    if (NOT_OTHERS.has(key)) continue;
    others ??= [];
    others.push([key, entry[key]]);
  }
  // `__proto__` becomes a member like any other
  return others === undefined ? undefined : Object.fromEntries(others);
}

/** Whether a caller is told the same of both, but for the fields of `ignored` and the name. */
export function isSameDefinition(left: Definition, right: Definition, ignored: ReadonlySet<string>): boolean {
  return PINNED_FIELDS.every((field) => ignored.has(field) || isSameJson(left.fields[field], right.fields[field]));
}

/** The definition without its name as one text: equal texts, same definition. */
export function definitionText({ fields }: Definition): string {
  return sortedJson({ ...fields });
}
