// What one breaker is, as plain JSON: it is persisted and shared between processes. Types and the first state only; how it
// moves stands in breaker-reducer.ts, how an untyped document becomes one in read-board.ts.
import type { Moment } from '../../ports/breaker-store.ts';

/** What a settled call says about a breaker. For a server's breaker `fault` is its failure, and there is no `tool_error`. */
export type Sample = 'success' | 'fault' | 'tool_error';

export interface TimedSample {
  readonly at: Moment;
  readonly sample: Sample;
  /** It took longer than `slowCall.afterMs`. */
  readonly slow: boolean;
  /** It was no call: the process of the server ended so (exit-word.ts). */
  readonly exit?: string;
}

/** What keeps a breaker open: a probe that shows it again has failed. `tools`: most tools of the server are out. */
export type Cause = 'faults' | 'tool_errors' | 'slow' | 'tools' | 'person';

export interface SampleCounts {
  readonly samples: number;
  readonly faults: number;
  readonly toolErrors: number;
  readonly slow: number;
  readonly row: number;
  /** How many of the samples, and of the faults, were no calls: the server exited. Absent: none. */
  readonly exits?: number;
  /** How it exited last (exit-word.ts). */
  readonly lastExit?: string;
}

/** The numbers or words behind a transition, for its record and for the text of a denial. Durations in ms. */
export type Evidence =
  /** `row`: how many of the newest samples in a row were faults. */
  | ({ readonly kind: 'samples' } & SampleCounts)
  | { readonly kind: 'tools'; readonly open: number; readonly known: number }
  | { readonly kind: 'probe'; readonly outcome: Sample | 'none'; readonly durationMs: number; readonly slow: boolean }
  | { readonly kind: 'lease'; readonly holder: string; readonly forMs: number; readonly lapses: number }
  | { readonly kind: 'person'; readonly actor: string; readonly reason: string }
  /** Another machine of the fleet says so: what it counted, all 0 where it did not open by counting. attacker-controlled: `machine`. */
  | ({ readonly kind: 'fleet'; readonly machine: string } & SampleCounts);

/** Which opening of the fleet a state was taken over from. Absent: this machine has found it itself. */
export interface FleetMark {
  /** Names the machine, and its opening until that closes. */
  readonly id: string;
  /** Grows each time that machine opens it again. */
  readonly step: number;
}

/** The right to send the one probe. */
export interface Lease {
  readonly holder: string;
  readonly at: Moment;
  readonly forMs: number;
}

/**
 * INVARIANT: `epoch` grows by exactly one with each transition and never otherwise, so a gap in the recorded epochs is a lost
 * record, and a result counts only under the epoch that its call was admitted under.
 */
export interface ClosedState {
  readonly kind: 'closed';
  readonly epoch: number;
  /** How often in a row it has opened without ten healthy minutes between; 0 for never. */
  readonly round: number;
  /** When it closed; null where `round` is 0. */
  readonly since: Moment | null;
  /** Oldest first. */
  readonly window: readonly TimedSample[];
  /** The opening of the fleet that has ended here: it is not taken over again. */
  readonly over?: string;
}

interface Failing {
  readonly epoch: number;
  readonly round: number;
  readonly cause: Cause;
  /** When it first opened, and on what: both stay until it closes. */
  readonly since: Moment;
  readonly why: Evidence;
  /** Probes that did not come back within their lease: each makes the next lease longer. */
  readonly lapses: number;
  /** INVARIANT: what others say ends only what others said; an opening without this ends by this machine's own probes, or a person. */
  readonly fleet?: FleetMark;
}

/** INVARIANT: the end of an opening is `at` + `forMs`; it was drawn once, by whoever opened it, and nothing moves it. */
export interface OpenState extends Failing {
  readonly kind: 'open';
  readonly at: Moment;
  readonly forMs: number;
}

export interface HalfOpenState extends Failing {
  readonly kind: 'half_open';
  readonly successes: number;
  /** INVARIANT: at most one probe: whoever holds this. Null: the next call may take it. */
  readonly lease: Lease | null;
}

/** Switched off by a person, for good: no time, no result and no restart changes it. */
export interface IsolatedState {
  readonly kind: 'isolated';
  readonly epoch: number;
  readonly at: Moment;
  readonly actor: string;
  readonly reason: string;
}

/** INVARIANT: an isolated breaker never opens: an opening ends by itself, an isolation does not. */
export type Openable = ClosedState | OpenState | HalfOpenState;

export type BreakerState = Openable | IsolatedState;

export const FIRST_STATE: ClosedState = { kind: 'closed', epoch: 0, round: 0, since: null, window: [] };

export type Rule =
  | 'fault_row'
  | 'fault_rate'
  | 'tool_error_rate'
  | 'slow_rate'
  | 'escalation'
  | 'cool_down_over'
  | 'next_probe'
  | 'lease_lapsed'
  | 'probes_lapsed'
  | 'holder_gone'
  | 'probe_unused'
  | 'probe_passed'
  | 'probes_passed'
  | 'probe_failed'
  | 'person_open'
  | 'person_close'
  | 'person_reset'
  | 'person_isolate'
  | 'isolation_kept'
  | 'fleet_open'
  | 'fleet_close';

/** One step of one breaker: one audit record. */
export interface Transition {
  readonly from: BreakerState['kind'];
  readonly to: BreakerState['kind'];
  /** The epoch that it began. */
  readonly epoch: number;
  readonly rule: Rule;
  readonly evidence: Evidence;
  readonly at: Moment;
  /** Length of the opening; undefined where `to` is not `open`. */
  readonly openMs: number | undefined;
  readonly round: number;
}
