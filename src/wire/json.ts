// The shapes of parsed JSON. Types only; knows nothing of MCP.

export type JsonScalar = null | boolean | number | string;
export type Json = JsonScalar | readonly Json[] | JsonObject;

/** An object that came out of `JSON.parse`. attacker-controlled: read own keys only. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The string at `key`, or undefined where there is none or it is no string. */
export function stringAt(object: JsonObject | undefined, key: string): string | undefined {
  if (object === undefined || !Object.hasOwn(object, key)) return undefined;
  const value = object[key];
  return typeof value === 'string' ? value : undefined;
}

/** The object at `key`, or undefined where there is none or it is no object. */
export function objectAt(object: JsonObject | undefined, key: string): JsonObject | undefined {
  if (object === undefined || !Object.hasOwn(object, key)) return undefined;
  const value = object[key];
  return isJsonObject(value) ? value : undefined;
}
