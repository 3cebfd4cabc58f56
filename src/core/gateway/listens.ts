// `subscriptions/listen` (2026-07-28): one stream of the client, one listen on every lane, one acknowledgement. A lane that comes
// back listens again under the same stream. Knows no list.
import type { Json, JsonObject } from '../../wire/json.ts';
import { objectAt, stringAt } from '../../wire/json.ts';
import type { Line, NotificationMessage, RequestId, RequestMessage } from '../../wire/message.ts';
import { notificationLine, SUBSCRIPTION_KEY, subscriptionEndLine } from '../../wire/reply.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { OpenRequest, OpenRequests, Part } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import type { ResourceRoutes } from './resource-routes.ts';
import { type Change, rewriteBytes, rewriteLine } from './rewrite.ts';
import { splitTaskId, taskChangesOut } from './task-ids.ts';

const MOST_EARLY = 64;

/** What the gateway itself tells of, by the filter that asks for it. */
export const CHANGES = {
  toolsListChanged: 'notifications/tools/list_changed',
  promptsListChanged: 'notifications/prompts/list_changed',
  resourcesListChanged: 'notifications/resources/list_changed',
} as const;

interface Listen {
  readonly open: OpenRequest;
  readonly line: Line<RequestMessage>;
  readonly filter: JsonObject;
  /** Those that have not acknowledged yet, and until when (monotonic ms) they are waited for. */
  readonly silent: Map<Lane, number>;
  readonly parts: Map<Lane, Part>;
  /** What each was asked for. */
  readonly asked: Map<Lane, JsonObject>;
  /** Resources that a server has agreed to tell of. */
  readonly resources: Set<string>;
  readonly early: Buffer[];
  isAcked: boolean;
}

export interface ListenParts {
  readonly outbox: Outbox;
  readonly requests: OpenRequests;
  readonly lanes: Lanes;
  readonly routes: ResourceRoutes;
}

export class Listens {
  readonly #parts: ListenParts;
  readonly #open = new Set<Listen>();

  constructor(parts: ListenParts) {
    this.#parts = parts;
  }

  get wakeAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const { silent } of this.#open) for (const dueMs of silent.values()) atMs = Math.min(atMs, dueMs);
    return atMs;
  }

  onRequest(open: OpenRequest, line: Line<RequestMessage>): void {
    const filter = objectAt(line.message.params, 'notifications') ?? {};
    const listen: Listen = {
      ...{ open, line, filter, silent: new Map(), parts: new Map(), asked: new Map() },
      ...{ resources: new Set<string>(), early: [], isAcked: false },
    };
    this.#open.add(listen);
    open.onForgone = () => void this.#open.delete(listen);
    for (const lane of this.#parts.lanes.all) if (lane.takesLines) this.#listenOn(listen, lane);
    this.#ackIfDone(listen);
  }

  /** A lane is up (again): who listens, listens there, too. */
  onUp(lane: Lane): void {
    for (const listen of this.#open) if (!listen.parts.has(lane)) this.#listenOn(listen, lane);
  }

  /** @param mayPass asked where it would be passed on. @returns false where it is no listen's: nobody gets it */
  onNotification(lane: Lane, line: Line<NotificationMessage>, id: RequestId, mayPass: () => boolean): boolean {
    const listen = [...this.#open].find(({ parts }) => parts.get(lane)?.id === id);
    if (listen === undefined) return false;
    if (line.message.method === 'notifications/subscriptions/acknowledged') {
      const acked = objectAt(line.message.params, 'notifications')?.resourceSubscriptions;
      const uris = listOf(listen.asked.get(lane), 'resourceSubscriptions');
      for (const uri of Array.isArray(acked) ? acked : [])
        if (typeof uri === 'string' && uris.includes(uri)) listen.resources.add(uri);
      listen.silent.delete(lane);
      this.#ackIfDone(listen);
      return true;
    }
    // nobody has listened for it
    if (!isAskedFor(listen.asked.get(lane), line.message)) return false;
    if (!mayPass()) return true;
    const changes = taskChangesOut(lane.id, line.message, undefined);
    if (id !== listen.open.id) changes.push({ path: ['params', '_meta', SUBSCRIPTION_KEY], value: listen.open.id });
    const bytes = rewriteBytes(line, changes);
    if (listen.isAcked) this.#parts.outbox.toClient(bytes);
    else if (listen.early.length < MOST_EARLY) listen.early.push(bytes);
    return true;
  }

  /** The server ends this listen by itself. @returns whether it was one */
  onEndedBy(lane: Lane, id: RequestId): boolean {
    const listen = [...this.#open].find(({ parts }) => parts.get(lane)?.id === id);
    if (listen === undefined) return false;
    const part = listen.parts.get(lane);
    if (part !== undefined) this.#parts.requests.remove(part);
    this.#onEnd(listen, lane);
    return true;
  }

  /** Tells those who listen for it. @param kinds keys of `CHANGES` */
  tellChanged(kinds: ReadonlySet<keyof typeof CHANGES>): void {
    for (const { open, filter, isAcked } of this.#open) {
      if (!isAcked) continue;
      for (const kind of kinds) {
        if (filter[kind] !== true) continue;
        const params = JSON.stringify({ _meta: { [SUBSCRIPTION_KEY]: open.id } });
        this.#parts.outbox.toClient(notificationLine(CHANGES[kind], params));
      }
    }
  }

  onTick(): void {
    const nowMs = this.#parts.outbox.now.monoMs;
    for (const listen of this.#open) {
      for (const [lane, dueMs] of [...listen.silent]) if (dueMs <= nowMs) listen.silent.delete(lane);
      this.#ackIfDone(listen);
    }
  }

  /** The session ends: each stream is ended in good order. */
  end(): void {
    for (const { open } of [...this.#open]) {
      open.onForgone = undefined;
      this.#parts.requests.reply(open, subscriptionEndLine(open.id));
    }
    this.#open.clear();
  }

  #listenOn(listen: Listen, lane: Lane): void {
    const { requests, outbox } = this.#parts;
    const part = requests.add(lane, listen.open, {
      onAnswer: () => this.#onEnd(listen, lane),
      onLost: () => this.#onEnd(listen, lane),
      isStanding: true,
    });
    listen.parts.set(lane, part);
    if (!listen.isAcked) listen.silent.set(lane, outbox.now.monoMs + lane.settings.startTimeoutMs);
    const ids: Change[] = part.id === listen.line.message.id ? [] : [{ path: ['id'], value: part.id }];
    const line = rewriteLine(listen.line, [...ids, ...this.#narrow(listen.filter, lane)]);
    listen.asked.set(lane, objectAt(line.message.params, 'notifications') ?? {});
    outbox.toLane(lane.id, line);
  }

  /** Of resources and tasks a server hears only its own. */
  #narrow(filter: JsonObject, lane: Lane): Change[] {
    const changes: Change[] = [];
    const { resourceSubscriptions: uris, taskIds } = filter;
    const put = (key: string, value: readonly Json[]): void => {
      changes.push({ path: ['params', 'notifications', key], value });
    };
    if (Array.isArray(uris)) {
      const owner = (uri: Json): Lane | undefined => (typeof uri === 'string' ? this.#parts.routes.of(uri) : undefined);
      put(
        'resourceSubscriptions',
        uris.filter((uri: Json) => (owner(uri) ?? lane) === lane),
      );
    }
    if (Array.isArray(taskIds)) {
      put(
        'taskIds',
        taskIds.flatMap((outer: Json) => {
          const split = typeof outer === 'string' ? splitTaskId(outer) : undefined;
          return split?.lane === lane.id ? [split.taskId] : [];
        }),
      );
    }
    return changes;
  }

  #onEnd(listen: Listen, lane: Lane): void {
    listen.parts.delete(lane);
    listen.silent.delete(lane);
    this.#ackIfDone(listen);
  }

  #ackIfDone(listen: Listen): void {
    if (listen.isAcked || listen.silent.size > 0) return;
    listen.isAcked = true;
    const { filter, resources, open } = listen;
    const own = Object.keys(CHANGES).flatMap((kind) => (filter[kind] === true ? [[kind, true] as const] : []));
    const asked = Array.isArray(filter.resourceSubscriptions) ? filter.resourceSubscriptions : undefined;
    const acked = asked?.filter((uri: Json) => typeof uri === 'string' && resources.has(uri));
    const tasks = Array.isArray(filter.taskIds) ? { taskIds: filter.taskIds } : {};
    const notifications = {
      ...Object.fromEntries(own),
      ...(acked === undefined ? {} : { resourceSubscriptions: acked }),
      ...tasks,
    };
    const params = JSON.stringify({ notifications, _meta: { [SUBSCRIPTION_KEY]: open.id } });
    this.#parts.outbox.toClient(notificationLine('notifications/subscriptions/acknowledged', params));
    for (const bytes of listen.early.splice(0)) this.#parts.outbox.toClient(bytes);
  }
}

/** INVARIANT: a server tells on a stream what it was asked for there. A resource below one that is listened to counts as that one. */
function isAskedFor(asked: JsonObject | undefined, { method, params }: NotificationMessage): boolean {
  if (method.startsWith('notifications/tasks'))
    return listOf(asked, 'taskIds').includes(stringAt(params, 'taskId') ?? '');
  if (method === 'notifications/resources/updated') {
    const uri = stringAt(params, 'uri') ?? '';
    return listOf(asked, 'resourceSubscriptions').some((one) => typeof one === 'string' && uri.startsWith(one));
  }
  const kind = Object.entries(CHANGES).find(([, one]) => one === method)?.[0];
  return kind === undefined || asked?.[kind] === true;
}

function listOf(asked: JsonObject | undefined, key: string): readonly Json[] {
  const list = asked !== undefined && Object.hasOwn(asked, key) ? asked[key] : undefined;
  return Array.isArray(list) ? list : [];
}
