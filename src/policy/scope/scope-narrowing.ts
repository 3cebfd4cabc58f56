// What a scope takes out of a result: entries of lists that name nothing granted, capabilities that could only be refused, instructions
// for what cannot be used.
// Asks `isShown`; decides nothing itself.
import type { Narrowing } from '../../core/interceptor.ts';
import type { JsonObject } from '../../wire/json.ts';
import { isJsonObject, objectAt, stringAt } from '../../wire/json.ts';
import type { TargetKind } from './scope-policy.ts';

/** Where each list stands in a result, and what its entries are named by. */
const LISTS: readonly (readonly [list: string, name: string, kind: TargetKind])[] = [
  ['tools', 'name', 'tool'],
  ['resources', 'uri', 'resource'],
  // A template is shown where a grant matches its text as it is written: `file:///data/{path}` by `file:///data/*`.
  ['resourceTemplates', 'uriTemplate', 'resource'],
  ['prompts', 'name', 'prompt'],
];

/** Of 2026-07-28: what `tasks` was before. */
const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

const LIST_METHODS: ReadonlySet<string> = new Set([
  ...['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'],
]);

export function isListMethod(method: string): boolean {
  return LIST_METHODS.has(method);
}

/**
 * Removals for every list of the result, on any page; what is left keeps its order. An entry without a name that can be read
 * goes, and so does a list that is none. attacker-controlled: the result.
 */
export function narrowLists(
  result: JsonObject,
  isShown: (kind: TargetKind, name: string) => boolean,
): readonly Narrowing[] {
  const narrowings: Narrowing[] = [];
  for (const [list, key, kind] of LISTS) {
    if (!Object.hasOwn(result, list)) continue;
    const entries = result[list];
    if (!Array.isArray(entries)) {
      narrowings.push({ kind: 'drop', path: [list] });
      continue;
    }
    const indexes: number[] = [];
    for (const [index, entry] of entries.entries()) {
      const name = isJsonObject(entry) ? stringAt(entry, key) : undefined;
      if (name === undefined || !isShown(kind, name)) indexes.push(index);
    }
    if (indexes.length > 0) narrowings.push({ kind: 'remove', array: [list], indexes });
  }
  return narrowings;
}

/**
 * As `narrowLists`, for what a task came to. A list within the inner result of which anything would go goes as a whole: nobody has
 * looked whether it names a key twice. attacker-controlled: the result.
 */
export function narrowTask(
  result: JsonObject,
  isShown: (kind: TargetKind, name: string) => boolean,
): readonly Narrowing[] {
  const inner = objectAt(result, 'result');
  const below = inner === undefined ? [] : narrowLists(inner, isShown);
  const lists = below.flatMap((one) => (one.kind === 'remove' ? one.array : one.kind === 'drop' ? one.path : []));
  return [
    ...narrowLists(result, isShown),
    ...lists.map((list): Narrowing => ({ kind: 'drop', path: ['result', list] })),
  ];
}

/** For the result of `initialize` and `server/discover`. Of a server of which nothing may be used nothing is read to the model, either. */
export function narrowGreeting(result: JsonObject, isPossible: (kind: TargetKind) => boolean): readonly Narrowing[] {
  const tools = isPossible('tool');
  const prompts = isPossible('prompt');
  const resources = isPossible('resource');
  const narrowings: Narrowing[] = [];
  if (!tools && !prompts && !resources && Object.hasOwn(result, 'instructions'))
    narrowings.push({ kind: 'drop', path: ['instructions'] });
  const capabilities = objectAt(result, 'capabilities');
  if (capabilities === undefined) return narrowings;
  // a task is a call of a tool that goes on
  const completions = prompts || resources;
  const possible: Readonly<Record<string, boolean>> = { tools, prompts, resources, completions, tasks: tools };
  for (const [name, isLeft] of Object.entries(possible)) {
    if (!isLeft && Object.hasOwn(capabilities, name)) narrowings.push({ kind: 'drop', path: ['capabilities', name] });
  }
  const extensions = objectAt(capabilities, 'extensions');
  if (!tools && extensions !== undefined && Object.hasOwn(extensions, TASKS_EXTENSION))
    narrowings.push({ kind: 'drop', path: ['capabilities', 'extensions', TASKS_EXTENSION] });
  return narrowings;
}
