// What the client says without asking: notifications and answers, each to the one server that it is for, or to all.
import { objectAt, stringAt } from '../../wire/json.ts';
import type { Line, NotificationMessage, RequestId, ResponseMessage } from '../../wire/message.ts';
import { SUBSCRIPTION_KEY } from '../../wire/reply.ts';
import { tokenOf } from '../new-exchange.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { type Change, rewriteLine } from './rewrite.ts';
import { mayNameTask, taskChangesIn } from './task-ids.ts';

export class ClientNotes {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  onNotification(line: Line<NotificationMessage>): void {
    const { client, lanes, outbox, questions } = this.#parts;
    const { method, params } = line.message;
    switch (method) {
      case 'notifications/initialized':
        client.initialized = line;
        lanes.tellAll(line);
        return;
      case 'notifications/cancelled':
        this.#onCancelled(line);
        return;
      case 'notifications/progress': {
        const token = tokenOf(params);
        const owner = token === undefined ? undefined : questions.progress(token);
        if (owner === undefined) outbox.dropped('client', undefined, 'no question waits for this progress');
        else this.#toLane(owner.lane.id, line, [{ path: ['params', 'progressToken'], value: owner.token }]);
        return;
      }
      case 'notifications/tasks/status':
      case 'notifications/tasks': {
        const owner = questions.ownerOfTask(stringAt(params, 'taskId') ?? '');
        if (owner === undefined) outbox.dropped('client', undefined, 'no server has caused this task');
        else this.#toLane(owner, line, []);
        return;
      }
      default:
        lanes.tellAll(line);
    }
  }

  onAnswer(line: Line<ResponseMessage>): void {
    const { questions, outbox } = this.#parts;
    const asked = questions.answer(line);
    if (asked === undefined) {
      outbox.dropped('client', undefined, 'no request waits for this answer');
      return;
    }
    const tasks = mayNameTask(line.text) ? taskChangesIn(asked.lane.id, line.message) : [];
    const own = asked.method === 'tasks/list' ? questions.ownTasks(asked.lane, line) : [];
    this.#toLane(asked.lane.id, line, [{ path: ['id'], value: asked.id }, ...tasks, ...own]);
  }

  /** Each lane that works on it is told, under the id that it knows; nothing is answered any more. */
  #onCancelled(line: Line<NotificationMessage>): void {
    const { requests, outbox, refusals } = this.#parts;
    const id = requestIdOf(line);
    const open = id === undefined ? undefined : requests.find(id);
    if (open === undefined) {
      outbox.dropped('client', undefined, 'no request that is open is cancelled by this');
      return;
    }
    const [first, ...others] = open.parts;
    // what goes to all is on record with each of them
    if (first !== undefined && others.length === 0 && first.lane.isHolding(first)) refusals.noteTakenBack(open, first);
    for (const part of open.parts) {
      if (part.lane.isHolding(part)) continue;
      this.#toLane(part.lane.id, line, part.id === id ? [] : [{ path: ['params', 'requestId'], value: part.id }]);
    }
    requests.forgo(open);
  }

  #toLane(lane: string, line: Line, changes: readonly Change[]): void {
    this.#parts.outbox.toLane(lane, rewriteLine(line, changes));
  }
}

export function requestIdOf(line: Line<NotificationMessage>): RequestId | undefined {
  const id = line.message.params?.requestId;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

export function subscriptionOf(line: Line<NotificationMessage>): RequestId | undefined {
  const id = objectAt(line.message.params, '_meta')?.[SUBSCRIPTION_KEY];
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}
