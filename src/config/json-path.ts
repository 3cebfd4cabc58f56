// Paths into a config document: how they are shown, walked and matched. Knows no schema.
import type { JsonPath } from './read-shape.ts';

/** `servers.files.args[2]`, `servers.files.tools["read_*"]`; the whole document is `(document)`. */
export function showPath(path: JsonPath): string {
  if (path.length === 0) return '(document)';
  let shown = '';
  for (const part of path) {
    if (typeof part === 'number') shown += `[${part}]`;
    else if (/^[A-Za-z$_][\w$-]*$/.test(part)) shown += shown === '' ? part : `.${part}`;
    else shown += `[${JSON.stringify(part)}]`;
  }
  return shown;
}

/** The value at `path`, or undefined where there is none. Own members only. */
export function valueAt(document: unknown, path: JsonPath): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** The own members of an object with their values; nothing for anything else. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isPlainObject(value) ? Object.entries(value) : [];
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True where `path` is `above` or lies below it. */
export function isWithin(path: JsonPath, above: JsonPath): boolean {
  return above.length <= path.length && above.every((part, index) => part === path[index]);
}
