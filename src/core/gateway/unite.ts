// Capabilities of several servers as those of one, and their instructions under headings. Pure.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, stringAt } from '../../wire/json.ts';

/** Lists that the gateway itself tells of: servers come and go. */
const LISTED = ['tools', 'prompts', 'resources'] as const;

/** What any of them can do, all can. Of two other values the first holds. */
export function uniteCapabilities(all: readonly JsonObject[]): JsonObject {
  const united = all.reduce<JsonObject>((sum, one) => uniteObjects(sum, one), {});
  const told = LISTED.flatMap((kind) => {
    const value = Object.hasOwn(united, kind) ? united[kind] : undefined;
    return isJsonObject(value) ? [[kind, { ...value, listChanged: true }] as const] : [];
  });
  return { ...united, ...Object.fromEntries(told) };
}

function uniteObjects(one: JsonObject, other: JsonObject): JsonObject {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries(
    [...keys].map((key) => [
      key,
      unite(Object.hasOwn(one, key) ? one[key] : undefined, Object.hasOwn(other, key) ? other[key] : undefined),
    ]),
  );
}

function unite(one: Json | undefined, other: Json | undefined): Json | undefined {
  if (isJsonObject(one) && isJsonObject(other)) return uniteObjects(one, other);
  if (typeof one === 'boolean' && typeof other === 'boolean') return one || other;
  if (Array.isArray(one) && Array.isArray(other)) return [...new Set([...one, ...other])];
  return one ?? other;
}

/** Whatever a model may take for the end of a line. */
const LINE_END = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;

/** As a quotation of Markdown: a fence, a comment or a tag that stays open ends with it. */
function quoteLines(text: string): string {
  return text
    .trim()
    .split(LINE_END)
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n');
}

/**
 * Each under the id of its server. attacker-controlled: what a server wrote. INVARIANT: no line of it begins as a heading does, in
 * whatever disguise: what is not quoted is the guard's.
 */
export function uniteInstructions(
  all: readonly { readonly lane: string; readonly result: JsonObject }[],
): string | undefined {
  const parts = all.flatMap(({ lane, result }) => {
    const text = stringAt(result, 'instructions');
    return text === undefined || text.trim() === '' ? [] : [`## ${lane}\n\n${quoteLines(text)}`];
  });
  return parts.length === 0 ? undefined : parts.join('\n\n');
}
