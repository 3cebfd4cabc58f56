// Intent and outcome joined into one call, as a person asks for it. Pure: knows no file, no terminal, judges no chain.
import type { Json, JsonObject } from '../wire/json.ts';
import { objectAt, stringAt } from '../wire/json.ts';
import type { RecordRef } from './entry.ts';
import { numberAt, type TrailRecord } from './record.ts';
import { readRef } from './segment-id.ts';

/** A record with its place, and the header of its segment's `open` where that could be read. */
export interface PlacedRecord {
  readonly ref: RecordRef;
  readonly tenant: string;
  readonly record: TrailRecord;
  readonly open: JsonObject | undefined;
}

/** How a call went, in one word. */
export type CallState =
  | 'ok'
  | 'tool_error' // a result with isError
  | 'error' // a JSON-RPC error
  | 'denied'
  | 'pending' // no outcome (yet): look at whether its guard lives
  | 'cancelled'
  | 'timeout'
  | 'upstream_exit'
  | 'refused'
  | 'client_gone'
  | 'task';

/** What a record keeps of a payload. All text is attacker-controlled and not yet inert for a terminal. */
export interface PayloadView {
  readonly form: 'line' | 'text' | 'file' | 'digest' | 'off' | 'removed';
  /** The line, or what it says as text; undefined where it is not in the record. */
  readonly text: string | undefined;
  readonly digest: string | undefined;
  readonly salt: string | undefined;
}

export interface OutcomeView {
  readonly ref: RecordRef;
  readonly at: number;
  readonly settlement: string;
  readonly errorCode: number | undefined;
  readonly isError: boolean | undefined;
  readonly resultType: string | undefined;
  readonly taskId: string | undefined;
  readonly durationMs: number | undefined;
  readonly bytes: number | undefined;
  readonly output: PayloadView | undefined;
  readonly header: JsonObject;
}

/** One request on record, with everything that is known of it. Names and texts are attacker-controlled. */
export interface Call {
  readonly ref: RecordRef;
  readonly tenant: string;
  readonly session: string | undefined;
  readonly principal: string | undefined;
  readonly at: number;
  readonly asked: string | undefined;
  readonly server: string;
  readonly method: string;
  readonly subject: string | undefined;
  readonly decision: string | undefined;
  readonly rule: string | undefined;
  readonly reason: string | undefined;
  readonly client: string | undefined;
  readonly model: string | undefined;
  readonly modelSource: string | undefined;
  readonly rpcId: Json | undefined;
  readonly correlation: JsonObject | undefined;
  readonly bytes: number | undefined;
  readonly input: PayloadView | undefined;
  /** In the order in which they were written; more than one only for a task. */
  readonly outcomes: readonly OutcomeView[];
  readonly state: CallState;
  readonly header: JsonObject;
}

const SETTLED: ReadonlySet<string> = new Set<CallState>([
  'cancelled',
  'timeout',
  'upstream_exit',
  'refused',
  'client_gone',
  'task',
]);
const isSettledState = (word: string): word is CallState => SETTLED.has(word);

function stateOf(decision: string | undefined, last: OutcomeView | undefined): CallState {
  if (last === undefined) return decision === 'deny' ? 'denied' : 'pending';
  if (last.settlement === 'error' || last.errorCode !== undefined) return 'error';
  if (last.isError === true) return 'tool_error';
  return isSettledState(last.settlement) && last.settlement !== 'task' ? last.settlement : taskOrOk(last);
}

/** An answer that only announces a task is not yet the end of the call. */
const taskOrOk = (last: OutcomeView): CallState =>
  last.settlement === 'result' && last.resultType === 'task' ? 'task' : 'ok';

export function viewPayload(record: TrailRecord): PayloadView | undefined {
  const { header, payloadText, salt } = record;
  const form = stringAt(header, 'p');
  if (form === undefined) return undefined;
  const digest = stringAt(header, header.type === 'intent' ? 'in' : 'out');
  if (form === 'off' || form === 'digest') return { form, text: undefined, digest, salt };
  if (payloadText === undefined) return { form: 'removed', text: undefined, digest, salt };
  if (form === 'file') return { form, text: undefined, digest, salt };
  return form === 'line'
    ? { form, text: payloadText, digest, salt }
    : { form: 'text', text: said(payloadText), digest, salt };
}

function said(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

export function viewOutcome({ ref, record }: PlacedRecord): OutcomeView {
  const { header } = record;
  return {
    ref,
    at: numberAt(header, 'at') ?? 0,
    settlement: stringAt(header, 'settlement') ?? 'unknown',
    errorCode: numberAt(header, 'errorCode'),
    isError: typeof header.isError === 'boolean' ? header.isError : undefined,
    resultType: stringAt(header, 'resultType'),
    taskId: stringAt(header, 'taskId'),
    durationMs: numberAt(header, 'durationMs'),
    bytes: numberAt(header, 'bytes'),
    output: viewPayload(record),
    header,
  };
}

/** The intent that an outcome belongs to; undefined where that was never written. */
export function intentOf(outcome: TrailRecord): RecordRef | undefined {
  const text = stringAt(outcome.header, 'intent');
  return text === undefined ? undefined : readRef(text);
}

export function viewCall({ ref, tenant, record, open }: PlacedRecord, outcomes: readonly OutcomeView[]): Call {
  const { header } = record;
  const decision = stringAt(header, 'decision');
  return {
    ref,
    tenant,
    session: stringAt(open, 'session'),
    principal: stringAt(open, 'principal'),
    at: numberAt(header, 'at') ?? 0,
    asked: stringAt(header, 'asked'),
    server: stringAt(header, 'server') ?? '',
    method: stringAt(header, 'method') ?? '',
    subject: stringAt(header, 'subject'),
    decision,
    rule: stringAt(header, 'rule'),
    reason: stringAt(header, 'reason'),
    client: stringAt(header, 'client'),
    model: stringAt(header, 'model'),
    modelSource: stringAt(header, 'modelSource'),
    rpcId: header.id,
    correlation: objectAt(header, 'correlation'),
    bytes: numberAt(header, 'bytes'),
    input: viewPayload(record),
    outcomes,
    state: stateOf(decision, outcomes.at(-1)),
    header,
  };
}
