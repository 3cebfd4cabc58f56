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

/** Those that are underlined (Setext) read as such no more. */
function lowerHeadings(text: string): string {
  return text
    .replace(/^(\s{0,3})(#+)/gm, '$1##$2')
    .replace(/(\S[^\n\r]*(?:\r\n?|\n) {0,3})(?=(?:=+|-+)[ \t]*$)/gm, '$1\\');
}

/**
 * Each under the id of its server. attacker-controlled: what a server wrote; its own headings go two levels down, so that none
 * of them reads as the heading of another server.
 */
export function uniteInstructions(
  all: readonly { readonly lane: string; readonly result: JsonObject }[],
): string | undefined {
  const parts = all.flatMap(({ lane, result }) => {
    const text = stringAt(result, 'instructions');
    return text === undefined || text.trim() === '' ? [] : [`## ${lane}\n\n${lowerHeadings(text)}`];
  });
  return parts.length === 0 ? undefined : parts.join('\n\n');
}
