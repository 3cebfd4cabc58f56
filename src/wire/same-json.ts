// Whether two parsed values are the same JSON, whatever the order of their keys. Knows no meaning; allocates next to nothing.
import type { Json } from './json.ts';
import { isJsonObject } from './json.ts';

/** The same as comparing their `sortedJson`. Recursive: for values whose depth is bounded. */
export function isSameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => isSameJson(item, right[index]))
    );
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && isSameJson(left[key], right[key]));
}
