// Whether two parsed values are the same JSON, whatever the order of their keys. Knows no meaning; allocates next to nothing.
import type { Json } from './json.ts';
import { isJsonObject } from './json.ts';

/** The same as comparing their `sortedJson`. Recursive: for values whose depth is bounded. */
export function isSameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  // loops: whole configs with hundreds of tenants are compared at a start, before anything is optimised
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    for (let index = 0; index < left.length; index += 1) if (!isSameJson(left[index], right[index])) return false;
    return true;
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  let count = 0;
  for (const key in left) {
    if (!Object.hasOwn(left, key)) continue;
    count += 1;
    if (!Object.hasOwn(right, key) || !isSameJson(left[key], right[key])) return false;
  }
  return count === Object.keys(right).length;
}
