// What was approved of one server: its tool definitions and its instructions. The form that stands in the lock, and strict
// reading of it. Pure; compares nothing (drift.ts does).
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';
import { type Definition, PINNED_FIELDS, type PinnedField } from './definition.ts';

export interface PinSet {
  /** By name. A `Map`, because names are the server's to choose. */
  readonly tools: ReadonlyMap<string, Definition>;
  /** Undefined: it gave none. */
  readonly instructions: string | undefined;
}

export function writePinSet({ tools, instructions }: PinSet): JsonObject {
  const sorted = [...tools.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  return {
    ...(instructions === undefined ? {} : { instructions }),
    tools: sorted.map(({ name, fields }): JsonObject => ({ name, ...fields })),
  };
}

/** Undefined for whatever is not exactly such a set: another key, a name twice. */
export function readPinSet(value: Json): PinSet | undefined {
  if (!isJsonObject(value)) return undefined;
  const { tools, instructions, ...others } = value;
  if (Object.keys(others).length > 0 || !Array.isArray(tools)) return undefined;
  if (instructions !== undefined && typeof instructions !== 'string') return undefined;
  const known = new Map<string, Definition>();
  for (const entry of tools) {
    const definition = readPinned(entry);
    if (definition === undefined || known.has(definition.name)) return undefined;
    known.set(definition.name, definition);
  }
  return { tools: known, instructions };
}

/** As `writePinSet` puts one: what the server called by another name stands below `others`. */
function readPinned(entry: Json): Definition | undefined {
  if (!isJsonObject(entry) || !Object.hasOwn(entry, 'name') || typeof entry.name !== 'string') return undefined;
  const fields: Partial<Record<PinnedField, Json>> = {};
  for (const [key, value] of Object.entries(entry)) {
    if (key === 'name' || value === undefined) continue;
    const field = PINNED_FIELDS.find((one) => one === key);
    if (field === undefined || (field === 'others' && !isJsonObject(value))) return undefined;
    fields[field] = value;
  }
  return { name: entry.name, fields };
}
