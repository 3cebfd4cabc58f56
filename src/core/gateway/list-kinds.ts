// The lists that are merged: how each is asked for, what its entries are called by, and which change a client is told of. Knows no lane.
import type { ListName } from '../interceptor.ts';
import type { ListKind } from './settings.ts';

const KINDS: ReadonlyMap<string, ListKind> = new Map<string, ListKind>([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
  ['tasks/list', 'tasks'],
]);

interface Entries {
  /** The member of an entry that names it. */
  readonly key: string;
  /** What a scope knows it as; undefined: it is no matter of a scope. */
  readonly target: 'tool' | 'prompt' | 'resource' | undefined;
  /** The one that `list_changed` is said of. */
  readonly list: ListName | undefined;
}

const ENTRIES: Readonly<Record<ListKind, Entries>> = {
  tools: { key: 'name', target: 'tool', list: 'tools' },
  prompts: { key: 'name', target: 'prompt', list: 'prompts' },
  resources: { key: 'uri', target: 'resource', list: 'resources' },
  resourceTemplates: { key: 'uriTemplate', target: 'resource', list: 'resources' },
  tasks: { key: 'taskId', target: undefined, list: undefined },
};

export function kindOf(method: string): ListKind | undefined {
  return KINDS.get(method);
}

export function entriesOf(kind: ListKind): Entries {
  return ENTRIES[kind];
}

export function listOf(kind: ListKind): ListName | undefined {
  return ENTRIES[kind].list;
}
