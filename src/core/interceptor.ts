// The contract of one policy: what it is asked, what it may answer. Pure and synchronous; it never sees raw bytes,
// never changes a method, an id or a tool name, and never waits: what must wait says so and is resumed.
import type { Instant } from '../ports/clock.ts';
import type { JsonObject } from '../wire/json.ts';
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
}

export interface Pass {
  readonly kind: 'pass';
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
  | 'unrecorded';

export interface Interceptor {
  /** The name in rules, records and the order test. */
  readonly name: string;
  /** Asked first to last. A throw denies (`guard_fault`). */
  onRequest?(request: RequestView, now: Instant): Verdict;
  /** After a wait: the outcome, instead of asking again. */
  onWaited?(request: RequestView, outcome: 'go' | 'refused', now: Instant): Verdict;
  /** INVARIANT: exactly once for each request that this interceptor was asked about and did not itself deny; last to first. */
  onSettle?(request: RequestView, settlement: Settlement, now: Instant): void;
}
