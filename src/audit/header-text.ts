// The pieces of a header, each in the one form that RFC 8785 gives it. Knows no record type, no chain, no file.
import type { Json, JsonObject } from '../wire/json.ts';

/** Longest string in a header, in UTF-16 units. What is cut stands whole in the payload. */
export const MAX_HEADER_TEXT = 1024;

/** Keys of an event's detail, and correlation keys, that are kept. */
const MAX_DETAIL_KEYS = 32;

/** Short strings worth remembering in their quoted form: tool names, methods, servers, clients. */
const CACHE_ENTRIES = 512;
const CACHE_TEXT = 128;

/** Cut at MAX_HEADER_TEXT, and well-formed: RFC 8785 knows no lone surrogates. `value` may be attacker-controlled. */
function cleanText(value: string): string {
  return (value.length > MAX_HEADER_TEXT ? `${value.slice(0, MAX_HEADER_TEXT - 1)}…` : value).toWellFormed();
}

/** The same for any scalar; a number that JSON cannot say becomes null. */
export function cleanValue(value: Json): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' ? cleanText(value) : value;
}

/** A flat object whose keys and values all have a canonical form. attacker-controlled. */
export function cleanDetail(object: JsonObject): JsonObject {
  const kept: [string, Json][] = [];
  for (const [key, value] of Object.entries(object).slice(0, MAX_DETAIL_KEYS)) {
    if (value !== undefined) kept.push([cleanText(key), cleanValue(value)]);
  }
  return Object.fromEntries(kept);
}

/** A JSON string literal of `cleanText(value)`. */
export function quoteText(value: string): string {
  return JSON.stringify(cleanText(value));
}

/** `quoteText` that remembers what comes again and again; bounded, because the names are the attacker's to choose. */
export function createQuoter(): (value: string) => string {
  const known = new Map<string, string>();
  return (value) => {
    if (value.length > CACHE_TEXT) return quoteText(value);
    const hit = known.get(value);
    if (hit !== undefined) return hit;
    const quoted = quoteText(value);
    if (known.size >= CACHE_ENTRIES) known.clear();
    known.set(value, quoted);
    return quoted;
  };
}

/** A number as ECMAScript prints it, which is RFC 8785's form. What is not finite has no form in JSON: `null`. */
export function showNumber(value: number): string {
  return Number.isFinite(value) ? `${value}` : 'null';
}

/**
 * Milliseconds with at most three decimals: a microsecond is as fine as the clock is. Put together from two integers, which
 * is much faster than printing the fraction, and the same text up to 10^12 ms (15 digits always print as they are).
 */
export function showMillis(value: number): string {
  const micros = Math.round(value * 1000);
  if (!(micros >= 0 && micros < 1e15)) return showNumber(micros / 1000);
  const fraction = micros % 1000;
  const whole = (micros - fraction) / 1000;
  if (fraction === 0) return `${whole}`;
  const digits = fraction < 10 ? `00${fraction}` : fraction < 100 ? `0${fraction}` : `${fraction}`;
  return `${whole}.${fraction % 100 === 0 ? digits[0] : fraction % 10 === 0 ? digits.slice(0, 2) : digits}`;
}
