// The shapes of parsed JSON, and how it is read: own members only. Knows nothing of MCP.

export type JsonScalar = null | boolean | number | string;
export type Json = JsonScalar | readonly Json[] | JsonObject;

/** An object that came out of `JSON.parse`. attacker-controlled: read own keys only. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member at `key`, or undefined where there is none or `value` is no object. */
export function memberOf(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The string at `key`, or undefined where there is none or it is no string. */
export function stringAt(object: JsonObject | undefined, key: string): string | undefined {
  const value = memberOf(object, key);
  return typeof value === 'string' ? value : undefined;
}

/** The object at `key`, or undefined where there is none or it is no object. */
export function objectAt(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = memberOf(object, key);
  return isJsonObject(value) ? value : undefined;
}

/** The value itself where it is an object, else an empty one. */
export function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The value itself where it is a list, else an empty one. */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** Every key of either, in the order of the first, then of the second. */
export function keysOf(first: JsonObject, second: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(first), ...Object.keys(second)])];
}

/** An object of the members that are there. `__proto__` stays an ordinary member. */
export function objectFrom(entries: readonly (readonly [string, Json | undefined])[]): JsonObject {
  return Object.fromEntries(entries.filter((entry) => entry[1] !== undefined));
}
