// Which arguments of a tool look like a path, a URL, a command or SQL, by its schema. Guesses for advice.
// attacker-controlled: the schema. INVARIANT: work is bounded.
import type { Json, JsonObject } from '../../wire/json.ts';
import { isJsonObject, memberOf } from '../../wire/json.ts';
import type { OfferedTool } from './lint-input.ts';
import { hasWord, wordSet, wordsOf } from './name-words.ts';

export type ArgumentKind = 'path' | 'url' | 'command' | 'sql';

export interface RiskyArgument {
  /** JSON pointer; `*` for the elements of an array. */
  readonly pointer: string;
  readonly kind: ArgumentKind;
}

/** As many as a shortened definition has (short-definition.ts). */
const MOST_PROPERTIES = 2_000;
const DEEPEST = 3;
const LONGEST_TEXT = 300;

const SQL = wordSet('sql query statement');
const DATABASE = wordSet('sql database db table postgres postgresql mysql sqlite duckdb bigquery snowflake');
const COMMAND = wordSet('command cmd script shell code argv program executable');
const URL_WORDS = wordSet('url uri href link endpoint webhook website');
const PATH = wordSet('path file filename filepath directory dir folder cwd');
const ENDS = wordSet('source destination src dst dest target from to');

/** In the order of the schema. */
export function argumentKinds(tool: OfferedTool): readonly RiskyArgument[] {
  return readArguments(tool).found;
}

/** False where it has more parameters than are looked at, or nothing but its name is known. */
export function isLookedAt(tool: OfferedTool): boolean {
  return tool.isNameOnly !== true && readArguments(tool).isWhole;
}

function readArguments(tool: OfferedTool): { readonly found: readonly RiskyArgument[]; readonly isWhole: boolean } {
  const found: RiskyArgument[] = [];
  let left = MOST_PROPERTIES;
  const context = wordsOf(tool.name);
  const walk = (schema: Json | undefined, pointer: string, depth: number): void => {
    const properties = memberOf(schema, 'properties');
    if (!isJsonObject(properties) || depth >= DEEPEST) return;
    for (const [name, property] of Object.entries(properties)) {
      left -= 1;
      if (left < 0) return;
      const here = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const items = memberOf(property, 'items');
      const kind = kindOf(name, property, items, context);
      if (kind !== undefined) found.push({ pointer: isText(property) ? here : `${here}/*`, kind });
      walk(property, here, depth + 1);
      walk(items, `${here}/*`, depth + 1);
    }
  };
  walk(tool.inputSchema, '', 0);
  return { found, isWhole: left >= 0 };
}

/** The arguments that the schema requires, at its top; and all that it names, undefined where it names none. */
export function declaredArguments(tool: OfferedTool): {
  readonly required: readonly string[];
  readonly named: ReadonlySet<string> | undefined;
} {
  const required = memberOf(tool.inputSchema, 'required');
  const properties = memberOf(tool.inputSchema, 'properties');
  return {
    required: Array.isArray(required) ? required.filter((name): name is string => typeof name === 'string') : [],
    named: isJsonObject(properties) ? new Set(Object.keys(properties)) : undefined,
  };
}

function kindOf(
  name: string,
  property: Json | undefined,
  items: Json | undefined,
  context: readonly string[],
): ArgumentKind | undefined {
  const text = isText(property) ? property : isText(items) ? items : undefined;
  if (text === undefined || Object.hasOwn(text, 'enum') || Object.hasOwn(text, 'const')) return undefined;
  const words = wordsOf(name);
  const { format } = text;
  const description = typeof text.description === 'string' ? text.description.slice(0, LONGEST_TEXT) : '';
  if (format === 'uri' || format === 'uri-reference' || hasWord(words, URL_WORDS)) return 'url';
  if (hasWord(words, SQL) && (words.includes('sql') || hasWord(context, DATABASE) || /\bSQL\b/i.test(description)))
    return 'sql';
  if (hasWord(words, COMMAND)) return 'command';
  if (hasWord(words, PATH)) return 'path';
  const isOfFiles = hasWord(context, PATH) || /\b(path|file|directory)\b/i.test(description);
  return hasWord(words, ENDS) && isOfFiles ? 'path' : undefined;
}

/** Takes text; a schema that says no type may. */
function isText(schema: Json | undefined): schema is JsonObject {
  if (!isJsonObject(schema)) return false;
  const { type } = schema;
  if (type === undefined) return !Object.hasOwn(schema, 'properties') && !Object.hasOwn(schema, 'items');
  return type === 'string' || (Array.isArray(type) && type.includes('string'));
}
