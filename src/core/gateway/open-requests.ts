// The client's open requests, and what each of them has asked of the lanes. Two requests under one id are answered in their
// order, whatever lanes they went to. Pure bookkeeping: sends nothing but answers.
import { type JsonObject, objectAt, stringAt } from '../../wire/json.ts';
import type { Line, RequestId, RequestMessage } from '../../wire/message.ts';
import { readRevision } from '../attribution.ts';
import { type BatchAnswer, NO_ANSWER_LINE } from '../batch.ts';
import { GuardIds } from '../guard-ids.ts';
import { tokenOf } from '../new-exchange.ts';
import type { Lane } from './lane.ts';
import type { Outbox } from './outbox.ts';

/** A completion of a resource names none, and no server asks anything back over it. */
const BY_NAME: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'completion/complete']);

/** One request on one lane. */
export interface Part {
  readonly lane: Lane;
  readonly id: RequestId;
  /** The client's request that it belongs to; undefined for one that the gateway makes for itself. */
  readonly open: OpenRequest | undefined;
  /** What to do with the answer; undefined: it goes to the client as it is. */
  readonly onAnswer: ((bytes: Buffer) => void) | undefined;
  /** The lane's session is over, and nothing will come: why. */
  readonly onLost: ((why: string) => void) | undefined;
  /** It waited for its lane in vain and was not sent; undefined: the client is told so. */
  readonly onUnsent?: (() => void) | undefined;
  /** Open for as long as the client listens: no reason to keep a server. */
  readonly isStanding?: boolean;
}

export interface OpenRequest {
  readonly id: RequestId;
  readonly method: string;
  /** As the client names it; undefined where it is no call. */
  readonly tool: string | undefined;
  /** What the client names by `name`; undefined where it names nothing. */
  readonly name: string | undefined;
  /** What it is about where nothing in it names its server: a resource, else the method itself. Undefined: a name does, or a task. */
  readonly what: string | undefined;
  readonly modern: boolean;
  readonly taskAugmented: boolean;
  readonly progressToken: RequestId | undefined;
  readonly batch: BatchAnswer | undefined;
  readonly parts: Set<Part>;
  answered: boolean;
  /** An earlier open request under the same id: it is answered first. */
  after: OpenRequest | undefined;
  next: OpenRequest | undefined;
  held: (() => void) | undefined;
  /** Ends what was gathered for it, once nobody waits any more. */
  onForgone: (() => void) | undefined;
}

export class OpenRequests {
  readonly #outbox: Outbox;
  readonly #ids: GuardIds;
  readonly #byId = new Map<RequestId, OpenRequest>();
  #highest = 0;
  #sample: RequestId | undefined;

  constructor(outbox: Outbox, tag: string) {
    this.#outbox = outbox;
    this.#ids = new GuardIds(`${tag}/gateway`);
  }

  open({ message }: Line<RequestMessage>, batch: BatchAnswer | undefined): OpenRequest {
    const { id, method, params } = message;
    const meta = objectAt(params, '_meta');
    const after = this.#byId.get(id);
    const open: OpenRequest = {
      id,
      method,
      tool: method === 'tools/call' ? stringAt(params, 'name') : undefined,
      name: stringAt(params, 'name'),
      what: namesServer(method, params) ? undefined : (stringAt(params, 'uri') ?? method),
      modern: readRevision(meta) !== undefined,
      taskAugmented: method === 'tools/call' && objectAt(params, 'task') !== undefined,
      progressToken: tokenOf(meta),
      batch,
      parts: new Set(),
      answered: false,
      after,
      next: undefined,
      held: undefined,
      onForgone: undefined,
    };
    if (after !== undefined) after.next = open;
    this.#byId.set(id, open);
    if (typeof id === 'number' && id > this.#highest) this.#highest = id;
    this.#sample ??= id;
    return open;
  }

  /** The newest open request under this id of the client. */
  find(id: RequestId): OpenRequest | undefined {
    return this.#byId.get(id);
  }

  /** The client's own id where nothing else on this lane may be answered under it. */
  add(
    lane: Lane,
    open: OpenRequest | undefined,
    then: Pick<Part, 'onAnswer' | 'onLost' | 'onUnsent' | 'isStanding'>,
  ): Part {
    const isFree = (id: RequestId): boolean => !lane.parts.has(id);
    const own = open !== undefined && open.after === undefined && isFree(open.id);
    const id = own ? open.id : this.#ids.next(this.#highest, open?.id ?? this.#sample, isFree);
    const part: Part = { lane, id, open, ...then };
    lane.parts.set(id, part);
    open?.parts.add(part);
    if (open?.progressToken !== undefined) lane.tokens.set(open.progressToken, part);
    return part;
  }

  /** It is answered, or nobody waits for it any more. @returns false where that was so before */
  remove(part: Part, keepToken = false): boolean {
    const { lane, open } = part;
    if (lane.parts.get(part.id) !== part) return false;
    lane.parts.delete(part.id);
    open?.parts.delete(part);
    const token = open?.progressToken;
    if (token !== undefined && !keepToken && lane.tokens.get(token) === part) lane.tokens.delete(token);
    return true;
  }

  /** INVARIANT: once for each request; a second one under the same id waits for the first one's answer. */
  reply(open: OpenRequest, bytes: Buffer | (() => Buffer)): void {
    if (open.answered) return;
    if (open.after?.answered === false) {
      open.held = () => this.reply(open, bytes);
      return;
    }
    this.#close(open);
    this.#outbox.toClient(bytes, open.batch);
    this.#releaseNext(open);
  }

  /** The client has cancelled: no answer follows, and whoever waits behind it may go. */
  forgo(open: OpenRequest): void {
    if (open.answered) return;
    this.#close(open);
    for (const part of [...open.parts]) this.remove(part);
    open.onForgone?.();
    if (open.batch !== undefined) this.#outbox.toClient(NO_ANSWER_LINE, open.batch);
    this.#releaseNext(open);
  }

  #close(open: OpenRequest): void {
    open.answered = true;
    if (this.#byId.get(open.id) !== open) return;
    // One that was cancelled leaves the earlier ones under its id as they were.
    if (open.after?.answered === false) this.#byId.set(open.id, open.after);
    else this.#byId.delete(open.id);
  }

  #releaseNext(open: OpenRequest): void {
    const { next } = open;
    open.next = undefined;
    open.after = undefined;
    if (next === undefined) return;
    next.after = undefined;
    const { held } = next;
    next.held = undefined;
    held?.();
  }
}

function namesServer(method: string, params: JsonObject | undefined): boolean {
  return BY_NAME.has(method) || (method.startsWith('tasks/') && stringAt(params, 'taskId') !== undefined);
}
