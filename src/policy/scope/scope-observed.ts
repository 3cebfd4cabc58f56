// What a scope would have taken out of an answer, put for the record: one statement for each list, however long it is. Takes nothing
// out and decides nothing.
import type { Narrowing, Observed } from '../../core/interceptor.ts';
import { isJsonObject, type Json, type JsonObject, stringAt } from '../../wire/json.ts';

/** Characters of all names together: a field of a record holds 1024. */
const MOST_NAME_TEXT = 1_000;
const LONGEST_NAME = 128;
/** Of an entry that would be gone; a word of records alone, for nobody is answered with it. */
const NOT_SHOWN = 'not_shown';
const NAMES = ['name', 'uri', 'uriTemplate'] as const;
const WORDS: Readonly<Record<string, string>> = { resourceTemplates: 'resource templates' };

/**
 * @param result as the server sent it; attacker-controlled
 * @param rule of the scope: it decided about every entry
 */
export function observeNarrowings(
  result: JsonObject,
  narrowings: readonly Narrowing[],
  rule: string,
  by: Observed['by'],
): readonly Narrowing[] {
  const hidden: Observed = { rule, reason: NOT_SHOWN, by };
  const capabilities: string[] = [];
  const told = narrowings.flatMap((one): Narrowing[] => {
    if (one.kind === 'refuse') {
      const { rule: denying, reason } = one.deny;
      return [tell('answer', reason, { rule: denying, reason, by }, {})];
    }
    if (one.kind === 'drop') {
      const [top, list] = one.path;
      if (top === 'result') return [tellList(String(list), [], hidden)];
      if (one.path.length === 1 && top !== 'instructions') return [tellList(String(top), [], hidden)];
      capabilities.push(one.path.slice(one.path.length > 1 ? 1 : 0).join('/'));
      return [];
    }
    if (one.kind !== 'remove') return [];
    const list = String(one.array[0]);
    const entries = result[list];
    if (!Array.isArray(entries)) return [];
    return [
      tellList(
        list,
        one.indexes.map((index) => nameOf(entries[index])),
        hidden,
      ),
    ];
  });
  if (capabilities.length === 0) return told;
  const names = showNames(capabilities);
  return [...told, tell('capabilities', names, hidden, { count: capabilities.length, names })];
}

/** @param names of the entries that would go; none: the list itself would, for it is no list */
function tellList(list: string, names: readonly string[], observed: Observed): Narrowing {
  const noun = WORDS[list] ?? list;
  const subject = names.length === 0 ? list : names.length === 1 ? `1 ${noun.slice(0, -1)}` : `${names.length} ${noun}`;
  return tell('list', subject, observed, { list, count: names.length, names: showNames(names) });
}

function tell(
  what: 'list' | 'capabilities' | 'answer',
  subject: string,
  observed: Observed,
  detail: Readonly<Record<string, string | number>>,
): Narrowing {
  return { kind: 'observed', what, subject, observed, detail };
}

function nameOf(entry: Json | undefined): string {
  if (!isJsonObject(entry)) return '';
  for (const key of NAMES) {
    const name = stringAt(entry, key);
    if (name !== undefined) return name;
  }
  return '';
}

/** A JSON array of the first names, as many as there is room for. */
function showNames(names: readonly string[]): string {
  const shown: string[] = [];
  let room = MOST_NAME_TEXT - 2;
  for (const name of names) {
    const text = JSON.stringify(name.slice(0, LONGEST_NAME));
    room -= text.length + 1;
    if (room < 0) break;
    shown.push(text);
  }
  return `[${shown.join(',')}]`;
}
