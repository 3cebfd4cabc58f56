// The lists that are merged: how each is asked for, what its entries are called by, and which change a client is told of. Knows no lane.
import type { Line } from '../../wire/message.ts';
import type { ListName } from '../interceptor.ts';
import type { GatewaySettings, ListKind } from './settings.ts';

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

/** It asks for one of them. */
export function isListing({ line }: { readonly line: Line }): boolean {
  return 'method' in line.message && KINDS.has(line.message.method);
}

export function entriesOf(kind: ListKind): Entries {
  return ENTRIES[kind];
}

/** Of one of these its scope shows none, so that a client cannot tell whether there are such lists, and need not. */
export function isTakenOut(
  kind: ListKind,
  lanes: readonly { readonly id: string }[],
  { hidesAll }: Pick<GatewaySettings, 'hidesAll'>,
): boolean {
  const { target } = ENTRIES[kind];
  return target !== undefined && lanes.some(({ id }) => hidesAll?.(id, target) === true);
}

export function listOf(kind: ListKind): ListName | undefined {
  return ENTRIES[kind].list;
}
