// One text for one JSON value, whatever the order of its keys and the notation of its numbers. Knows no meaning.
import type { Json } from './json.ts';
import { isJsonObject } from './json.ts';

/** So many levels are looked at by themselves: a part that is in order already is written by the engine, which is much faster. */
const LOOKS = 3;

/**
 * RFC 8785 (JCS) where a value has a text there, and one for the rest: a lone surrogate keeps its escape, a number beyond the
 * doubles is `Infinity` (which is no JSON). Equal exactly for values that are the same; a member that is undefined counts as
 * absent. Recursive: for values whose depth is bounded.
 */
export function sortedJson(value: Json): string {
  return write(value, LOOKS);
}

/** The same value with its keys in order; itself, where they are. @throws SyntaxError where a number is beyond what JSON can say */
export function sortJson(value: Json): Json {
  return isInOrder(value) ? value : JSON.parse(sortedJson(value));
}

function write(value: Json, looks: number): string {
  // ECMAScript's own form of a number is RFC 8785's, and so is its default sort order (by UTF-16 code unit)
  if (typeof value === 'number') return `${value}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // INVARIANT: the same text as below, held by a property
  if (looks > 0 && isInOrder(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, looks - 1)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const parts = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const item = value[key];
      return item === undefined ? [] : `${JSON.stringify(key)}:${write(item, looks - 1)}`;
    });
  return `{${parts.join(',')}}`;
}

/** Whether `JSON.stringify` writes exactly the text of `sortedJson`. */
function isInOrder(value: Json | undefined): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value !== undefined;
  // loops, and no call for a text: a lock of hundreds of tenants is looked at at a start, before anything is optimised
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const item = value[index];
      if (typeof item !== 'string' && !isInOrder(item)) return false;
    }
    return true;
  }
  if (!isJsonObject(value)) return false;
  let last: string | undefined;
  for (const key of Object.keys(value)) {
    if (last !== undefined && key < last) return false;
    last = key;
    const item = value[key];
    if (typeof item !== 'string' && !isInOrder(item)) return false;
  }
  return true;
}
