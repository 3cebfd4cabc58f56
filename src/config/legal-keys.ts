// Gives illegal keys of a document legal names, so that what stands below them can be checked, too: the schema library
// does not look at a value whose key is wrong. Knows no schema.
import { entriesOf, valueAt } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';

export interface Renaming {
  /** The document with every key so far renamed; only what lies on the way to one is copied. */
  readonly document: unknown;
  /** False where nothing was renamed: the key is illegal under the new name as well, or there are too many. */
  rename(path: JsonPath, isPointer: boolean): boolean;
  /** A path of the renamed document → the path of the original. */
  restore(path: JsonPath): JsonPath;
}

/** Each renaming copies the objects above it, so their number is bounded. */
const MAX_RENAMED = 200;

export function startRenaming(original: unknown): Renaming {
  const names = new Map<string, string>();
  let document = original;
  return {
    get document() {
      return document;
    },
    rename(path, isPointer) {
      if (names.size >= MAX_RENAMED || names.has(JSON.stringify(path))) return false;
      const parent = path.slice(0, -1);
      let to = `${isPointer ? '/' : ''}renamed${names.size}`;
      while (valueAt(document, [...parent, to]) !== undefined) to += '0';
      names.set(JSON.stringify([...parent, to]), String(path.at(-1)));
      document = copyWith(document, path, to);
      return true;
    },
    restore(path) {
      return path.map((part, index) => names.get(JSON.stringify(path.slice(0, index + 1))) ?? part);
    },
  };
}

function copyWith(value: unknown, [key, ...below]: JsonPath, to: string): unknown {
  const change = (child: unknown): unknown => (below.length === 0 ? child : copyWith(child, below, to));
  if (Array.isArray(value)) return value.map((child, index) => (index === key ? change(child) : child));
  const isLast = below.length === 0;
  return Object.fromEntries(
    entriesOf(value).map(([name, child]) => (name === key ? [isLast ? to : name, change(child)] : [name, child])),
  );
}
