// What the client sends: requests through the chain, notifications past the bookkeeping, answers to a server's questions.
// Knows no policy and no bytes but those it passes on.
import type { Instant } from '../ports/clock.ts';
import { isJsonObject, objectAt, stringAt } from '../wire/json.ts';
import type { Line, NotificationMessage, RequestMessage, ResponseMessage } from '../wire/message.ts';
import { replaceId, spliceLine, valueSpan } from '../wire/splice.ts';
import { attributeModel, readClientName, readCorrelation, readRevision, UNKNOWN_MODEL } from './attribution.ts';
import { type BatchAnswer, splitBatch } from './batch.ts';
import { exitRefusal, overfullRefusal } from './denial.ts';
import { type Attribution, refusedIntent } from './entries.ts';
import type { BatchElement, RefusedLine } from './events.ts';
import { CLIENT, type Exchange } from './exchange.ts';
import { newExchange } from './new-exchange.ts';
import { tellObservedRequest } from './observed.ts';
import type { SessionParts } from './session-parts.ts';
import { unreadAnswer } from './unread-answer.ts';

const NOBODY: Attribution = { client: undefined, model: UNKNOWN_MODEL, correlation: undefined, subject: undefined };

export class ClientLines {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  onLine(line: Line, now: Instant, batch?: BatchAnswer): void {
    const { message } = line;
    // `line.message` has just been narrowed; the line around it has not.
    if (message.kind === 'request') this.#onRequest(line as Line<RequestMessage>, now, batch);
    else if (message.kind === 'notification') this.#onNotification(line as Line<NotificationMessage>, now);
    else this.#onAnswer(line as Line<ResponseMessage>, now);
  }

  /** INVARIANT: each element meets the chain by itself. */
  onBatch(elements: readonly BatchElement[], now: Instant): void {
    splitBatch(
      elements,
      (line, batch) => this.onLine(line, now, batch),
      (refused, batch) => this.onRefused(refused, now, batch),
    );
  }

  onRefused(refused: RefusedLine, now: Instant, batch?: BatchAnswer): void {
    const { ledger, handshake, model } = this.#parts;
    const who = {
      client: handshake.clientName,
      model: attributeModel(undefined, model, handshake.lastSampledModel),
      correlation: undefined,
      subject: undefined,
    };
    const intent = refusedIntent(refused, this.#parts.upstream.name, who, now);
    ledger.refuseLine(intent, unreadAnswer(refused.refusal), batch);
    ledger.log('warn', `a line of the client was refused and not forwarded: ${refused.refusal.detail}`);
  }

  #onRequest(line: Line<RequestMessage>, now: Instant, batch: BatchAnswer | undefined): void {
    const { ledger, handshake, life, upstream } = this.#parts;
    if (handshake.note(line)) this.#recordClient(line, now);
    const id = line.message.id;
    const after = ledger.table.lastUnanswered(CLIENT, id);
    const { name: peer, prefix } = upstream;
    const peerId = ledger.table.isFree(peer, id) ? id : life.privateId(id);
    const exchange = newExchange({ line, asker: CLIENT, peer, peerId, now, batch, after, prefix });
    if (after !== undefined) after.next = exchange;
    const verdict = ledger.admit(exchange, this.#who(line, exchange.view.modern), now);
    if (verdict === 'pass') this.forward(exchange, now);
  }

  /** Sends a request that has passed the chain and is on record. */
  forward(exchange: Exchange, now: Instant): void {
    const { ledger, life, upstream } = this.#parts;
    const { gone } = life;
    if (gone !== undefined) {
      ledger.settle(exchange, 'upstream_exit', now);
      ledger.replies.refuse(exchange, exitRefusal(gone.kind, gone.text, life.name));
      return;
    }
    tellObservedRequest(this.#parts, exchange, now);
    const { tool } = exchange.view;
    if (tool !== undefined) exchange.deadline = upstream.deadlineOf(tool);
    const { line, peerId, askerId } = exchange;
    if (line === undefined) return;
    if (life.send(peerId === askerId ? line.bytes : replaceId(line, peerId), exchange, now)) return;
    ledger.settle(exchange, 'upstream_exit', now);
    ledger.replies.refuse(exchange, overfullRefusal(life.name));
  }

  /** @returns who asks, as far as it is known */
  whoOf(exchange: Exchange): Attribution {
    const { line, view } = exchange;
    // A request that waits has not been sent, so what it said is still there.
    return line === undefined ? NOBODY : this.#who(line, view.modern);
  }

  #who(line: Line<RequestMessage>, modern: boolean): Attribution {
    const { params, method } = line.message;
    const { handshake, model } = this.#parts;
    const meta = objectAt(params, '_meta');
    return {
      client: modern ? (readClientName(meta) ?? handshake.clientName) : handshake.clientName,
      model: attributeModel(meta, model, handshake.lastSampledModel),
      correlation: readCorrelation(meta),
      subject: method === 'initialize' ? undefined : (stringAt(params, 'name') ?? stringAt(params, 'uri')),
    };
  }

  #recordClient(line: Line<RequestMessage>, now: Instant): void {
    const { params, method } = line.message;
    const revision = stringAt(params, 'protocolVersion') ?? readRevision(objectAt(params, '_meta'));
    const detail = { client: this.#parts.handshake.clientName ?? null, revision: revision ?? null, method };
    this.#parts.ledger.note('client', undefined, detail, now);
  }

  #onNotification(line: Line<NotificationMessage>, now: Instant): void {
    this.#parts.handshake.noteNotification(line);
    if (line.message.method === 'notifications/cancelled') {
      this.#onCancelled(line, now);
      return;
    }
    this.#parts.life.send(line.bytes, undefined, now);
  }

  #onCancelled(line: Line<NotificationMessage>, now: Instant): void {
    const { ledger } = this.#parts;
    const requestId = line.message.params?.requestId;
    const named = typeof requestId === 'string' || typeof requestId === 'number';
    const exchange = named ? ledger.table.byAskerId(CLIENT, requestId) : undefined;
    const wasSent = exchange === undefined || !exchange.waiting;
    if (exchange !== undefined) {
      ledger.settle(exchange, 'cancelled', now);
      ledger.replies.forgo(exchange);
    }
    if (!wasSent) return;
    const span =
      exchange === undefined || exchange.peerId === exchange.askerId
        ? undefined
        : valueSpan(line.text, ['params', 'requestId']);
    const bytes =
      span === undefined ? line.bytes : spliceLine(line, [{ span, replacement: JSON.stringify(exchange?.peerId) }]);
    this.#parts.life.send(bytes, undefined, now);
  }

  /** The client answers what a server asked. */
  #onAnswer(line: Line<ResponseMessage>, now: Instant): void {
    const { ledger, deadlines, handshake } = this.#parts;
    const { id, result, error } = line.message;
    const exchange = ledger.table.byPeerId(CLIENT, id);
    if (exchange?.sent !== true) {
      ledger.table.forget(CLIENT, id);
      this.#parts.dropped('client', undefined, 'no request waits for this answer', now);
      return;
    }
    const code = error?.code;
    if (exchange.view.method === 'sampling/createMessage' && isJsonObject(result)) {
      handshake.lastSampledModel = stringAt(result, 'model') ?? handshake.lastSampledModel;
    }
    const errorCode = typeof code === 'number' ? code : undefined;
    const answer = { line, errorCode, isError: undefined, resultType: undefined, taskId: undefined };
    ledger.settle(exchange, error === undefined ? 'result' : 'error', now, answer);
    deadlines.touchAll(exchange.view.upstream, now.monoMs);
    ledger.replies.answer(exchange, line.bytes, exchange.lastEntry);
  }
}
