// Which lane or lanes a request of the client is for, method by method. Decides where, never whether: policy is each lane's own.
import { objectAt, stringAt } from '../../wire/json.ts';
import type { Line, RequestMessage } from '../../wire/message.ts';
import { resultLine } from '../../wire/reply.ts';
import { replaceId } from '../../wire/splice.ts';
import type { BatchAnswer } from '../batch.ts';
import { isAnswering, openAnswer } from './asked-state.ts';
import type { Answers } from './fan-outs.ts';
import type { GatewayParts } from './gateway-parts.ts';
import type { Lane } from './lane.ts';
import { Lists } from './lists.ts';
import type { OpenRequest } from './open-requests.ts';
import {
  NOBODY,
  repeatedGreeting,
  unknownMethod,
  unknownName,
  unknownResource,
  unknownState,
  unknownTask,
} from './refusals.ts';
import { splitTaskId } from './task-ids.ts';
import type { ToOneLane } from './to-one-lane.ts';

const METHOD_UNKNOWN: ReadonlySet<number> = new Set([-32601]);
/** What may be asked of a second server while the first one is still at it. INVARIANT: reads, nothing that a server remembers. */
const READS: ReadonlySet<string> = new Set(['resources/read', 'completion/complete']);
/** Not found up to 2025-11-25, not found since, and a server without resources. */
const NO_RESOURCE: ReadonlySet<number> = new Set([-32002, -32602, -32601]);

export class ClientRequests {
  readonly #parts: GatewayParts;
  readonly #one: ToOneLane;

  constructor(parts: GatewayParts, one: ToOneLane) {
    this.#parts = parts;
    this.#one = one;
  }

  onLine(line: Line<RequestMessage>, batch: BatchAnswer | undefined): void {
    const { client, lanes, requests, greetings, lists, listens } = this.#parts;
    const before = client.era;
    const open = requests.open(line, batch);
    if (line.message.method === 'initialize' && !open.modern && greetings.isWaiting) {
      this.#parts.refusals.refuse(open, line, NOBODY, repeatedGreeting());
      return;
    }
    client.note(line);
    if (before === 'unknown' && client.era === 'modern') lanes.openAll();
    const { method, params } = line.message;
    const kind = Lists.kindOf(method);
    if (kind !== undefined) {
      lists.onRequest(kind, open, line);
      return;
    }
    switch (method) {
      case 'initialize':
        if (open.modern) this.#askAll(open, line);
        else greetings.initialize(open, line);
        return;
      case 'server/discover':
        greetings.discover(open, line);
        return;
      case 'ping':
        // In 2026-07-28 there is none: then the servers say so.
        if (open.modern) this.#askAll(open, line);
        else requests.reply(open, resultLine(open.id, '{}'));
        return;
      case 'tools/call':
        this.#byName(open, line, 'tool', stringAt(params, 'name') ?? '', ['params', 'name']);
        return;
      case 'prompts/get':
        this.#byName(open, line, 'prompt', stringAt(params, 'name') ?? '', ['params', 'name']);
        return;
      case 'completion/complete':
        this.#complete(open, line);
        return;
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        this.#byUri(open, line, stringAt(params, 'uri') ?? '');
        return;
      case 'logging/setLevel':
        if (open.modern) this.#askAll(open, line);
        else this.#setLevel(open, line);
        return;
      case 'subscriptions/listen':
        listens.onRequest(open, line);
        return;
      default:
        if (method.startsWith('tasks/') && stringAt(params, 'taskId') !== undefined) this.#byTask(open, line);
        else this.#askAll(open, line);
    }
  }

  #byName(
    open: OpenRequest,
    line: Line<RequestMessage>,
    what: 'tool' | 'prompt',
    outer: string,
    path: readonly ['params', ...string[]],
  ): void {
    const owned = this.#parts.prefixes.resolve(outer);
    const lane = owned === undefined ? undefined : this.#parts.lanes.find(owned.lane);
    if (owned === undefined || lane === undefined) {
      this.#parts.refusals.refuse(open, line, NOBODY, unknownName(what, outer));
      return;
    }
    const refusing = what === 'tool' ? this.#one.refusalOf(lane, owned.name) : undefined;
    if (refusing !== undefined) this.#parts.refusals.refuse(open, line, lane.id, refusing);
    else this.#one.send(open, line, lane, owned.name === outer ? [] : [{ path, value: owned.name }]);
  }

  #complete(open: OpenRequest, line: Line<RequestMessage>): void {
    const ref = objectAt(line.message.params, 'ref');
    const [name, uri] = [stringAt(ref, 'name'), stringAt(ref, 'uri')];
    if (stringAt(ref, 'type') === 'ref/resource' || name === undefined) {
      const { routes } = this.#parts;
      const lane = routes.ofTemplate(uri ?? '') ?? routes.of(uri ?? '');
      if (isAnswering(line)) this.#answer(open, line);
      else if (lane === undefined) this.#askResource(open, line, uri ?? '', 'completions');
      else this.#sendOwner(open, line, lane, uri ?? '');
      return;
    }
    this.#byName(open, line, 'prompt', name, ['params', 'ref', 'name']);
  }

  /**
   * It carries what the client was asked (2026-07-28). INVARIANT: for who has asked that over this, and for no other server, whoever
   * has it by now: not after a restart of the guard, either.
   */
  #answer(open: OpenRequest, line: Line<RequestMessage>): void {
    const { lanes, refusals, settings } = this.#parts;
    const answer = open.what === undefined ? undefined : openAnswer(line, open.what, settings.seal);
    const asker = answer === undefined ? undefined : lanes.find(answer.lane);
    if (answer === undefined || asker === undefined) refusals.refuse(open, line, NOBODY, unknownState());
    else this.#one.send(open, answer.line, asker, []);
  }

  #byUri(open: OpenRequest, line: Line<RequestMessage>, uri: string): void {
    const { lanes, routes } = this.#parts;
    if (isAnswering(line)) {
      this.#answer(open, line);
      return;
    }
    const { method } = line.message;
    // Where it was subscribed to it is unsubscribed from, whoever has it now.
    const listener =
      method === 'resources/unsubscribe' ? lanes.all.find((lane) => lane.subscriptions.has(uri)) : undefined;
    const known = listener ?? routes.of(uri);
    if (known === undefined) {
      this.#askResource(open, line, uri, 'resources');
      return;
    }
    if (!routes.hides(known, uri)) this.#noteSubscription(known, line, uri);
    this.#sendOwner(open, line, known, uri);
  }

  /** Its own policies refuse what its scope hides; where it is down it is as little there as in its list. */
  #sendOwner(open: OpenRequest, line: Line<RequestMessage>, lane: Lane, uri: string): void {
    const isAbsent =
      lane.state === 'down' && lane.settings.refusal === undefined && this.#parts.routes.hides(lane, uri);
    if (isAbsent) this.#parts.refusals.refuse(open, line, lane.id, unknownResource(uri, open.modern));
    else this.#one.send(open, line, lane, []);
  }

  #noteSubscription(lane: Lane, line: Line<RequestMessage>, uri: string): void {
    if (line.message.method === 'resources/unsubscribe') lane.subscriptions.delete(uri);
    else if (line.message.method === 'resources/subscribe' && lane.subscriptions.size < 1_024)
      lane.subscriptions.set(uri, line);
  }

  #askResource(open: OpenRequest, line: Line<RequestMessage>, uri: string, capability: string): void {
    const { asks, lanes, routes } = this.#parts;
    const candidates = lanes.all.filter((lane) => lane.state !== 'down' && lane.offers(capability));
    asks.start({
      ...{ open, line, candidates, nextOn: NO_RESOURCE, refusal: unknownResource(uri, open.modern) },
      isRead: READS.has(open.method),
      onFound: (lane) => {
        if (line.message.method === 'completion/complete') return;
        routes.learnAnswered(lane, uri);
        this.#noteSubscription(lane, line, uri);
      },
    });
  }

  #byTask(open: OpenRequest, line: Line<RequestMessage>): void {
    const { lanes, refusals, table } = this.#parts;
    const split = splitTaskId(stringAt(line.message.params, 'taskId') ?? '');
    const able = lanes.all.filter((one) => one.offers('tasks'));
    // INVARIANT: an id that names a server is that one's, or nobody's: no other answers for it once it has left. One that names none is
    // for the only server that this session has ever had: it says itself that it does not know it.
    const sole = table.hadOthers ? undefined : able[0];
    const lane = split === undefined ? sole : lanes.find(split.lane);
    if (lane !== undefined) this.#one.send(open, line, lane, []);
    else refusals.refuse(open, line, NOBODY, able.length === 0 ? unknownMethod(open.method) : unknownTask());
  }

  /** The rule for what is not known here. */
  #askAll(open: OpenRequest, line: Line<RequestMessage>): void {
    const { asks, lanes } = this.#parts;
    if (isAnswering(line)) {
      this.#answer(open, line);
      return;
    }
    const candidates = lanes.all.filter(({ state }) => state !== 'down');
    asks.start({
      open,
      line,
      candidates,
      nextOn: METHOD_UNKNOWN,
      // nobody knows what it does
      isRead: false,
      refusal: unknownMethod(open.method),
      onFound: () => {},
    });
  }

  /** Everybody who logs is told; a server that is not up hears it when it is. */
  #setLevel(open: OpenRequest, line: Line<RequestMessage>): void {
    const { fans, lanes, requests } = this.#parts;
    const to = lanes.all
      .filter((lane) => lane.takesLines && lane.offers('logging'))
      .map((lane) => ({ lane, changes: [] }));
    const done = (answers: Answers): void => {
      const error = [...answers.values()].find(({ message }) => message.error !== undefined);
      const isRefused = answers.size > 0 && [...answers.values()].every(({ message }) => message.error !== undefined);
      requests.reply(open, error !== undefined && isRefused ? replaceId(error, open.id) : resultLine(open.id, '{}'));
    };
    fans.start({ open, line, to, onDone: done });
  }
}
