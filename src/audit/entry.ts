// What the session has to say for the record: values, before they become bytes. Knows no file, no hash, no format.
import type { Instant } from '../ports/clock.ts';
import type { JsonScalar } from '../wire/json.ts';
import type { RequestId } from '../wire/message.ts';

/** Names one record for ever: shown as `<segment>:<seq>`. */
export interface RecordRef {
  readonly segment: string;
  readonly seq: number;
}

/** The exact line that an entry commits to. */
export interface Payload {
  /** The line as it was received, with or without its LF. */
  readonly bytes: Buffer;
  /** The same, decoded and without its LF. */
  readonly text: string;
}

/** Which model asked, and who says so. MCP carries no model id: `id` is null unless somebody said one. */
export interface ModelSource {
  readonly id: string | null;
  readonly source:
    | 'codex_turn_metadata'
    | 'ai_invocation'
    | 'configured_meta'
    | 'baggage'
    | 'operator'
    | 'inferred'
    | 'unknown';
}

interface EntryBase {
  readonly at: Instant;
  /** Set by the sink when it takes the entry; undefined before. */
  ref: RecordRef | undefined;
}

/** A request, before it leaves (decision `pass`), or instead of leaving (decision `deny`). */
export interface IntentEntry extends EntryBase {
  readonly type: 'intent';
  /** Who sent the request. */
  readonly asked: 'client' | 'server';
  readonly server: string;
  readonly rpcId: RequestId;
  readonly method: string;
  /** Tool name, prompt name or resource URI. attacker-controlled. */
  readonly subject: string | undefined;
  /** `observe`: a rule denied it, but the server is in observe mode and it went out. */
  readonly decision: 'pass' | 'deny' | 'observe';
  /** The rule that decided, where one did: `scope.files.grants[2]`. */
  readonly rule: string | undefined;
  readonly reason: string | undefined;
  /** `name/version` as the client calls itself; unverified. */
  readonly client: string | undefined;
  readonly model: ModelSource;
  /** Keys worth keeping to find the same call elsewhere: traceparent, claudecode/toolUseId … */
  readonly correlation: Readonly<Record<string, string>> | undefined;
  /** Size of the line on the wire, without its LF. */
  readonly bytes: number;
  /** Recorded for `tools/call` (and denials); absent for other requests, and let go once it is written. */
  payload: Payload | undefined;
}

/** How an exchange ended. Exactly one for each intent that was passed. */
export type SettlementKind =
  | 'result' // a JSON-RPC result came back (isError says whether the tool failed)
  | 'error' // a JSON-RPC error came back
  | 'cancelled' // by the side that asked
  | 'timeout' // the guard's deadline
  | 'upstream_exit' // the server ended with the exchange open
  | 'refused' // the answer was ambiguous and was replaced by an error
  | 'client_gone' // the client left before the answer came
  | 'session_ended' // the guard ended the session before the answer came
  | 'task'; // the terminal payload of a task that an earlier outcome announced

export interface OutcomeEntry extends EntryBase {
  readonly type: 'outcome';
  readonly intent: IntentEntry;
  readonly settlement: SettlementKind;
  /** The code of a JSON-RPC error. */
  readonly errorCode: number | undefined;
  /** `isError` of a tool's result; undefined where the settlement is no result of a call. */
  readonly isError: boolean | undefined;
  /** `complete`, `input_required`, `task`, or `task` for a 2025-11-25 CreateTaskResult. */
  readonly resultType: string | undefined;
  readonly taskId: string | undefined;
  readonly durationMs: number;
  readonly bytes: number;
  readonly payload: Payload | undefined;
  /** The call whose task ended with this answer; not on record: who holds the answer back says so of that call, too. */
  readonly ends?: IntentEntry;
}

/** Anything else worth keeping: a client's name, a server's start and end, a refused line, a dropped answer. */
export interface EventEntry extends EntryBase {
  readonly type: 'event';
  readonly name:
    | 'client' // initialize: name, version, protocol revision
    | 'server_started'
    | 'server_exited'
    | 'line_refused'
    | 'answer_dropped'
    | 'answer_denied' // a policy refused a result: which request, by which rule
    | 'noise'
    | 'restart'
    | 'config'
    | 'breaker' // one transition, as transition-record.ts of the policy writes it
    | 'breaker_order' // what a person asked of a breaker, before it is done; and that it failed or changed nothing
    | 'breaker_fleet' // the store that a fleet shares its openings over is away, or back
    | 'lock' // a config was locked at its first use, or a lock was seen for the first time
    | 'drift' // a definition is not the approved one
    | 'observed' // a rule would have hidden, withheld or dropped this, and the server is only observed
    | 'approval' // what a person approved, before it is done; what came of it, and what each server gained
    | 'limits' // the store that limits are counted in is away, or back; what a person asked of the counts
    | 'tenant' // what a person did with a tenant, or ended of it; that a session ended for it, or did not start; another's canary; what its gate said
    | 'auth' // who a session is, that a start was refused and why, and that an identity is over
    | 'token' // what a person asked of the guard tokens, before it is done; what came of it
    | 'pause'; // break-glass: what a person asked for, and that a session heeds it or has ceased to
  readonly server: string | undefined;
  readonly detail: Readonly<Record<string, JsonScalar>>;
}

export type AuditEntry = IntentEntry | OutcomeEntry | EventEntry;

export function showRef(ref: RecordRef | undefined): string {
  return ref === undefined ? 'unrecorded' : `${ref.segment}:${ref.seq}`;
}
