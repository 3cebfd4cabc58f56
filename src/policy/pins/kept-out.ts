// Which entries of a list pins keep out, once all of it was looked at; and the lists that a task came to. Knows no request; words nothing.
// attacker-controlled: every entry and result.
import type { Narrowing } from '../../core/interceptor.ts';
import { isJsonObject, type Json, type JsonObject, memberOf, objectAt, stringAt } from '../../wire/json.ts';
import type { Watch } from './watch.ts';

/**
 * INVARIANT: every entry is seen before any is judged: of a name that stands twice, neither passes where one has drifted, and a list that
 * comes again is judged as it was.
 */
export function listKeptOut(watch: Watch, entries: readonly Json[]): readonly number[] {
  const seen = entries.map((entry) => watch.see(entry));
  const isFine = seen.every((standing) => standing?.kind !== 'drifted');
  return entries.flatMap((entry, index) => {
    // an entry without a name has no definition to compare
    if (seen[index] === undefined) return [index];
    const name = isFine || !isJsonObject(entry) ? undefined : stringAt(entry, 'name');
    const standing = name === undefined ? seen[index] : watch.standing(name);
    return standing?.kind === 'drifted' && standing.mode === 'deny' ? [index] : [];
  });
}

/**
 * As for a list, for what a task came to: one within the inner result goes as a whole where anything of it would, since nobody has looked
 * whether it names a key twice. Undefined: there is no list in it.
 */
export function narrowTask(watch: Watch, result: JsonObject): readonly Narrowing[] | undefined {
  const [own, inner] = [toolsOf(result), toolsOf(objectAt(result, 'result'))];
  if (own === undefined && inner === undefined) return undefined;
  const indexes = own === undefined ? [] : listKeptOut(watch, own);
  const isSpoilt = inner !== undefined && listKeptOut(watch, inner).length > 0;
  return [
    ...(indexes.length === 0 ? [] : [{ kind: 'remove', array: ['tools'], indexes } as const]),
    ...(isSpoilt ? [{ kind: 'drop', path: ['result', 'tools'] } as const] : []),
  ];
}

function toolsOf(result: JsonObject | undefined): readonly Json[] | undefined {
  const tools = memberOf(result, 'tools');
  return Array.isArray(tools) ? tools : undefined;
}
