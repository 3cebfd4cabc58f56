// One text for one JSON value, whatever the order of its keys and the notation of its numbers. Knows no meaning.
import type { Json } from './json.ts';
import { isJsonObject } from './json.ts';

/**
 * RFC 8785 (JCS) where a value has a text there, and one for the rest: a lone surrogate keeps its escape, a number beyond the
 * doubles is `Infinity` (which is no JSON). Equal exactly for values that are the same; a member that is undefined counts as
 * absent. Recursive: for values whose depth is bounded.
 */
export function sortedJson(value: Json): string {
  // ECMAScript's own form of a number is RFC 8785's, and so is its default sort order (by UTF-16 code unit)
  if (typeof value === 'number') return `${value}`;
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const parts = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const item = value[key];
      return item === undefined ? [] : `${JSON.stringify(key)}:${sortedJson(item)}`;
    });
  return `{${parts.join(',')}}`;
}
