// Finds keys that stand twice in one object of a JSON text, which `JSON.parse` would let the last one win in silence.
// Assumes text that `JSON.parse` accepted. Knows no schema.
import type { JsonPath } from './read-shape.ts';

interface Level {
  readonly keys: Set<string> | undefined;
  /** The member or element the scan stands in. */
  at: string | number;
}

const STRING = /"(?:[^"\\]|\\.)*"/g;
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/**
 * The path of every key that repeats an earlier one of its object, escapes resolved (`"a"` and `"\u0061"` are one key).
 *
 * @param parsed what `JSON.parse` made of `text`
 */
export function findDuplicateKeys(text: string, parsed: unknown): readonly JsonPath[] {
  // a key that stands twice is written more often than it was kept: the places are looked for only then
  if (countColons(text) === countKeys(parsed)) return [];
  const found: JsonPath[] = [];
  const levels: Level[] = [];
  let pending: string | undefined;
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{') levels.push({ keys: new Set(), at: '' });
    else if (token === '[') levels.push({ keys: undefined, at: 0 });
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',') {
      if (level !== undefined && typeof level.at === 'number') level.at += 1;
    } else if (token === ':') {
      if (level?.keys === undefined || pending === undefined) continue;
      level.at = pending;
      if (level.keys.has(pending)) found.push(levels.map((above) => above.at));
      level.keys.add(pending);
    } else {
      // a string token of text that parsed is a JSON string
      pending = JSON.parse(token) as string;
    }
  }
  return found;
}

/** Those between a key and its value. */
function countColons(text: string): number {
  const rest = text.replace(STRING, '');
  let count = 0;
  for (let at = rest.indexOf(':'); at !== -1; at = rest.indexOf(':', at + 1)) count += 1;
  return count;
}

/** Loops without a list: a config of hundreds of tenants is counted at every start, before anything is optimised. */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  // plain JSON: every key is its own
  for (const key in value) {
    const item: unknown = Reflect.get(value, key);
    count += typeof item === 'object' ? 1 + countKeys(item) : 1;
  }
  return count;
}
