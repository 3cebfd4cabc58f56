// The canonical text (RFC 8785) of a header. Knows no record. Not for the hot path.
import { canonicalJson } from '../wire/canonical.ts';
import type { Json } from '../wire/json.ts';

/** Headers are two levels deep; what is deeper is no header of ours. */
const MAX_DEPTH = 8;

/** The canonical text, or undefined where `value` has none: too deep, a lone surrogate, a number that is not finite. */
export function canonicalText(value: Json): string | undefined {
  return canonicalJson(value, MAX_DEPTH);
}
