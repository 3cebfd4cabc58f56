// Task ids between one server and the client: `<server>:<id>` outside, so that a client which kept one for days still finds the
// server, and nothing has to be remembered here. Source: 2025-11-25 tasks; the tasks extension of 2026-07-28.
import { isJsonObject, type JsonObject, objectAt, stringAt } from '../../wire/json.ts';
import type { Message } from '../../wire/message.ts';
import type { LaneId } from './events.ts';
import type { Change } from './rewrite.ts';

const RELATED = 'io.modelcontextprotocol/related-task';

/**
 * False where no task is named: then nothing needs to be read. INVARIANT: a key may be written with escapes, and letters are
 * escaped as `\u00..` only.
 */
export function mayNameTask(text: string | Buffer): boolean {
  return text.includes('taskId') || text.includes('\\u00');
}

export function outerTaskId(lane: LaneId, taskId: string): string {
  return `${lane}:${taskId}`;
}

/** attacker-controlled. Undefined where it has no form of ours; whether there is such a server is not known here. */
export function splitTaskId(outer: string): { readonly lane: LaneId; readonly taskId: string } | undefined {
  const colon = outer.indexOf(':');
  return colon < 1 ? undefined : { lane: outer.slice(0, colon), taskId: outer.slice(colon + 1) };
}

/** What changes in a message of the server on its way out. @param method of the request that it answers; undefined for none */
export function taskChangesOut(lane: LaneId, message: Message, method: string | undefined): Change[] {
  const changes: Change[] = [];
  const add = (path: Change['path'], taskId: string | undefined): void => {
    if (taskId !== undefined) changes.push({ path, value: outerTaskId(lane, taskId) });
  };
  if (message.kind !== 'response') {
    add(['params', '_meta', RELATED, 'taskId'], relatedOf(message.params));
    // a server's `tasks/get` is about a task of the client, whose ids are the client's
    if (message.kind === 'notification' && message.method.startsWith('notifications/tasks'))
      add(['params', 'taskId'], stringAt(message.params, 'taskId'));
    return changes;
  }
  const { result } = message;
  if (!isJsonObject(result)) return changes;
  add(['result', '_meta', RELATED, 'taskId'], relatedOf(result));
  add(['result', 'task', 'taskId'], stringAt(objectAt(result, 'task'), 'taskId'));
  if (method?.startsWith('tasks/') === true || result.resultType === 'task')
    add(['result', 'taskId'], stringAt(result, 'taskId'));
  return changes;
}

/** What changes in a message of the client on its way to this server. Ids of the client's own tasks stay. */
export function taskChangesIn(lane: LaneId, message: Message): Change[] {
  const changes: Change[] = [];
  const add = (path: Change['path'], outer: string | undefined): void => {
    const split = outer === undefined ? undefined : splitTaskId(outer);
    if (split?.lane === lane) changes.push({ path, value: split.taskId });
  };
  if (message.kind === 'response') {
    if (isJsonObject(message.result)) add(['result', '_meta', RELATED, 'taskId'], relatedOf(message.result));
    return changes;
  }
  add(['params', '_meta', RELATED, 'taskId'], relatedOf(message.params));
  if (message.kind === 'request' && message.method.startsWith('tasks/'))
    add(['params', 'taskId'], stringAt(message.params, 'taskId'));
  return changes;
}

function relatedOf(object: JsonObject | undefined): string | undefined {
  return stringAt(objectAt(objectAt(object, '_meta'), RELATED), 'taskId');
}
