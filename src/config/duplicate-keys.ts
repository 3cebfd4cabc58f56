// Finds keys that stand twice in one object of a JSON text, which `JSON.parse` would let the last one win in silence.
// Assumes text that `JSON.parse` accepted. Knows no schema.
import type { JsonPath } from './read-shape.ts';

interface Level {
  readonly keys: Set<string> | undefined;
  /** The member or element the scan stands in. */
  at: string | number;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** The path of every key that repeats an earlier one of its object, escapes resolved (`"a"` and `"\u0061"` are one key). */
export function findDuplicateKeys(text: string): readonly JsonPath[] {
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
