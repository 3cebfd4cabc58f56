// What a lane's session has for its client: answers to the request that is open under that id on that lane, questions under an id of
// the gateway's own, notifications. INVARIANT: a server reaches only what is open on its own lane.
import type { Line, NotificationMessage, RequestId, RequestMessage } from '../../wire/message.ts';
import { readLine } from '../../wire/read-line.ts';
import { scan } from '../../wire/scan.ts';
import { tokenOf } from '../new-exchange.ts';
import { requestIdOf, subscriptionOf } from './client-notes.ts';
import type { GatewayParts } from './gateway-parts.ts';
import type { Lane } from './lane.ts';
import { type Change, rewriteBytes } from './rewrite.ts';
import { taskChangesOut } from './task-ids.ts';
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
    const { questions, outbox } = this.#parts;
    if (lane.state === 'down') {
      outbox.dropped('server', lane.id, 'its session is over');
      return;
    }
    const tasks = line.text.includes('taskId') ? taskChangesOut(lane.id, line.message, undefined) : [];
    this.#say(line, [...questions.ask(lane, line), ...tasks]);
  }

  #onNotification(lane: Lane, line: Line<NotificationMessage>): void {
    const { outbox, questions, listens, client } = this.#parts;
    const { method, params } = line.message;
    const subscription = subscriptionOf(line);
    if (subscription !== undefined && client.era !== 'legacy') {
      if (!listens.onNotification(lane, line, subscription))
        outbox.dropped('server', lane.id, 'nobody listens under this id');
      return;
    }
    if (method === 'notifications/progress') {
      const token = tokenOf(params);
      const part = token === undefined ? undefined : lane.tokens.get(token);
      if (part === undefined) outbox.dropped('server', lane.id, 'no open request has this progress token');
      else this.#say(line, taskChanges(lane, line));
      return;
    }
    if (method === 'notifications/cancelled') {
      const id = requestIdOf(line);
      const outer = id === undefined ? undefined : questions.takeBack(lane, id);
      if (outer !== undefined) this.#say(line, [{ path: ['params', 'requestId'], value: outer }]);
      else if (id === undefined || !listens.onEndedBy(lane, id))
        outbox.dropped('server', lane.id, 'it takes back what it has not asked');
      return;
    }
    this.#say(line, taskChanges(lane, line));
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
  return line.text.includes('taskId') ? taskChangesOut(lane.id, line.message, undefined) : [];
}
