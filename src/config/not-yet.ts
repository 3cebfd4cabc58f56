// What the schema knows and this version does not enforce. INVARIANT: such a key is refused, never ignored: somebody who
// writes a limit must not believe that it holds. One line leaves this table when its enforcement arrives.
import { valueAt } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';

/** Key paths; `*` stands for every member. */
export const NOT_YET: readonly string[] = ['bridge', 'servers.*.url', 'servers.*.headers', 'servers.*.tools.*.approve'];

/** The same keys in the block of a tenant. */
const ALL = [...NOT_YET, ...NOT_YET.map((entry) => `tenants.*.${entry}`)];

/** Whether the key at `path` is one of the table. */
export function isNotYet(path: JsonPath): boolean {
  return ALL.some((entry) => {
    const parts = entry.split('.');
    return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
  });
}

/** Every place of `document` that holds a key of the table, whatever its value. */
export function findNotYet(document: unknown): readonly JsonPath[] {
  return ALL.flatMap((entry) => expand(document, entry.split('.')));
}

function expand(document: unknown, pattern: readonly string[]): readonly JsonPath[] {
  let paths: JsonPath[] = [[]];
  for (const part of pattern) {
    paths = paths.flatMap((path) => {
      const value = valueAt(document, path);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
      if (part === '*') return Object.keys(value).map((key) => [...path, key]);
      return Object.hasOwn(value, part) ? [[...path, part]] : [];
    });
  }
  return paths;
}
