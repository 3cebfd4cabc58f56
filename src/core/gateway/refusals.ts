// What the gateway itself refuses: put on record like any denial, and answered in the same shapes. Texts and bookkeeping only.
import type { IntentEntry } from '../../audit/entry.ts';
import { cutForeign } from '../../wire/inert-text.ts';
import { objectAt, stringAt } from '../../wire/json.ts';
import type { Line, RequestMessage } from '../../wire/message.ts';
import { INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND } from '../../wire/reply.ts';
import { readCorrelation, UNKNOWN_MODEL } from '../attribution.ts';
import type { BatchAnswer } from '../batch.ts';
import { type Refusing, refusalLine } from '../denial.ts';
import { intentOf, refusedIntent } from '../entries.ts';
import type { RefusedLine } from '../events.ts';
import { CLIENT } from '../exchange.ts';
import { newExchange } from '../new-exchange.ts';
import { unreadAnswer } from '../unread-answer.ts';
import type { ClientMemory } from './client-memory.ts';
import type { Lane } from './lane.ts';
import type { OpenRequest, OpenRequests, Part } from './open-requests.ts';
import type { Outbox } from './outbox.ts';
import type { Prefixes } from './prefixes.ts';

/** In the record, of a request that is no server's. INVARIANT: no server has this name. */
export const NOBODY = '(none)';
/** In UTF-16 units. */
const LONGEST_URI = 2_048;

export class Refusals {
  readonly #outbox: Outbox;
  readonly #requests: OpenRequests;
  readonly #client: ClientMemory;
  readonly #prefixes: Prefixes;

  constructor(outbox: Outbox, requests: OpenRequests, client: ClientMemory, prefixes: Prefixes) {
    this.#outbox = outbox;
    this.#requests = requests;
    this.#client = client;
    this.#prefixes = prefixes;
  }

  /** @param line what the client sent, whatever was rewritten in it since */
  refuse(open: OpenRequest, line: Line<RequestMessage>, server: string, refusing: Refusing): void {
    const intent = this.#intentOf(open, line, server, refusing);
    this.#outbox.record(intent);
    this.#requests.reply(open, () => lineFor(open, refusing, intent));
  }

  /** It waited for its server when the client took it back: nobody is answered, and it was never sent. */
  noteTakenBack(open: OpenRequest, part: Part): void {
    const line = part.lane.waiting.find((one) => one.part === part)?.line;
    if (line?.message.kind !== 'request') return;
    const refusing = { reason: 'taken_back', rule: undefined, text: '', retryAfterMs: undefined };
    // `line.message` has just been narrowed; the line around it has not.
    this.#outbox.record(this.#intentOf(open, line as Line<RequestMessage>, part.lane.id, refusing));
  }

  /** A line of the client that cannot be read in one way only goes to no server. */
  refuseLine(refused: RefusedLine, batch: BatchAnswer | undefined): void {
    const outbox = this.#outbox;
    const who = { client: this.#client.name, model: UNKNOWN_MODEL, correlation: undefined, subject: undefined };
    const intent = refusedIntent(refused, NOBODY, who, outbox.now);
    outbox.record(intent);
    outbox.log('warn', `a line of the client was refused and not forwarded: ${refused.refusal.detail}`);
    const answer = unreadAnswer(refused.refusal);
    if (answer !== undefined) outbox.toClient(() => answer(intent.ref), batch);
  }

  /** The same where what was sent is gone: a session has ended while it went out. */
  refuseLost(open: OpenRequest, lane: Lane, refusing: Refusing): void {
    this.#outbox.note('answer_denied', lane.id, { method: open.method, rule: 'gateway', reason: refusing.reason });
    this.#requests.reply(open, () => lineFor(open, refusing, undefined));
  }

  #intentOf(
    open: OpenRequest,
    line: Line<RequestMessage>,
    server: string,
    { reason, rule, text, retryAfterMs }: Refusing,
  ): IntentEntry {
    const { params } = line.message;
    const { now } = this.#outbox;
    const exchange = newExchange({ line, asker: CLIENT, peer: server, peerId: line.message.id, now });
    const who = {
      client: this.#client.name,
      model: UNKNOWN_MODEL,
      correlation: readCorrelation(objectAt(params, '_meta')),
      subject: this.#ownName(open, line, server) ?? stringAt(params, 'uri'),
    };
    return intentOf(exchange, who, now, { kind: 'deny', reason, rule: rule ?? 'gateway', text, retryAfterMs });
  }

  /** As the server calls it, where it is known to be that server's. */
  #ownName({ name: outer }: OpenRequest, { message }: Line<RequestMessage>, server: string): string | undefined {
    const name = stringAt(message.params, 'name');
    // what was to be sent has its own name already
    if (name === undefined || name !== outer) return name;
    const owned = this.#prefixes.resolve(name);
    return owned?.lane === server ? owned.name : name;
  }
}

function lineFor(
  { id, tool, modern, taskAugmented }: OpenRequest,
  refusing: Refusing,
  intent: IntentEntry | undefined,
): Buffer {
  return refusalLine({ asker: CLIENT, askerId: id, taskAugmented, view: { tool, modern } }, refusing, intent?.ref);
}

/** INVARIANT: the plain error of a server that has not got it: what there is elsewhere is not told. */
export function unknownName(what: 'tool' | 'prompt', name: string): Refusing {
  return plain({ reason: 'tool_foreign', code: INVALID_PARAMS, message: `Unknown ${what}: ${cutForeign(name)}` });
}

export function unknownCursor(): Refusing {
  return plain({ reason: 'cursor_foreign', code: INVALID_PARAMS, message: 'Invalid cursor' });
}

/** It carries an answer of a person: for who has asked, and for nobody else. */
export function unknownState(): Refusing {
  return plain({
    reason: 'state_foreign',
    code: INVALID_PARAMS,
    message: 'Invalid requestState: nothing that was asked over this is answered by it. Send the request without it.',
  });
}

/** The first one is not answered yet, and its answer is the one that counts. */
export function repeatedGreeting(): Refusing {
  return plain({
    reason: 'greeting_repeated',
    code: INVALID_REQUEST,
    message: 'Invalid Request: initialize is being answered already',
  });
}

export function unknownTask(): Refusing {
  return plain({ reason: 'task_foreign', code: INVALID_PARAMS, message: 'Unknown task' });
}

export function unknownMethod(method: string): Refusing {
  return plain({
    reason: 'method_foreign',
    code: METHOD_NOT_FOUND,
    message: `Method not found: ${cutForeign(method)}`,
  });
}

/** -32002 up to 2025-11-25, -32602 from then on. */
export function unknownResource(uri: string, modern: boolean): Refusing {
  return plain({
    reason: 'resource_foreign',
    code: modern ? INVALID_PARAMS : -32002,
    message: `Resource not found: ${cutForeign(uri, LONGEST_URI)}`,
  });
}

export function serverDown({ id, why, retryAtMs, settings, isRejected }: Lane, nowMs: number): Refusing {
  const retryAfterMs = retryAtMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.round(retryAtMs - nowMs));
  const isOver = isRejected || !settings.comesBack;
  const then =
    retryAfterMs === undefined
      ? isOver && ' It is not started again in this session: do not retry.'
      : ` It is started again in ${Math.ceil(retryAfterMs / 1000)} s.`;
  return {
    reason: 'server_down',
    rule: undefined,
    text: `The MCP server \`${id}\` is not running${why === '' ? '' : ` (${why})`}, so this request was not sent. The other servers work.${then || ''}`,
    retryAfterMs,
  };
}

export function serverBusy({ id }: Lane): Refusing {
  return {
    reason: 'server_away',
    rule: undefined,
    text: `The MCP server \`${id}\` does not take what it is sent, and more waits for it than mcp-guard holds. This request was not sent: send it again in a while.`,
    retryAfterMs: 5000,
  };
}

export function serverSlow({ id }: Lane): Refusing {
  return {
    reason: 'server_down',
    rule: undefined,
    text: `The MCP server \`${id}\` has been started and does not answer yet, so this request was not sent. Send it again in a while.`,
    retryAfterMs: 5000,
  };
}

function plain({ reason, code, message }: { reason: string; code: number; message: string }): Refusing {
  return { reason, rule: undefined, text: message, retryAfterMs: undefined, error: { code, message } };
}
