// Which keys other readers take for another key. Knows how readers fold keys; nothing of MCP.
import type { JsonObject } from './json.ts';
import type { RefusalCode } from './message.ts';
import { hasUnsafeUnit } from './request-id.ts';

/** The keys that mean something in one kind of object, and what they fold to. */
export interface KnownKeys {
  readonly exact: ReadonlySet<string>;
  readonly folded: ReadonlySet<string>;
}

/** Why something was refused, before it is known for which request. */
export interface Fault {
  readonly kind: 'fault';
  readonly code: RefusalCode;
  readonly detail: string;
}

export function knowKeys(...keys: readonly string[]): KnownKeys {
  return { exact: new Set(keys), folded: new Set(keys.map(foldKey)) };
}

/**
 * What a lenient reader may compare a key by: no case, `ſ` as s, the Kelvin sign as k, dotted and dotless i as i,
 * trailing NULs off. Source: Go's `encoding/json` (`foldName`), CVE-2026-27896, GHSA-q382-vc8q-7jhj; the two i: Java's
 * `equalsIgnoreCase`. Folds a little more than any one of them.
 */
export function foldKey(key: string): string {
  let end = key.length;
  while (end > 0 && key.charCodeAt(end - 1) === 0) end--;
  const bare = end === key.length ? key : key.slice(0, end);
  return bare.toUpperCase().toLowerCase().replaceAll('i\u0307', 'i');
}

/**
 * Whether it is `__proto__`, as lenient readers compare keys. To `JSON.parse` that is a member like any other; who copies the object
 * by assignment (`Object.assign`, a merge) makes what it holds the prototype, and reads its members as the object's own.
 *
 * @param folded as `foldKey` gives it, or folded further.
 */
export function isLender(folded: string): boolean {
  return folded === '__proto__';
}

/** @param place what the object is called in the text of the refusal. attacker-controlled: `key`. */
export function refuseLender(key: string, place: string): Fault {
  const detail = `\`${showText(key)}\` in ${place} holds members that some readers see beside it`;
  return { kind: 'fault', code: 'confusable_key', detail };
}

/**
 * The first key of the object that could be read as another one or lends it members, or that readers cut or replace. Exact
 * known keys cost one look-up each. attacker-controlled.
 *
 * @param place what the object is called in the text of the refusal.
 */
export function findKeyFault(object: JsonObject, known: KnownKeys, place: string): Fault | undefined {
  let others: Set<string> | undefined;
  for (const key in object) {
    if (known.exact.has(key)) continue;
    const folded = foldKey(key);
    if (known.folded.has(folded)) {
      return {
        kind: 'fault',
        code: 'confusable_key',
        detail: `\`${showText(key)}\` in ${place} reads like a protocol key`,
      };
    }
    if (isLender(folded)) return refuseLender(key, place);
    others ??= new Set();
    if (others.has(folded)) {
      return { kind: 'fault', code: 'confusable_key', detail: `two keys in ${place} read like \`${showText(key)}\`` };
    }
    others.add(folded);
    if (hasUnsafeUnit(key)) {
      return { kind: 'fault', code: 'unsafe_string', detail: `key \`${showText(key)}\` in ${place} is not safe text` };
    }
  }
  return undefined;
}

/** Untrusted text made safe to show: printable ASCII, everything else as `\u`, at most 60 characters. */
export function showText(text: string): string {
  const shown = text.slice(0, 60).replace(/[^\x20-\x5f\x61-\x7e]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return text.length > 60 ? `${shown}…` : shown;
}
