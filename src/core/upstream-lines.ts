// What a server sends: answers matched to exactly one open exchange, its own questions through the chain, notifications.
// attacker-controlled throughout: what belongs to nothing is dropped and counted, never delivered.
import { type AuditEntry, type IntentEntry, showRef } from '../audit/entry.ts';
import type { Instant } from '../ports/clock.ts';
import { isJsonObject } from '../wire/json.ts';
import type { Line, NotificationMessage, RequestMessage, ResponseMessage } from '../wire/message.ts';
import { cancelledLine, errorLine, INVALID_REQUEST } from '../wire/reply.ts';
import { replaceId } from '../wire/splice.ts';
import { ambiguousAnswer, deadlineRefusal, type Refusing } from './denial.ts';
import { type Answer, NO_ANSWER } from './entries.ts';
import type { RefusedLine, UpstreamId } from './events.ts';
import { CLIENT, type Exchange } from './exchange.ts';
import { borrowsGuardName } from './guard-voice.ts';
import type { Narrowing } from './interceptor.ts';
import { narrowLine } from './narrow-line.ts';
import { newExchange, tokenOf } from './new-exchange.ts';
import { isObservedOnly, tellObservedRequest } from './observed.ts';
import { readAnswer, taskFailed, whoAsks } from './read-upstream.ts';
import { RepeatedLists } from './repeated-lists.ts';
import type { SessionParts } from './session-parts.ts';
import { tellRefused } from './undelivered.ts';

const MOST_DEAD_TOKENS = 256;
const NONE: readonly Narrowing[] = [];

export class UpstreamLines {
  readonly #parts: SessionParts;
  /** Progress tokens of requests that the guard has given up: clients tear the pipe down on a token they do not know. */
  readonly #deadTokens = new Set<string | number>();
  readonly #lists = new RepeatedLists();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  onLine(upstream: UpstreamId, line: Line, now: Instant): void {
    const { message } = line;
    this.#parts.ledger.hear(upstream);
    // `line.message` has just been narrowed; the line around it has not.
    if (message.kind === 'response') this.#onAnswer(upstream, line as Line<ResponseMessage>, now);
    else if (message.kind === 'notification') this.#onNotification(upstream, line as Line<NotificationMessage>, now);
    else this.#onQuestion(upstream, line as Line<RequestMessage>, now);
  }

  /** An ambiguous line. Where it surely answers an open request, that one is told; nobody is left waiting. */
  onRefused(upstream: UpstreamId, { refusal, bytes, payload }: RefusedLine, now: Instant): void {
    const { ledger } = this.#parts;
    const isTold = tellRefused(this.#parts, upstream, { refusal, bytes }, now);
    if (refusal.id === undefined) return;
    if (refusal.shape === 'request') {
      // It can repeat this for ever: its own input may not fill with answers that it never reads.
      if (!isTold) return;
      const answer = errorLine(refusal.id, INVALID_REQUEST, `refused by mcp-guard: ${refusal.detail}`, {
        reason: refusal.code,
      });
      this.#parts.life.send(answer, undefined, now);
      return;
    }
    const exchange = ledger.table.byPeerId(upstream, refusal.id);
    if (exchange === undefined || refusal.shape !== 'response') return;
    ledger.settle(exchange, 'refused', now, { ...NO_ANSWER, line: payload });
    if (exchange.internal) this.#parts.life.onInternalAnswer(exchange, false, now);
    ledger.replies.refuse(exchange, ambiguousAnswer(upstream, refusal.detail));
  }

  #onAnswer(upstream: UpstreamId, line: Line<ResponseMessage>, now: Instant): void {
    const { ledger } = this.#parts;
    const exchange = ledger.table.byPeerId(upstream, line.message.id);
    if (exchange === undefined) {
      const late = ledger.table.forget(upstream, line.message.id);
      if (late !== undefined) ledger.chain.late(late, now);
      this.#parts.dropped('server', upstream, 'no open request has this id', now);
      return;
    }
    if (!exchange.sent) {
      this.#parts.dropped('server', upstream, 'the request that it answers was never sent', now);
      return;
    }
    const answer = readAnswer(exchange, line);
    const narrowings = exchange.internal ? NONE : this.#narrowingsOf(exchange, line, now);
    const ends = this.#settleTasks(upstream, exchange, line, answer, now);
    ledger.settle(exchange, line.message.error === undefined ? 'result' : 'error', now, { ...answer, ends });
    if (exchange.view.method === 'initialize' && line.message.error === undefined)
      this.#parts.handshake.noteAccepted(line);
    if (exchange.internal) {
      this.#parts.life.onInternalAnswer(exchange, line.message.error === undefined, now);
      return;
    }
    const { intent } = exchange;
    if (answer.taskId !== undefined && intent !== undefined) this.#parts.tasks.open(upstream, answer.taskId, intent);
    this.#deliver(exchange, line, narrowings, now);
  }

  #narrowingsOf(exchange: Exchange, line: Line<ResponseMessage>, now: Instant): readonly Narrowing[] {
    const narrowings = this.#askChain(exchange, line, now);
    const seen = narrowings.filter(isObservedOnly);
    if (seen.length === 0) return narrowings;
    const { upstream, method } = exchange.view;
    const record = showRef(exchange.intent?.ref);
    for (const one of seen) this.#parts.observed(upstream, { ...one, method, record }, now);
    return narrowings.filter((one) => !isObservedOnly(one));
  }

  #askChain({ view, progress }: Exchange, line: Line<ResponseMessage>, now: Instant): readonly Narrowing[] {
    const { result, error } = line.message;
    const { chain } = this.#parts.ledger;
    if (error !== undefined) return chain.respond(progress, (one) => one.onError?.(view, error, now));
    if (!isJsonObject(result)) return NONE;
    const repeat = this.#lists.markOf(view.upstream, view.method, result);
    return chain.respond(progress, (one) => one.onResponse?.(view, result, now, repeat));
  }

  /** INVARIANT: what a policy takes out of a result is taken out, or none of it is delivered. */
  #deliver(exchange: Exchange, line: Line<ResponseMessage>, narrowings: readonly Narrowing[], now: Instant): void {
    const { ledger } = this.#parts;
    const refused = narrowings.find((one) => one.kind === 'refuse');
    if (refused !== undefined) {
      this.#withhold(exchange, refused.deny, now);
      return;
    }
    const id = exchange.peerId === exchange.askerId ? undefined : exchange.askerId;
    if (narrowings.length === 0) {
      ledger.replies.answer(exchange, id === undefined ? line.bytes : replaceId(line, id), exchange.lastEntry);
      return;
    }
    const narrowed = ledger.chain.faults.attempt('narrowing', () => narrowLine(line, narrowings, id));
    if (Buffer.isBuffer(narrowed)) ledger.replies.answer(exchange, narrowed, exchange.lastEntry);
    else this.#withhold(exchange, narrowed, now);
  }

  #withhold(exchange: Exchange, refusing: Refusing, now: Instant): void {
    const { ledger } = this.#parts;
    const { lastEntry, intent, view } = exchange;
    const { upstream, method } = view;
    const { rule = 'guard', reason } = refusing;
    const ended = lastEntry?.type === 'outcome' ? lastEntry.ends : undefined;
    // of a task's end, the call that began it, too
    for (const one of ended === undefined ? [intent] : [intent, ended])
      ledger.note('answer_denied', upstream, { method, rule, reason, record: showRef(one?.ref) }, now);
    ledger.replies.refuse(exchange, refusing);
  }

  /** @returns the call whose task ended with this */
  #settleTasks(
    upstream: UpstreamId,
    exchange: Exchange,
    line: Line<ResponseMessage>,
    answer: Answer,
    now: Instant,
  ): IntentEntry | undefined {
    const { method, params } = exchange.view;
    if (!method.startsWith('tasks/')) return undefined;
    const { tasks, ledger } = this.#parts;
    const end = tasks.endedByAnswer(upstream, method, params, line.message);
    if (end !== undefined) ledger.settleTask(end, now, { ...answer, line, isError: taskFailed(line) });
    return end?.intent;
  }

  #onNotification(upstream: UpstreamId, line: Line<NotificationMessage>, now: Instant): void {
    const { ledger, deadlines, tasks } = this.#parts;
    const { method, params } = line.message;
    let needs: AuditEntry | undefined;
    // INVARIANT: what stands under the guard's name is the guard's
    if (borrowsGuardName(line.message)) {
      this.#parts.dropped('server', upstream, 'it speaks under the name of the guard', now);
      return;
    }
    if (method === 'notifications/progress') {
      const token = tokenOf(params);
      if (token !== undefined) {
        const exchange = ledger.table.byProgressToken(CLIENT, token);
        if (exchange !== undefined) deadlines.touch(exchange, now.monoMs);
        else if (this.#deadTokens.has(token)) return;
      }
    } else if (method === 'notifications/cancelled') {
      const id = params?.requestId;
      const question =
        typeof id === 'string' || typeof id === 'number' ? ledger.table.byAskerId(upstream, id) : undefined;
      if (question !== undefined) {
        ledger.settle(question, 'cancelled', now);
        ledger.replies.forgo(question);
      }
    } else {
      const end = tasks.endedByNotification(upstream, method, params);
      if (end !== undefined)
        needs = ledger.settleTask(end, now, { ...NO_ANSWER, line, resultType: 'task', taskId: end.taskId });
      const heard = ledger.chain.listens ? ledger.chain.hears({ upstream, method, params }, now) : 'pass';
      if (heard === 'drop') {
        this.#parts.dropped('server', upstream, 'a policy keeps this notification back', now);
        return;
      }
      if (heard !== 'pass') {
        this.#parts.observed(upstream, { what: 'notification', method, subject: method, observed: heard }, now);
      }
    }
    ledger.push({ type: 'to_client', bytes: line.bytes, needs, batch: undefined });
  }

  /** A server asks the client: sampling, elicitation, roots, ping, tasks of the client. */
  #onQuestion(upstream: UpstreamId, line: Line<RequestMessage>, now: Instant): void {
    const { ledger, handshake } = this.#parts;
    if (handshake.era === 'modern') {
      this.#parts.dropped('server', upstream, 'in revision 2026-07-28 a server may not send requests', now);
      return;
    }
    const { id } = line.message;
    if (ledger.table.byPeerId(CLIENT, id) !== undefined) {
      // Not answered: under that id an error would end the request that is open.
      this.#parts.dropped('server', upstream, 'it reuses the id of a request that is still open', now);
      return;
    }
    const exchange = newExchange({ line, asker: upstream, peer: CLIENT, peerId: id, now });
    if (ledger.admit(exchange, whoAsks(line, handshake.clientName), now) === 'pass') this.forward(exchange, now);
  }

  forward(exchange: Exchange, now: Instant): void {
    const { line, intent } = exchange;
    if (line === undefined) return;
    tellObservedRequest(this.#parts, exchange, now);
    this.#parts.ledger.push({ type: 'to_client', bytes: line.bytes, needs: intent, batch: undefined });
    this.#parts.ledger.markSent(exchange, now);
  }

  /** The guard waits no longer: the client is answered first, then the server is told. */
  onDue(exchange: Exchange, kind: 'idle' | 'hard', waitedMs: number, now: Instant): void {
    const { ledger } = this.#parts;
    const { upstream } = exchange.view;
    if (!ledger.settle(exchange, 'timeout', now)) return;
    if (exchange.internal) {
      this.#parts.life.onInternalAnswer(exchange, false, now);
      return;
    }
    ledger.replies.refuse(exchange, deadlineRefusal(kind, waitedMs, upstream));
    if (exchange.progressToken !== undefined) this.#bury(exchange.progressToken);
    this.#parts.life.send(cancelledLine(exchange.peerId, 'mcp-guard: deadline exceeded'), undefined, now);
  }

  #bury(token: string | number): void {
    if (this.#deadTokens.size >= MOST_DEAD_TOKENS) {
      const oldest = this.#deadTokens.values().next();
      if (oldest.done !== true) this.#deadTokens.delete(oldest.value);
    }
    this.#deadTokens.add(token);
  }
}
