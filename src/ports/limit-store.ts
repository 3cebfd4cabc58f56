// Where limits are counted, alone or together with other guards: the contract only. Knows neither what a limit means (the
// policy's business: it says how much, of what, in integers) nor what a store is made of.
//
// INVARIANT of `take`: all or nothing. Either every charge of the call is taken in one step that no other guard sees half of,
// or none is, and nothing has changed.
//
// Time. A rate is counted in whole microseconds of the store's own clock, which is one for all who share the store: of this
// process (memory), of this boot's CLOCK_MONOTONIC (file), of the server (redis: TIME). It never runs back; where it does, a
// store must not admit more for it. The caller's `now` is used by a store that has no clock of its own. Calendar windows are
// wall time: the caller names the windows around its own time, and the store takes the one that its own wall clock lies in. A
// store whose clock is another machine's asks for those around its own time where none of them holds it.
import type { Instant } from './clock.ts';

/** At once, or later: a remote store answers through the chain's `wait`. INVARIANT: a promise of a store never rejects. */
export type Later<T> = T | Promise<T>;

interface ChargeHead {
  /**
   * 32 lower-case hex digits: which limit, of which subject. Distinct subjects have distinct keys. The first 8 are those of its
   * owner: a store that has room for so many keys need not let one owner have all of it.
   */
  readonly key: string;
  /** For a person, kept beside the key: at most 160 bytes of UTF-8. attacker-controlled: holds names of tools and clients. */
  readonly label: string;
}

/**
 * GCRA. The one number of the key is its TAT, the µs at which it is full again. With `begin = max(TAT, now)` the charge passes
 * iff `begin + spendUs - now <= depthUs`, and then TAT becomes `begin + spendUs`. Otherwise it would pass in exactly
 * `begin + spendUs - depthUs - now` µs (never, where `spendUs > depthUs`). An unknown key is full.
 * A TAT above `now + mostUs` cannot be (a smaller burst, a damaged record) and counts as `now + mostUs`.
 */
export interface RateCharge extends ChargeHead {
  readonly kind: 'rate';
  /** Integer, at least 1. */
  readonly spendUs: number;
  /** Integer: what may be spent at once. */
  readonly depthUs: number;
  /** Integer, at least `depthUs`: how far ahead the TAT may stand, debts included. Below 2^42. */
  readonly mostUs: number;
  /** Integer: what one unit costs. For showing only. */
  readonly unitUs: number;
}

/** `[startMs, endMs)` of the epoch. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * So much in a calendar window. Passes iff `used + cost <= max` in the window that holds the store's wall time (a store that has the
 * caller's clock: else in the nearest of `windows`); otherwise it would pass at the end of that window. INVARIANT: a clock that is set back finds the count
 * of the earlier window as it was (the window that was last counted in is kept, and the latest of the others). For as long, by the store's own clock,
 * as a window is long, one that is kept no longer is taken to be as full as the fullest of those that were dropped: where it lies before
 * one that was counted in, which only a wall clock that was set can bring about.
 */
export interface BudgetCharge extends ChargeHead {
  readonly kind: 'budget';
  readonly cost: number;
  readonly max: number;
  /** The one before, the one that holds the caller's time, the one after: ascending, without gaps. */
  readonly windows: readonly Window[];
  /** The same around another time, ms of the epoch. Absent: nothing is known of it. */
  readonly windowsAt?: (wallMs: number) => readonly Window[];
}

/**
 * A place among `max` until it is settled. Passes iff fewer than `max` leases of the key are alive. A lease that is not renewed
 * for `ttlMs` (its holder was killed) is dead: nobody else has to do anything about it.
 */
export interface PlaceCharge extends ChargeHead {
  readonly kind: 'place';
  readonly max: number;
  /** 24 hex digits, random: never used twice, by anybody. */
  readonly lease: string;
  readonly ttlMs: number;
}

export type Charge = RateCharge | BudgetCharge | PlaceCharge;

/** What was taken. The caller keeps it and gives it to `renew` and `settle`, unchanged. */
export interface Receipt {
  readonly charges: readonly Charge[];
  /** By index of `charges`, what giving back needs. Rate: `TAT + given` after the take; budget: `startMs` of its window; place: 0. */
  readonly marks: readonly number[];
}

export type Take =
  | { readonly kind: 'taken'; readonly receipt: Receipt }
  | {
      readonly kind: 'denied';
      /** Index of the charge that has to wait longest; one that never passes comes before all, a place after all. */
      readonly by: number;
      /**
       * After so many ms every charge passes, if nobody else takes: exact, rounded up to the whole ms. Undefined where that
       * is never or cannot be known (a place).
       */
      readonly retryAfterMs: number | undefined;
    }
  /** There is no room for a key of this call: a verdict on this call alone, whoever else is counted. Nothing was taken. */
  | { readonly kind: 'full'; readonly why: string }
  /** Not decided: the store cannot be reached, locked, read or written. Nothing was taken, as far as can be known. */
  | { readonly kind: 'unavailable'; readonly why: string };

/** A receipt that is older is not given back: `reached` is true then, whatever has become of its call. */
export const GIVE_BACK_WITHIN_MS = 86_400_000;

/** What was not known at the take, as the bytes of an answer. */
export interface PostPaid extends ChargeHead {
  readonly spendUs: number;
  readonly depthUs: number;
  readonly mostUs: number;
  readonly unitUs: number;
}

export interface CallEnd {
  /**
   * False: the call never left the guard, so rates and budgets are given back. INVARIANT: never so that more is admitted than if
   * the call had never been. Of a rate: `refund = min(spendUs, max(0, mark - given - now))` is taken off the TAT and added to
   * `given`, a second number of the key that begins at 0 and is 0 again at the next take after `TAT + min(given, a day)` has passed
   * (`GIVE_BACK_WITHIN_MS`; the key may be forgotten then, not before). More may have been granted to others by time alone. Of a
   * budget: `cost`, in the window of the mark, never below 0.
   */
  readonly reached: boolean;
  /** Spent in any case: `TAT = min(max(TAT, now) + spendUs, now + mostUs)`. Nobody is asked whether it fits. */
  readonly postPaid: readonly PostPaid[];
}

/** A key that is not in its first state, for a person. */
export type KeyState = { readonly key: string; readonly label: string } & (
  | { readonly kind: 'rate'; readonly backlogUs: number; readonly depthUs: number; readonly unitUs: number }
  | { readonly kind: 'budget'; readonly used: number; readonly max: number; readonly endsMs: number }
  | { readonly kind: 'place'; readonly held: number; readonly max: number }
);

export type Listing =
  | { readonly kind: 'listed'; readonly keys: readonly KeyState[] }
  | { readonly kind: 'unavailable'; readonly why: string };

export type Reset =
  | { readonly kind: 'reset'; readonly count: number }
  | { readonly kind: 'unavailable'; readonly why: string };

/** One store belongs to one tenant. No method throws. */
export interface LimitStore {
  /**
   * All of `charges` or none. INVARIANT: the keys of one call are pairwise different. The answer is exact for every guard that
   * shares the store. @param now the session's time
   */
  take(charges: readonly Charge[], now: Instant): Later<Take>;
  /**
   * The call of `receipt` has ended: its places are free, the rest as `end` says. To be called exactly once, but for a
   * call that has left, holds no place and owes nothing: there it may be left out. Returns at once; a
   * store that cannot be reached tries no second time: a place then falls free after its `ttlMs`.
   */
  settle(receipt: Receipt, end: CallEnd, now: Instant): void;
  /** The places of these calls are still in use. Brings back one that had died: the call is there, over `max` or not. */
  renew(receipts: readonly Receipt[], now: Instant): void;
  /** Every key of the tenant that is known and not in its first state, in no order. Changes nothing. */
  list(now: Instant): Later<Listing>;
  /** Puts keys back into their first state; a place keeps those who are in it. @param keys undefined: all of the tenant */
  reset(keys: readonly string[] | undefined, now: Instant): Later<Reset>;
  /** Resolves once everything that was settled has arrived, or never will. */
  idle(): Promise<void>;
  /** Lets go of files and connections. Idempotent; every later `take` is `unavailable`. */
  close(): void;
}
