// What a config says of limits beside the limits themselves, once it is compiled. Types and defaults only.
import type { BlastRadius } from '../policy/limits/blast-radius.ts';
import type { Limit } from '../policy/limits/limit.ts';

export interface LimitStorePolicy {
  readonly kind: 'memory' | 'file' | 'redis';
  /** Of a redis: a reference, or a URL without a password. Undefined for the others. */
  readonly url: string | undefined;
  /** `local`: while the store is away each guard counts for itself. */
  readonly onStoreError: 'deny' | 'local';
}

export interface LimitsPolicy {
  /** Of the top level, of servers and of tools; empty: nothing is denied for its rate. */
  readonly limits: readonly Limit[];
  readonly store: LimitStorePolicy;
  /** Calls that are the same in a row; undefined: any number. */
  readonly repeats: number | undefined;
  readonly blastRadius: BlastRadius | undefined;
}

export const LIMIT_STORE_DEFAULTS: LimitStorePolicy = { kind: 'file', url: undefined, onStoreError: 'deny' };
export const NO_LIMITS: LimitsPolicy = {
  limits: [],
  store: LIMIT_STORE_DEFAULTS,
  repeats: undefined,
  blastRadius: undefined,
};

/** A call takes longer than this, so a quicker rate limits nothing; and a rate counts in whole microseconds. */
export const MOST_PER_SECOND = 10_000;
/** Longer than that no bucket is filled. */
export const LONGEST_FILL_DAYS = 31;
export const MOST_PLACES = 512;
