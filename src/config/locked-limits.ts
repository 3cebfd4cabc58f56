// What limits are called that hold because of the lock: their place in what was approved, as no file has the list in which config and
// lock are put together. Pure; knows no count.
import type { Limit } from '../policy/limits/limit.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { sortedJson } from '../wire/sorted-json.ts';
import { entriesOf, showPath, valueAt } from './json-path.ts';
import type { JsonPath } from './read-shape.ts';

/** @param limits as compiled from `combined` @param combined what config and lock come to */
export function nameLockedLimits(
  limits: readonly Limit[],
  combined: JsonObject,
  config: JsonObject,
  lock: JsonObject,
): readonly Limit[] {
  const names = new Map<string, string>();
  const put = (path: JsonPath, also: readonly JsonPath[] = []): void => {
    for (const [index, limit] of listAt(combined, path).entries()) {
      const at = findIn(config, [path, ...also], limit) ?? findIn(lock, [path, ...also], limit, 'lock');
      if (at !== undefined) names.set(showPath([...path, index]), at);
    }
  };
  put(['limits']);
  for (const [id, server] of entriesOf(valueAt(combined, ['servers']))) {
    put(['servers', id, 'limits']);
    const tools = ['servers', id, 'tools'];
    // one that a pattern of only one side brings to a name of the other
    const lists = [config, lock].flatMap((side) =>
      entriesOf(valueAt(side, tools)).map(([pattern]) => [...tools, pattern, 'limits']),
    );
    for (const [pattern] of entriesOf(valueAt(server, ['tools']))) put([...tools, pattern, 'limits'], lists);
  }
  return limits.map((limit) => ({ ...limit, rule: names.get(limit.rule) ?? limit.rule }));
}

/** Where it stands, in the first list that has it. */
function findIn(document: JsonObject, paths: readonly JsonPath[], limit: Json, voice?: 'lock'): string | undefined {
  const text = sortedJson(limit);
  for (const path of paths) {
    const index = listAt(document, path).findIndex((one) => sortedJson(one) === text);
    if (index !== -1) return `${voice === undefined ? '' : `${voice}.`}${showPath([...path, index])}`;
  }
  return undefined;
}

function listAt(document: JsonObject, path: JsonPath): readonly Json[] {
  const list = valueAt(document, path);
  return Array.isArray(list) ? (list as readonly Json[]) : []; // a part of JSON
}
