// One place where config and lock differ, and what that means until somebody approves. Types and comparison only.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';

/** The config as a document, or a part of it: plain JSON as it was written. */
export type KeyPath = readonly string[];

export interface Difference {
  readonly path: KeyPath;
  /**
   * `wider` and `changed` have no effect until they are approved; `narrower` holds at once; `blocked`: the server at `path`
   * does not start until it is approved; `layered`: both sides are evaluated for each request.
   */
  readonly direction: 'wider' | 'narrower' | 'changed' | 'blocked' | 'layered';
  /** What the lock says; undefined where it says nothing. May hold a secret below `env`, `headers` and `args`. */
  readonly before: Json | undefined;
  /** What the config says. */
  readonly after: Json | undefined;
}

/** The own member, or undefined. */
export function memberOf(object: Json | undefined, key: string): Json | undefined {
  return isJsonObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** An own object, or an empty one. */
export function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

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

/** The place of a word in an order; -1 where it is no word of it. */
export function rankIn(order: readonly string[], word: Json | undefined): number {
  return typeof word === 'string' ? order.indexOf(word) : -1;
}
