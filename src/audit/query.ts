// Intent and outcome joined into one call, as a person asks for it. Pure: knows no file, no terminal, judges no chain.
import type { Json, JsonObject } from '../wire/json.ts';
import { objectAt, stringAt } from '../wire/json.ts';
import type { RecordRef, SettlementKind } from './entry.ts';
import { numberAt, type TrailRecord } from './record.ts';
import { readRef } from './segment-id.ts';
import type { Withheld } from './withheld.ts';

/** A record with its place, and the header of its segment's `open` where that could be read. */
export interface PlacedRecord {
  readonly ref: RecordRef;
  readonly tenant: string;
  readonly record: TrailRecord;
  readonly open: JsonObject | undefined;
}

/** How a call went, in one word: the same in the list, for `--outcome` and in JSON. */
export type CallState =
  | 'ok'
  | 'failed' // a result with isError
  | 'error' // a JSON-RPC error
  | 'denied'
  | 'pending' // no outcome yet, and its guard may still write one
  | 'lost' // no outcome, and its guard is gone: whether it ran is not known
  | 'cancelled'
  | 'timeout'
  | 'exited' // the server ended before it answered, or could not be started
  | 'refused' // the answer was ambiguous and was replaced by an error
  | 'gone' // the session ended before the answer came
  | 'withheld' // an answer came, and whoever asked did not get it
  | 'task';

/** What is known of a record beside its own words. Whoever reads the files answers it. */
export interface Witness {
  /** What does not fit the hash or the commitment, as one lower-case sentence; undefined where all fits. */
  faultOf(placed: PlacedRecord): string | undefined;
  /** May the guard that wrote the record still write an outcome? */
  isAwaited(placed: PlacedRecord): boolean;
}

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
  /** As of a `Call`. */
  readonly fault: string | undefined;
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
  readonly correlation: Readonly<Record<string, string>> | undefined;
  readonly bytes: number | undefined;
  readonly input: PayloadView | undefined;
  /** In the order in which they were written; more than one only for a task. */
  readonly outcomes: readonly OutcomeView[];
  readonly state: CallState;
  /** Whoever asked never got what the last outcome says. */
  readonly withheld: Withheld | undefined;
  /** Why the intent's record is not what was written, where that shows in the record itself; `verify` judges the chain. */
  readonly fault: string | undefined;
  readonly header: JsonObject;
}

/** Settlements that tell the whole outcome. */
const SETTLED: ReadonlyMap<string, CallState> = new Map<SettlementKind, CallState>([
  ['cancelled', 'cancelled'],
  ['timeout', 'timeout'],
  ['upstream_exit', 'exited'],
  ['refused', 'refused'],
  ['client_gone', 'gone'],
  ['session_ended', 'gone'],
]);

function stateOf(decision: string | undefined, last: OutcomeView | undefined, isAwaited: () => boolean): CallState {
  if (last === undefined) return decision === 'deny' ? 'denied' : isAwaited() ? 'pending' : 'lost';
  if (last.settlement === 'error' || last.errorCode !== undefined) return 'error';
  if (last.isError === true) return 'failed';
  return SETTLED.get(last.settlement) ?? (announcesTask(last) ? 'task' : 'ok');
}

/** An answer that only announces a task is not yet the end of the call. */
export function announcesTask({ settlement, resultType }: OutcomeView): boolean {
  return settlement === 'result' && resultType === 'task';
}

/** The last moment that a `Date` holds, in milliseconds since the epoch (ECMA-262, section 21.4.1.1). */
const LAST_MS = 8.64e15;

/** A record's time; 0 where what stands there is none. attacker-controlled. */
export function timeAt(header: JsonObject): number {
  const at = numberAt(header, 'at');
  return at !== undefined && Number.isInteger(at) && Math.abs(at) <= LAST_MS ? at : 0;
}

/** The members that are strings; a guard writes no other. attacker-controlled. */
function stringsAt(header: JsonObject, key: string): Readonly<Record<string, string>> | undefined {
  const object = objectAt(header, key);
  if (object === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

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

export function viewOutcome(placed: PlacedRecord, witness: Witness): OutcomeView {
  const { ref, record } = placed;
  const { header } = record;
  return {
    ref,
    at: timeAt(header),
    settlement: stringAt(header, 'settlement') ?? 'unknown',
    errorCode: numberAt(header, 'errorCode'),
    isError: typeof header.isError === 'boolean' ? header.isError : undefined,
    resultType: stringAt(header, 'resultType'),
    taskId: stringAt(header, 'taskId'),
    durationMs: numberAt(header, 'durationMs'),
    bytes: numberAt(header, 'bytes'),
    output: viewPayload(record),
    fault: witness.faultOf(placed),
    header,
  };
}

/** The intent that an outcome belongs to; undefined where that was never written. */
export function intentOf(outcome: TrailRecord): RecordRef | undefined {
  const text = stringAt(outcome.header, 'intent');
  return text === undefined ? undefined : readRef(text);
}

export function viewCall(
  placed: PlacedRecord,
  outcomes: readonly OutcomeView[],
  witness: Witness,
  withheld?: Withheld,
): Call {
  const { ref, tenant, record, open } = placed;
  const { header } = record;
  const decision = stringAt(header, 'decision');
  return {
    ref,
    tenant,
    session: stringAt(open, 'session'),
    principal: stringAt(open, 'principal'),
    at: timeAt(header),
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
    correlation: stringsAt(header, 'correlation'),
    bytes: numberAt(header, 'bytes'),
    input: viewPayload(record),
    outcomes,
    state: withheld === undefined ? stateOf(decision, outcomes.at(-1), () => witness.isAwaited(placed)) : 'withheld',
    withheld,
    fault: witness.faultOf(placed),
    header,
  };
}

/** A line that was refused before anybody could read it: it has no method, no tool, and an id only by luck. */
export function isUnread(call: Call): boolean {
  // The method alone could be a client's own word.
  return call.method === 'unread' && call.rule === 'strict' && call.decision === 'deny';
}

/** The tool that was called; undefined for every other request. attacker-controlled. */
export function toolOf(call: Call): string | undefined {
  return call.method === 'tools/call' ? call.subject : undefined;
}

/** The first fault of the intent or of an outcome. */
export function faultOf(call: Call): string | undefined {
  return call.fault ?? call.outcomes.find(({ fault }) => fault !== undefined)?.fault;
}
