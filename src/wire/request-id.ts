// Which tokens are legal request ids. Knows only the token.
import type { RequestId } from './message.ts';

/** UTF-16 units of a string id. */
export const MAX_ID_LENGTH = 256;

/**
 * The id that a value stands for, where `token` (the raw JSON it was parsed from) writes it in its only form.
 *
 * Legal: a string of at most 256 units without unsafe characters, or a safe integer written as an integer. `1.0`, `1e2`
 * and `-0` are refused, because not every reader echoes or compares them alike.
 */
export function readRequestId(value: unknown, token: string): RequestId | undefined {
  if (typeof value === 'string') {
    return value.length <= MAX_ID_LENGTH && !hasUnsafeUnit(value) ? value : undefined;
  }
  // INVARIANT: a safe integer has one canonical spelling, the one `String` gives; `-0` prints as `0` and so differs.
  if (typeof value === 'number' && Number.isSafeInteger(value) && String(value) === token) return value;
  return undefined;
}

/**
 * Whether readers are known to cut, split or replace the text: a lone surrogate, U+0000, U+0085, U+2028 or U+2029.
 *
 * For keys, names, ids, methods and whatever a rule reads. attacker-controlled.
 */
export function hasUnsafeUnit(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const unit = value.charCodeAt(at);
    if (unit !== 0 && unit < 0x85) continue;
    if (unit === 0 || unit === 0x85 || unit === 0x2028 || unit === 0x2029) return true;
    if (unit >= 0xd800 && unit <= 0xdfff) {
      if (unit > 0xdbff) return true;
      const low = value.charCodeAt(at + 1);
      if (!(low >= 0xdc00 && low <= 0xdfff)) return true;
      at++;
    }
  }
  return false;
}
