// Makes the record entries of an exchange: the intent before it leaves, the outcome when it ends. Pure; writes nothing.
import type { IntentEntry, ModelSource, OutcomeEntry, Payload, SettlementKind } from '../audit/entry.ts';
import type { Instant } from '../ports/clock.ts';
import type { RefusedLine, UpstreamId } from './events.ts';
import type { Exchange } from './exchange.ts';
import type { Deny, Pass } from './interceptor.ts';

/** What is known of who asks, at the time of asking. */
export interface Attribution {
  readonly client: string | undefined;
  readonly model: ModelSource;
  readonly correlation: Readonly<Record<string, string>> | undefined;
  readonly subject: string | undefined;
}

/** What came back, as far as the record tells outcomes apart. */
export interface Answer {
  /** What came back; kept in the record of a call. */
  readonly line: Payload | undefined;
  readonly errorCode: number | undefined;
  readonly isError: boolean | undefined;
  readonly resultType: string | undefined;
  readonly taskId: string | undefined;
  /** As the server says it, with the task. */
  readonly taskTtlMs?: number | undefined;
  /** The call whose task it ends. */
  readonly ends?: IntentEntry | undefined;
}

export const NO_ANSWER: Answer = {
  line: undefined,
  errorCode: undefined,
  isError: undefined,
  resultType: undefined,
  taskId: undefined,
};

/** Bytes of what came back, without the LF; 0 where nothing did. */
export function lengthOf({ line }: Answer): number {
  return line === undefined ? 0 : line.bytes.length - 1;
}

export function intentOf(exchange: Exchange, who: Attribution, now: Instant, verdict: Pass | Deny): IntentEntry {
  const { view, line } = exchange;
  const isCall = view.tool !== undefined;
  const denial = verdict.kind === 'deny' ? verdict : undefined;
  const ruling = denial ?? (verdict.kind === 'pass' ? verdict.observed : undefined);
  return {
    type: 'intent',
    at: now,
    ref: undefined,
    asked: view.asked,
    server: view.upstream,
    rpcId: exchange.askerId,
    method: view.method,
    subject: who.subject,
    decision: denial !== undefined ? 'deny' : ruling === undefined ? 'pass' : 'observe',
    rule: ruling?.rule,
    reason: ruling?.reason,
    client: who.client,
    model: who.model,
    correlation: who.correlation,
    bytes: line === undefined ? 0 : line.bytes.length - 1,
    payload: isCall || denial !== undefined ? line : undefined,
  };
}

export function outcomeOf(
  intent: IntentEntry,
  settlement: SettlementKind,
  now: Instant,
  durationMs: number,
  answer: Answer,
): OutcomeEntry {
  const { line } = answer;
  const payload: Payload | undefined = intent.method === 'tools/call' ? line : undefined;
  return {
    type: 'outcome',
    at: now,
    ref: undefined,
    intent,
    settlement,
    errorCode: answer.errorCode,
    isError: answer.isError,
    resultType: answer.resultType,
    taskId: answer.taskId,
    durationMs,
    bytes: lengthOf(answer),
    payload,
    ...(answer.ends === undefined ? {} : { ends: answer.ends }),
  };
}

/** A line of the client that was refused before anybody could ask a policy: a denial like any other, by the rule `strict`. */
export function refusedIntent(refused: RefusedLine, server: UpstreamId, who: Attribution, now: Instant): IntentEntry {
  const { refusal, bytes, payload } = refused;
  return {
    type: 'intent',
    at: now,
    ref: undefined,
    asked: 'client',
    server,
    rpcId: refusal.id ?? '',
    method: 'unread',
    subject: undefined,
    decision: 'deny',
    rule: 'strict',
    reason: refusal.code,
    client: who.client,
    model: who.model,
    correlation: undefined,
    bytes,
    payload,
  };
}
