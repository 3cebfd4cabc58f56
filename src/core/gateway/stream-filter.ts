// What a server may tell on a stream that the client listens to (2026-07-28): what it was asked for there, and nothing else. Pure; knows no
// stream, and of no resource whose it is.
import type { Json, JsonObject } from '../../wire/json.ts';
import { memberOf, stringAt } from '../../wire/json.ts';
import type { NotificationMessage } from '../../wire/message.ts';

/** What the gateway itself tells of, by the filter that asks for it. */
export const CHANGES = {
  toolsListChanged: 'notifications/tools/list_changed',
  promptsListChanged: 'notifications/prompts/list_changed',
  resourcesListChanged: 'notifications/resources/list_changed',
} as const;

export type ChangedList = keyof typeof CHANGES;

const KINDS: readonly ChangedList[] = ['toolsListChanged', 'promptsListChanged', 'resourcesListChanged'];
const TASKS: ReadonlySet<string> = new Set(['notifications/tasks', 'notifications/tasks/status']);

/** Which list a notification says to be another. */
export function kindOf(method: string): ChangedList | undefined {
  return KINDS.find((kind) => CHANGES[kind] === method);
}

/**
 * INVARIANT: an allow-list. A resource below one that is listened to counts as that one.
 *
 * @param asked what this server was asked for; undefined: nothing
 */
export function isAskedFor(asked: JsonObject | undefined, { method, params }: NotificationMessage): boolean {
  if (TASKS.has(method)) return listOf(asked, 'taskIds').includes(stringAt(params, 'taskId') ?? '');
  if (method === 'notifications/resources/updated') {
    const uri = stringAt(params, 'uri') ?? '';
    return listOf(asked, 'resourceSubscriptions').some((one) => typeof one === 'string' && uri.startsWith(one));
  }
  const kind = kindOf(method);
  return kind !== undefined && asked?.[kind] === true;
}

export function listOf(asked: JsonObject | undefined, key: string): readonly Json[] {
  const list = memberOf(asked, key);
  return Array.isArray(list) ? list : [];
}
