// RFC 8785 (JCS): one text for one JSON value. Knows no record. Not for the hot path.
import type { Json } from '../wire/json.ts';
import { isJsonObject } from '../wire/json.ts';
import { showNumber } from './header-text.ts';

/** Headers are two levels deep; what is deeper is no header of ours. */
const MAX_DEPTH = 8;

/** The canonical text, or undefined where `value` has none: too deep, a lone surrogate, a number that is not finite. */
export function canonicalText(value: Json, depth = 0): string | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (typeof value === 'string') return value.isWellFormed() ? JSON.stringify(value) : undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? showNumber(value) : undefined;
  if (value === null || typeof value === 'boolean') return String(value);
  const isObject = isJsonObject(value);
  const parts: string[] = [];
  // Default sort order of strings is by UTF-16 code unit, as RFC 8785 section 3.2.3 demands.
  for (const key of isObject ? Object.keys(value).sort() : value.keys()) {
    const item = isObject ? value[key] : value[Number(key)];
    if (item === undefined) continue;
    const text = canonicalText(item, depth + 1);
    const name = typeof key === 'string' ? canonicalText(key, depth) : '';
    if (text === undefined || name === undefined) return undefined;
    parts.push(isObject ? `${name}:${text}` : text);
  }
  return isObject ? `{${parts.join(',')}}` : `[${parts.join(',')}]`;
}
