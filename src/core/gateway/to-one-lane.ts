// One request of the client to one lane, and its answer back under the client's id. Changes only what names something: the id, a
// prefixed name, a task.
import { isJsonObject, stringAt } from '../../wire/json.ts';
import type { Line, RequestMessage } from '../../wire/message.ts';
import { readLine } from '../../wire/read-line.ts';
import { cancelledLine } from '../../wire/reply.ts';
import type { Refusing } from '../denial.ts';
import { OpenTasks } from '../tasks.ts';
import { mayAsk, sealQuestion } from './asked-state.ts';
import type { Asking } from './asks.ts';
import type { GatewayParts } from './gateway-parts.ts';
import type { Lane } from './lane.ts';
import type { OpenRequest, Part } from './open-requests.ts';
import { maySendToPage, noteRequired } from './own-notices.ts';
import { serverBusy, serverDown } from './refusals.ts';
import { type Change, rewriteBytes, rewriteLine } from './rewrite.ts';
import { mayNameTask, taskChangesIn, taskChangesOut } from './task-ids.ts';

type Parts = Pick<GatewayParts, 'settings' | 'outbox' | 'requests' | 'lanes' | 'refusals'>;

export class ToOneLane {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Sends it, or refuses it. */
  send(open: OpenRequest, line: Line<RequestMessage>, lane: Lane, changes: readonly Change[]): void {
    const part = this.#add(open, lane);
    const how = this.#parts.lanes.send(lane, this.#lineFor(line, part, changes), part);
    if (how === 'sent') return;
    this.#parts.requests.remove(part);
    this.refuse(open, line, lane, how);
  }

  /** For asking one after the other: false where it could not be sent, and nobody was told. */
  trySend(open: OpenRequest, line: Line<RequestMessage>, lane: Lane, then: Asking): boolean {
    const part: Part = this.#parts.requests.add(lane, open, {
      onAnswer: (bytes) => then.onAnswer(this.#bytesFor(part, bytes)),
      onLost: then.onLost,
      onUnsent: then.onUnsent,
    });
    if (this.#parts.lanes.send(lane, this.#lineFor(line, part, []), part) === 'sent') return true;
    this.#parts.requests.remove(part);
    return false;
  }

  /** Another one has answered: what this lane was asked it need not do, and what it says of it late is dropped. */
  withdraw(open: OpenRequest, lane: Lane): void {
    const { requests, outbox, settings } = this.#parts;
    for (const part of [...open.parts]) {
      if (part.lane !== lane) continue;
      const isHeld = lane.isHolding(part);
      requests.remove(part);
      if (isHeld) continue;
      const bytes = cancelledLine(part.id, 'another server has answered');
      const reading = readLine(bytes, 'client', settings.read);
      if (reading.kind === 'message') outbox.toLane(lane.id, reading.line);
    }
  }

  refuse(open: OpenRequest, line: Line<RequestMessage>, lane: Lane, how: 'down' | 'busy'): void {
    const refusing =
      how === 'busy' ? serverBusy(lane) : (lane.settings.refusal ?? serverDown(lane, this.#parts.outbox.now.monoMs));
    this.#parts.refusals.refuse(open, line, lane.id, refusing);
  }

  /** Of a call that would have to wait for its server. What goes to its session is judged there. */
  refusalOf(lane: Lane, tool: string): Refusing | undefined {
    const { settings, outbox } = this.#parts;
    if (lane.takesLines || lane.state === 'down') return undefined;
    return settings.refusalOf?.(lane.id, tool, outbox.now);
  }

  /** Its server has ended once more: what waits for it may be refused by now. */
  refuseHeld(lane: Lane): void {
    const { requests, refusals } = this.#parts;
    for (const { line, part } of [...lane.waiting]) {
      const { message } = line;
      if (part?.open === undefined || message.kind !== 'request' || part.open.tool === undefined) continue;
      const refusing = this.refusalOf(lane, stringAt(message.params, 'name') ?? '');
      if (refusing === undefined || !requests.remove(part)) continue;
      // `line.message` has just been narrowed; the line around it has not.
      refusals.refuse(part.open, line as Line<RequestMessage>, lane.id, refusing);
    }
  }

  /** The answer of a lane, for the client. */
  deliver(part: Part, bytes: Buffer): void {
    const { requests } = this.#parts;
    const { open } = part;
    if (open === undefined) return;
    const out = this.#bytesFor(part, bytes);
    // A task that is announced reports under the token of its request until it ends.
    requests.remove(part, part.lane.hasTasks && open.progressToken !== undefined && mayNameTask(bytes));
    part.lane.boundTokens();
    requests.reply(open, out);
  }

  #add(open: OpenRequest, lane: Lane): Part {
    const onLost = (): void =>
      this.#parts.refusals.refuseLost(open, lane, serverDown(lane, this.#parts.outbox.now.monoMs));
    return this.#parts.requests.add(lane, open, { onAnswer: undefined, onLost });
  }

  #lineFor(line: Line<RequestMessage>, { id, lane }: Part, changes: readonly Change[]): Line<RequestMessage> {
    const ids: Change[] = id === line.message.id ? [] : [{ path: ['id'], value: id }];
    const tasks = mayNameTask(line.text) ? taskChangesIn(lane.id, line.message) : [];
    return rewriteLine(line, [...ids, ...changes, ...tasks]);
  }

  /** INVARIANT: the original bytes, unless an id or a task is to be renamed, or a question to be sealed. */
  #bytesFor({ id, lane, open }: Part, bytes: Buffer): Buffer {
    const hasTask = mayNameTask(bytes);
    const sends = maySendToPage(bytes);
    const what = mayAsk(bytes) ? open?.what : undefined;
    if (open === undefined || (id === open.id && !hasTask && !sends && what === undefined)) return bytes;
    const reading = readLine(bytes, 'upstream', this.#parts.settings.read);
    // INVARIANT: the lane's session has read this line by the same rules, or written it itself.
    if (reading.kind !== 'message') throw new RangeError('a lane has said what cannot be read');
    const { settings } = this.#parts;
    const line = what === undefined ? reading.line : sealQuestion(reading.line, { lane: lane.id, what }, settings.seal);
    const changes = hasTask ? taskChangesOut(lane.id, line.message, open.method) : [];
    if (sends && line.message.kind === 'response') noteRequired(lane, line.message);
    if (line.message.kind === 'response' && isJsonObject(line.message.result)) {
      if (OpenTasks.announcedBy(line.message.result) !== undefined) lane.hasTasks = true;
    }
    if (id !== open.id) changes.push({ path: ['id'], value: open.id });
    return rewriteBytes(line, changes);
  }
}
