// What a lane's session has for its client: answers to the request that is open under that id on that lane, questions under an id of
// the gateway's own, notifications. INVARIANT: a server reaches only what is open on its own lane.
import type { Line, NotificationMessage, RequestId, RequestMessage } from '../../wire/message.ts';
import { readLine } from '../../wire/read-line.ts';
import { errorLine, INVALID_PARAMS, SUBSCRIPTION_KEY } from '../../wire/reply.ts';
import { scan } from '../../wire/scan.ts';
import { tokenOf } from '../new-exchange.ts';
import { listNamed } from './changed-lists.ts';
import { requestIdOf, subscriptionOf } from './client-notes.ts';
import type { GatewayParts } from './gateway-parts.ts';
import type { Lane } from './lane.ts';
import { forgetLate } from './late-lists.ts';
import { noteElicitation, whyForeign } from './own-notices.ts';
import { type Change, rewriteBytes } from './rewrite.ts';
import { mayNameTask, taskChangesOut } from './task-ids.ts';
import type { ToOneLane } from './to-one-lane.ts';

/** Lines that come before the client has its greeting. */
const MOST_EARLY = 256;

export class LaneLines {
  readonly #parts: GatewayParts;
  readonly #one: ToOneLane;
  #early: Buffer[] = [];

  constructor(parts: GatewayParts, one: ToOneLane) {
    this.#parts = parts;
    this.#one = one;
  }

  onLine(lane: Lane, bytes: Buffer): void {
    const { members } = scan(bytes);
    if (members.method !== undefined) {
      this.#onMessage(lane, bytes);
      return;
    }
    const { id: span } = members;
    // INVARIANT: a line of a lane's session is one message that was read strictly, so a response has one legal id.
    const id = span === undefined ? undefined : (JSON.parse(bytes.toString('utf8', span.start, span.end)) as RequestId);
    const part = id === undefined ? undefined : lane.parts.get(id);
    // what waits for a lane was not sent to it
    if (part === undefined || lane.isHolding(part)) {
      this.#parts.outbox.dropped('server', lane.id, 'no open request has this id');
      return;
    }
    if (part.onAnswer === undefined) {
      this.#one.deliver(part, bytes);
      return;
    }
    this.#parts.requests.remove(part);
    part.onAnswer(bytes);
  }

  /** The client has its greeting. */
  flush(): void {
    for (const bytes of this.#early.splice(0)) this.#parts.outbox.toClient(bytes);
  }

  #onMessage(lane: Lane, bytes: Buffer): void {
    const reading = readLine(bytes, 'upstream', this.#parts.settings.read);
    if (reading.kind !== 'message') return;
    // `line.message` has just been narrowed; the line around it has not.
    const { line } = reading;
    if (line.message.kind === 'request') this.#onQuestion(lane, line as Line<RequestMessage>);
    else if (line.message.kind === 'notification') this.#onNotification(lane, line as Line<NotificationMessage>);
  }

  #onQuestion(lane: Lane, line: Line<RequestMessage>): void {
    const { questions, outbox, lanes } = this.#parts;
    if (lane.state === 'down') {
      outbox.dropped('server', lane.id, 'its session is over');
      return;
    }
    if (lanes.find(lane.id) !== lane) {
      outbox.dropped('server', lane.id, 'it has left the config, and asks nothing any more');
      return;
    }
    if (!questions.mayAsk(lane, line.message)) {
      outbox.dropped('server', lane.id, 'it asks for a task of the client that it has not caused');
      this.#answer(lane, errorLine(line.message.id, INVALID_PARAMS, 'Unknown task'));
      return;
    }
    noteElicitation(lane, line.message.params);
    this.#say(line, [...questions.ask(lane, line), ...taskChanges(lane, line)]);
  }

  #onNotification(lane: Lane, line: Line<NotificationMessage>): void {
    const { outbox, questions, listens, client, lanes, routes, changed } = this.#parts;
    const { method, params } = line.message;
    const isOwed = method === 'notifications/progress' || method === 'notifications/cancelled';
    if (!isOwed && lanes.find(lane.id) !== lane) {
      outbox.dropped('server', lane.id, 'it has left the config, and tells nothing any more');
      return;
    }
    const whyNot = whyForeign(lane, line.message, routes, lanes.all);
    if (whyNot !== undefined) {
      outbox.dropped('server', lane.id, whyNot);
      return;
    }
    const list = listNamed(method);
    if (list !== undefined) forgetLate(lane, list);
    // who has left lists nothing any more
    const maySay = (): boolean =>
      list === undefined || (!client.hasLeft && changed.maySay(lane, list, outbox.now.monoMs));
    const isModern = client.era !== 'legacy';
    const subscription = isModern ? subscriptionOf(line) : undefined;
    const stream = subscription === undefined ? undefined : listens.idOutside(lane, subscription);
    if (subscription !== undefined && (stream === undefined || !isOwed)) {
      if (!listens.onNotification(lane, line, subscription, maySay))
        outbox.dropped('server', lane.id, 'nobody listens under this id');
      return;
    }
    const streams: Change[] =
      stream === undefined ? [] : [{ path: ['params', '_meta', SUBSCRIPTION_KEY], value: stream }];
    if (method === 'notifications/progress') {
      const token = tokenOf(params);
      const part = token === undefined ? undefined : lane.tokens.get(token);
      if (part === undefined) outbox.dropped('server', lane.id, 'no open request has this progress token');
      else this.#say(line, [...taskChanges(lane, line), ...streams]);
      return;
    }
    if (method === 'notifications/cancelled') {
      const id = requestIdOf(line);
      const outer = id === undefined ? undefined : questions.takeBack(lane, id);
      if (outer !== undefined) this.#say(line, [{ path: ['params', 'requestId'], value: outer }, ...streams]);
      else if (id === undefined || !listens.onEndedBy(lane, id))
        outbox.dropped('server', lane.id, 'it takes back what it has not asked');
      return;
    }
    if (isModern && method === 'notifications/resources/updated') {
      outbox.dropped('server', lane.id, 'nobody listens for it outside a stream');
      return;
    }
    if (!maySay()) return;
    if (list !== undefined && isModern) {
      // INVARIANT: only what reaches the client is heard: who listens for the list is told by the guard, what others owe with it
      changed.noteList(list);
      return;
    }
    if (list !== undefined) changed.heard(list);
    this.#say(line, taskChanges(lane, line));
  }

  /** In the client's stead. */
  #answer(lane: Lane, bytes: Buffer): void {
    const reading = readLine(bytes, 'client', this.#parts.settings.read);
    if (reading.kind === 'message') this.#parts.outbox.toLane(lane.id, reading.line);
  }

  #say(line: Line, changes: readonly Change[]): void {
    const { client, outbox } = this.#parts;
    const bytes = rewriteBytes(line, changes);
    if (client.era !== 'legacy' || client.isGreeted) outbox.toClient(bytes);
    // What a server says before the client was answered waits; what does not fit is no loss but to a flooder.
    else if (this.#early.length < MOST_EARLY) this.#early.push(bytes);
  }
}

function taskChanges(lane: Lane, line: Line): Change[] {
  return mayNameTask(line.text) ? taskChangesOut(lane.id, line.message, undefined) : [];
}
