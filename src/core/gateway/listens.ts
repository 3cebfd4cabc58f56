// `subscriptions/listen` (2026-07-28): one stream of the client, one listen on every lane, one acknowledgement. A lane that comes
// back listens again under the same stream. Knows no list.
import type { Json, JsonObject } from '../../wire/json.ts';
import { objectAt } from '../../wire/json.ts';
import type { Line, NotificationMessage, RequestId, RequestMessage } from '../../wire/message.ts';
import { notificationLine, SUBSCRIPTION_KEY, subscriptionEndLine } from '../../wire/reply.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { OpenRequest, OpenRequests, Part } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import type { ResourceRoutes } from './resource-routes.ts';
import { type Change, rewriteBytes, rewriteLine } from './rewrite.ts';
import { CHANGES, type ChangedList, isAskedFor, kindOf, listOf } from './stream-filter.ts';
import { splitTaskId, taskChangesOut } from './task-ids.ts';

/** Of one server on one stream. */
const MOST_EARLY = 64;

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
  /** What came before the acknowledgement: of each server so many, and of the lists which are others, by whomever. */
  readonly early: Map<Lane, Buffer[]>;
  readonly owed: Set<ChangedList>;
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
      ...{ resources: new Set<string>(), early: new Map(), owed: new Set(), isAcked: false },
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
    else this.#keepEarly(listen, lane, line.message, bytes);
    return true;
  }

  /** What the client calls the stream that this server knows under `id`. Undefined: it has none. */
  idOutside(lane: Lane, id: RequestId): RequestId | undefined {
    return [...this.#open].find(({ parts }) => parts.get(lane)?.id === id)?.open.id;
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

  /** Tells those who listen for it; who has no acknowledgement yet hears it after that. @param kinds keys of `CHANGES` */
  tellChanged(kinds: ReadonlySet<ChangedList>): void {
    for (const listen of this.#open) {
      for (const kind of kinds) {
        if (!listen.isAcked) listen.owed.add(kind);
        else this.#tell(listen, kind);
      }
    }
  }

  #tell({ open, filter }: Listen, kind: ChangedList): void {
    if (filter[kind] !== true) return;
    const params = JSON.stringify({ _meta: { [SUBSCRIPTION_KEY]: open.id } });
    this.#parts.outbox.toClient(notificationLine(CHANGES[kind], params));
  }

  /** INVARIANT: what one server says takes no room from another, and no change of a list is lost. attacker-controlled */
  #keepEarly({ early, owed }: Listen, lane: Lane, { method }: NotificationMessage, bytes: Buffer): void {
    const kind = kindOf(method);
    if (kind !== undefined) {
      owed.add(kind);
      return;
    }
    const own = early.get(lane) ?? [];
    early.set(lane, own);
    if (own.length < MOST_EARLY) own.push(bytes);
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
    for (const own of listen.early.values()) for (const bytes of own) this.#parts.outbox.toClient(bytes);
    listen.early.clear();
    for (const kind of listen.owed) this.#tell(listen, kind);
    listen.owed.clear();
  }
}
