// What differs between config and lock and changes nothing that is decided: keys that permit nothing, a limit that another one bounds, another
// notation. As lines, so that nobody approves what no screen shows. Pure.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, keysOf, memberOf, objectOf } from '../../wire/json.ts';
import { isSameJson } from '../../wire/same-json.ts';
import type { DiffLine } from './diff-line.ts';
import type { Difference, KeyPath } from './difference.ts';
import { changedValue, quoteKey } from './value-words.ts';

/** The rest is counted. */
const MOST_LINES = 40;

/** @param differences all that the comparison tells: each of them has lines of its own */
export function sameLines(
  config: JsonObject,
  lock: JsonObject,
  differences: readonly Pick<Difference, 'path'>[],
): readonly DiffLine[] {
  const lines: DiffLine[] = [];
  let more = 0;
  const walk = (path: KeyPath, before: Json | undefined, after: Json | undefined): void => {
    if (isSameJson(before, after) || differences.some((one) => startsWith(path, one.path))) return;
    const sides = [before, after];
    const isToldBelow = differences.some((one) => startsWith(one.path, path));
    const isTable = sides.some(isJsonObject) && sides.every((side) => side === undefined || isJsonObject(side));
    if (isTable && (path.length < 2 || isToldBelow || sides.every(isJsonObject))) {
      for (const key of keysOf(objectOf(after), objectOf(before)))
        walk([...path, key], memberOf(before, key), memberOf(after, key));
    } else if (!isToldBelow) {
      if (lines.length >= MOST_LINES) more += 1;
      else lines.push(lineOf(path, before, after));
    }
  };
  walk([], lock, config);
  return more === 0 ? lines : [...lines, { kind: 'same', server: undefined, text: `and ${more} more such keys` }];
}

function lineOf(path: KeyPath, before: Json | undefined, after: Json | undefined): DiffLine {
  const server = path[0] === 'servers' && path.length > 2 ? path[1] : undefined;
  const shown = path.slice(server === undefined ? 0 : 2).map(quoteKey);
  const [then, now] = [before, after].map((value) => changedValue(path, value));
  return { kind: 'same', server, text: `${shown.join('.')}: ${then} → ${then === now ? 'another' : now}` };
}

function startsWith(path: KeyPath, start: KeyPath): boolean {
  return start.every((part, index) => path[index] === part);
}
