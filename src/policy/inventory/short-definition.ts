// What is kept of the definition of a tool that is too long to be kept whole: what its server claims, and the names, types and formats
// of its parameters; texts are cut. Pure; knows no room. attacker-controlled: every value.
// INVARIANT: every parameter that lint looks at is in it, or there is none of it at all: what was left out silently would pass as harmless.
import { isJsonObject, type Json, type JsonObject, memberOf } from '../../wire/json.ts';

/** UTF-16 units. Of a parameter's text lint reads no more (argument-kind.ts). */
const LONGEST_TEXT = 300;
const LONGEST_WORD = 64;
/** As deep as lint looks (argument-kind.ts). */
const DEEPEST = 3;
const MOST_PROPERTIES = 2_000;
const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;
const TYPES: readonly Json[] = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

/** @param definition as it is kept of a tool otherwise @returns undefined where it takes more parameters than anybody looks at */
export function shortenDefinition(definition: JsonObject): JsonObject | undefined {
  const { annotations, inputSchema } = definition;
  const left = { properties: MOST_PROPERTIES };
  const schema = shortenSchema(inputSchema, 0, left);
  if (left.properties < 0) return undefined;
  const short: Record<string, Json> = {};
  for (const key of ['title', 'description'] as const) {
    const text = definition[key];
    if (typeof text === 'string') short[key] = text.slice(0, LONGEST_TEXT);
  }
  if (isJsonObject(annotations))
    short.annotations = Object.fromEntries(
      HINTS.flatMap((hint) => {
        const value = memberOf(annotations, hint);
        return typeof value === 'boolean' ? [[hint, value]] : [];
      }),
    );
  if (schema !== null) short.inputSchema = schema;
  return short;
}

/** Null stands for what is there and is no schema. @param isItems of a list: lint does not look at lists in it */
function shortenSchema(
  schema: Json | undefined,
  depth: number,
  left: { properties: number },
  isItems = false,
): JsonObject | null {
  if (!isJsonObject(schema)) return null;
  const short: [string, Json][] = [];
  const { type, format, description, required, properties, items } = schema;
  if (typeof type === 'string') short.push(['type', type.slice(0, LONGEST_WORD)]);
  else if (Array.isArray(type)) short.push(['type', TYPES.filter((one) => type.includes(one))]);
  else if (type !== undefined) short.push(['type', null]);
  if (typeof format === 'string') short.push(['format', format.slice(0, LONGEST_WORD)]);
  if (typeof description === 'string') short.push(['description', description.slice(0, LONGEST_TEXT)]);
  // that there are values to choose from is what matters
  if (Object.hasOwn(schema, 'enum')) short.push(['enum', []]);
  if (Object.hasOwn(schema, 'const')) short.push(['const', null]);
  if (Array.isArray(required)) short.push(['required', required.filter((name) => typeof name === 'string')]);
  if (properties !== undefined) short.push(['properties', shortenProperties(properties, depth, left)]);
  if (items !== undefined) short.push(['items', isItems ? null : shortenSchema(items, depth, left, true)]);
  // `__proto__` becomes a member like any other
  return Object.fromEntries(short);
}

function shortenProperties(properties: Json, depth: number, left: { properties: number }): JsonObject | null {
  if (!isJsonObject(properties)) return null;
  if (depth >= DEEPEST) return {};
  const names = Object.keys(properties);
  left.properties -= names.length;
  if (left.properties < 0) return {};
  return Object.fromEntries(
    names.map((name): [string, Json] => [name, shortenSchema(properties[name], depth + 1, left)]),
  );
}
