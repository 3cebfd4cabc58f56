// RFC 8785 (JCS): one text for one JSON value, whatever the order of its keys. Knows no meaning. Not for the hot path.
import type { Json } from './json.ts';
import { isJsonObject } from './json.ts';

/**
 * The canonical text, or undefined where `value` has none: more than `maxDepth` levels, a lone surrogate, a number that is
 * not finite. A member that is undefined counts as absent.
 */
export function canonicalJson(value: Json, maxDepth: number): string | undefined {
  if (maxDepth < 0) return undefined;
  if (typeof value === 'string') return value.isWellFormed() ? JSON.stringify(value) : undefined;
  // ECMAScript's own form of a number is RFC 8785's
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}` : undefined;
  if (value === null || typeof value === 'boolean') return String(value);
  const isObject = isJsonObject(value);
  const parts: string[] = [];
  // Default sort order of strings is by UTF-16 code unit, as RFC 8785 section 3.2.3 demands.
  for (const key of isObject ? Object.keys(value).sort() : value.keys()) {
    const item = isObject ? value[key] : value[Number(key)];
    if (item === undefined) continue;
    const text = canonicalJson(item, maxDepth - 1);
    const name = typeof key === 'string' ? canonicalJson(key, maxDepth) : '';
    if (text === undefined || name === undefined) return undefined;
    parts.push(isObject ? `${name}:${text}` : text);
  }
  return isObject ? `{${parts.join(',')}}` : `[${parts.join(',')}]`;
}
