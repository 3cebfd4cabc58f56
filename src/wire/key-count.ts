// Counts the own keys of a parsed tree. Knows no text.
import type { Json } from './json.ts';

/**
 * Object keys in the whole tree. INVARIANT: equal to the colons outside strings of its text exactly where no object of
 * the text names a key twice, because the parser keeps one of each.
 *
 * Iterative: the depth of the tree is the sender's choice. A polluted `Object.prototype` can only make the count
 * larger, and thus the line refused.
 */
export function countKeys(root: Json): number {
  if (typeof root !== 'object' || root === null) return 0;
  const open: (readonly Json[] | { readonly [key: string]: Json | undefined })[] = [root];
  let keys = 0;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (Array.isArray(node)) {
      for (let at = 0; at < node.length; at++) {
        const value = node[at];
        if (typeof value === 'object' && value !== null) open.push(value);
      }
      continue;
    }
    // `Array.isArray` does not narrow a readonly array away: this is the object branch.
    const object = node as { readonly [key: string]: Json | undefined };
    for (const key in object) {
      keys++;
      const value = object[key];
      if (typeof value === 'object' && value !== null) open.push(value);
    }
  }
  return keys;
}
