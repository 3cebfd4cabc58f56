// One request of the client to one lane, and its answer back under the client's id. Changes only what names something: the id, a
// prefixed name, a task.
import { isJsonObject } from '../../wire/json.ts';
import type { Line, RequestMessage } from '../../wire/message.ts';
import { readLine } from '../../wire/read-line.ts';
import { OpenTasks } from '../tasks.ts';
import type { Asking } from './asks.ts';
import type { GatewayParts } from './gateway-parts.ts';
import type { Lane } from './lane.ts';
import type { OpenRequest, Part } from './open-requests.ts';
import { serverBusy, serverDown } from './refusals.ts';
import { type Change, rewriteBytes, rewriteLine } from './rewrite.ts';
import { taskChangesIn, taskChangesOut } from './task-ids.ts';

/** Where this word is not, no task is named. */
const TASK_ID = 'taskId';

type Parts = Pick<GatewayParts, 'settings' | 'outbox' | 'requests' | 'lanes' | 'refusals'>;

export class ToOneLane {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Sends it, or refuses it. */
  send(open: OpenRequest, line: Line<RequestMessage>, lane: Lane, changes: readonly Change[]): void {
    const part = this.#add(open, lane, undefined);
    const how = this.#parts.lanes.send(lane, this.#lineFor(line, part, changes), part);
    if (how === 'sent') return;
    this.#parts.requests.remove(part);
    this.refuse(open, line, lane, how);
  }

  /** For asking one after the other: false where it could not be sent, and nobody was told. */
  trySend(open: OpenRequest, line: Line<RequestMessage>, lane: Lane, then: Asking): boolean {
    const part: Part = this.#add(open, lane, (bytes) => then.onAnswer(this.#bytesFor(part, bytes)), then.onUnsent);
    if (this.#parts.lanes.send(lane, this.#lineFor(line, part, []), part) === 'sent') return true;
    this.#parts.requests.remove(part);
    return false;
  }

  refuse(open: OpenRequest, line: Line<RequestMessage>, lane: Lane, how: 'down' | 'busy'): void {
    const refusing =
      how === 'busy' ? serverBusy(lane) : (lane.settings.refusal ?? serverDown(lane, this.#parts.outbox.now.monoMs));
    this.#parts.refusals.refuse(open, line, lane.id, refusing);
  }

  /** The answer of a lane, for the client. */
  deliver(part: Part, bytes: Buffer): void {
    const { requests } = this.#parts;
    const { open } = part;
    if (open === undefined) return;
    const out = this.#bytesFor(part, bytes);
    // A task that is announced reports under the token of its request until it ends.
    requests.remove(part, part.lane.hasTasks && open.progressToken !== undefined && bytes.includes(TASK_ID));
    part.lane.boundTokens();
    requests.reply(open, out);
  }

  #add(open: OpenRequest, lane: Lane, onAnswer: Part['onAnswer'], onUnsent?: Part['onUnsent']): Part {
    const onLost = (): void =>
      this.#parts.refusals.refuseLost(open, lane, serverDown(lane, this.#parts.outbox.now.monoMs));
    return this.#parts.requests.add(lane, open, { onAnswer, onLost, onUnsent });
  }

  #lineFor(line: Line<RequestMessage>, { id, lane }: Part, changes: readonly Change[]): Line<RequestMessage> {
    const ids: Change[] = id === line.message.id ? [] : [{ path: ['id'], value: id }];
    const tasks = line.text.includes(TASK_ID) ? taskChangesIn(lane.id, line.message) : [];
    return rewriteLine(line, [...ids, ...changes, ...tasks]);
  }

  /** INVARIANT: the original bytes, unless an id or a task is to be renamed. */
  #bytesFor({ id, lane, open }: Part, bytes: Buffer): Buffer {
    const hasTask = bytes.includes(TASK_ID);
    if (open === undefined || (id === open.id && !hasTask)) return bytes;
    const reading = readLine(bytes, 'upstream', this.#parts.settings.read);
    // INVARIANT: the lane's session has read this line by the same rules, or written it itself.
    if (reading.kind !== 'message') throw new RangeError('a lane has said what cannot be read');
    const { line } = reading;
    const changes = hasTask ? taskChangesOut(lane.id, line.message, open.method) : [];
    if (line.message.kind === 'response' && isJsonObject(line.message.result)) {
      if (OpenTasks.announcedBy(line.message.result) !== undefined) lane.hasTasks = true;
    }
    if (id !== open.id) changes.push({ path: ['id'], value: open.id });
    return rewriteBytes(line, changes);
  }
}
