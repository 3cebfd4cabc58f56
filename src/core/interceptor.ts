// The contract of one policy: what it is asked, what it may answer. Pure and synchronous; it never sees raw bytes,
// never changes a method, an id or a tool name, and never waits: what must wait says so and is resumed.
import type { Instant } from '../ports/clock.ts';
import type { JsonObject, JsonScalar } from '../wire/json.ts';
import type { UpstreamId } from './events.ts';

/** A request as a policy may see it. attacker-controlled in every field but `upstream` and `asked`. */
export interface RequestView {
  /** Who sent it: a client's call, or a server's wish (sampling, elicitation, roots). */
  readonly asked: 'client' | 'server';
  readonly upstream: UpstreamId;
  readonly method: string;
  /** The tool of a `tools/call`; undefined for every other method. */
  readonly tool: string | undefined;
  /** Gone once the request is sent: `onSettle` sees only those of `tasks/*`. */
  params: JsonObject | undefined;
  /** The request carries the 2026-07-28 revision in its `_meta`. */
  readonly modern: boolean;
  /** Length of its line, without the LF. INVARIANT: a session always says it. */
  readonly bytes?: number;
  /** Behind a gateway: what the client has before every name of a tool or prompt. For texts alone: no rule and no record knows it. */
  readonly prefix?: string | undefined;
}

export interface Pass {
  readonly kind: 'pass';
  /** A rule denies this, and it goes out all the same. */
  readonly observed?: Observed;
}

/** A rule stops this, but its server is only observed, or paused by a person: it goes on, and the record says so. */
export interface Observed {
  readonly rule: string;
  readonly reason: string;
  readonly by: 'observe' | 'pause';
}

export interface Deny {
  readonly kind: 'deny';
  /** Stable word: `rate_limited`, `guard_fault` … (docs/errors.md). */
  readonly reason: string;
  /** Which rule decided: `concurrency.maxInFlight`. */
  readonly rule: string;
  /** One or two sentences for the model: what was refused, why, what would be allowed. */
  readonly text: string;
  readonly retryAfterMs: number | undefined;
  /**
   * The asker gets this plain JSON-RPC error instead of the text, and nothing that tells it from a server's own: what is not
   * granted does not exist.
   */
  readonly error?: { readonly code: number; readonly message: string };
}

/** Something outside must answer first. The session resumes at this interceptor when it has. */
export interface Wait {
  readonly kind: 'wait';
  readonly why: string;
}

export type Verdict = Pass | Deny | Wait;

export const PASS: Pass = { kind: 'pass' };

/** How an exchange that an interceptor passed came to its end. */
export type Settlement =
  | 'result'
  | 'error'
  | 'denied'
  | 'cancelled'
  | 'timeout'
  | 'upstream_exit'
  | 'refused'
  | 'client_gone'
  | 'session_ended'
  | 'unrecorded';

/** An end, as much as a policy may know of it. attacker-controlled: what the server answered. */
export interface Settled {
  readonly settlement: Settlement;
  /** The code of a JSON-RPC error; undefined where there was none, or none that is a number. */
  readonly errorCode: number | undefined;
  readonly isError: boolean | undefined;
  readonly resultType: string | undefined;
  /** The task that a result announces. */
  readonly taskId: string | undefined;
  /** Since it was sent: what the guard held is not the server's doing. */
  readonly durationMs: number;
  /** The server has sent anything at all since this request left. */
  readonly heard: boolean;
  /** Length of the line that came back, without the LF; 0 where none did. INVARIANT: a session always says it. */
  readonly answerBytes?: number;
  /** Of a task's end: the line is the answer to a request, too, which settles next. */
  readonly isAnswer?: boolean;
  /** How long the server says that it keeps the task that a result announces, in ms. attacker-controlled */
  readonly taskTtlMs?: number | undefined;
}

export type ResultPath = readonly (string | number)[];

/** What is taken out of a result before it is delivered. Paths begin at the result; there is no way to add. */
export type Narrowing =
  /** Elements of the array at `array`. */
  | { readonly kind: 'remove'; readonly array: ResultPath; readonly indexes: readonly number[] }
  /** One member of an object. */
  | { readonly kind: 'drop'; readonly path: ResultPath }
  /** The whole answer: the asker gets the refusal instead. */
  | { readonly kind: 'refuse'; readonly deny: Deny }
  /** Nothing: what would have been taken out, had the server not only been observed. For the record. */
  | {
      readonly kind: 'observed';
      readonly what: 'list' | 'capabilities' | 'answer';
      /** What would be gone, in words for a person. attacker-controlled. */
      readonly subject: string;
      readonly observed: Observed;
      readonly detail: Readonly<Record<string, JsonScalar>>;
    };

/** A notification of a server. attacker-controlled in every field but `upstream`. */
export interface NotificationView {
  readonly upstream: UpstreamId;
  readonly method: string;
  readonly params: JsonObject | undefined;
}

/** A held request that need not be held any longer. */
export interface Resumption {
  readonly request: RequestView;
  readonly outcome: 'go' | 'refused';
}

/** The lists that a client may be told of as changed. */
export type ListName = 'tools' | 'prompts' | 'resources';
export const LIST_NAMES: readonly ListName[] = ['tools', 'prompts', 'resources'];

export interface ChangedList {
  readonly upstream: UpstreamId;
  readonly list: ListName;
}

/** Which list this is: told apart by `===`. INVARIANT: no two sessions give the same mark; policies may outlive a session. */
export type RepeatMark = symbol | number;

export interface Interceptor {
  /** The name in rules, records and the order test. */
  readonly name: string;
  /**
   * `onRequest` counts nothing and takes nothing: who has passed it and waited behind it is asked about once more before it goes on,
   * since another policy may hold by now.
   */
  readonly asksAgain?: true;
  /** Asked first to last. A throw denies (`guard_fault`). */
  onRequest?(request: RequestView, now: Instant): Verdict;
  /** After a wait: the outcome, instead of asking again. */
  onWaited?(request: RequestView, outcome: 'go' | 'refused', now: Instant): Verdict;
  /** Instead of `onWaited`: a request that this interceptor holds has ended (cancelled, its server gone). */
  onAbandoned?(request: RequestView, now: Instant): void;
  /** A request that this interceptor passed has left for the other side, which is not sure before: a server may be away. */
  onSent?(request: RequestView, now: Instant): void;
  /**
   * A result that comes back, before it is settled. A throw refuses it (`guard_fault`).
   *
   * @param repeat of a long list: equal marks, the same result of the same server to the same method
   */
  onResponse?(
    request: RequestView,
    result: JsonObject,
    now: Instant,
    repeat?: RepeatMark,
  ): readonly Narrowing[] | undefined;
  /** An error that comes back, before it is settled: as `onResponse`, but there is nothing in it to take out. attacker-controlled */
  onError?(request: RequestView, error: JsonObject, now: Instant): readonly Narrowing[] | undefined;
  /** A notification of a server, before it is delivered. A throw drops it. */
  onNotification?(note: NotificationView, now: Instant): 'pass' | 'drop' | Observed;
  /** INVARIANT: exactly once for each request that this interceptor was asked about and did not itself deny; last to first. */
  onSettle?(request: RequestView, settled: Settled, now: Instant): void;
  /**
   * A server has answered a request that was sent and had settled as `cancelled` or `timeout`: it is at work on it no longer. At most
   * once, and not for each: who obeys a cancellation answers nothing.
   */
  onLateAnswer?(request: RequestView, now: Instant): void;
  /**
   * A server has ended, or could not be started, and nobody asked it to. Once for each exit, before its requests settle.
   * @param how `code 1`, `signal SIGKILL`, or why it could not be started
   */
  onExit?(upstream: UpstreamId, now: Instant, how: string): void;
  /** A server that had ended takes requests again (`back`), or never will (`gone`). The last `onExit` is always followed by one. */
  onFate?(upstream: UpstreamId, fate: 'back' | 'gone', now: Instant): void;
  /**
   * Another policy is in force from now on, between two messages: settings that were read of the old one are read anew.
   * INVARIANT: places, leases and counts that are held stay held, and each exchange that is open still settles once.
   */
  onPolicyChange?(now: Instant): void;
  /** The session is over: what was kept back is told now. */
  onEnd?(now: Instant): void;
  /** How a task ended: as if its terminal payload were the answer to the call that created it. */
  onTaskEnd?(upstream: UpstreamId, taskId: string, settled: Settled, now: Instant): void;
  /** Held requests that may go on. Asked after each event; costs nothing where there is none. */
  takeReady?(now: Instant): readonly Resumption[];
  /** The lists that have changed under the guard's hands. Asked after each event. */
  takeChangedLists?(now: Instant): readonly ChangedList[];
  /** Monotonic ms at which the session should look again (`takeReady`, `takeChangedLists`); Infinity for never. */
  readonly wakeAtMs?: number;
}
