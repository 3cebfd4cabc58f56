// One breaker as this process sees it: the shared state, and on top what was counted here and is not shared yet. Knows no
// store: somebody takes what is unmerged to the lock, and says what came of it.
import type { Moment } from '../../ports/breaker-store.ts';
import type { BreakerEvent } from './breaker-events.ts';
import { pickNewer, type Unmerged } from './breaker-merge.ts';
import { reduceBreaker } from './breaker-reducer.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { BreakerState, TimedSample } from './breaker-state.ts';
import type { Reduction } from './transition.ts';
import { appendSample, isSlow, joinWindows } from './trip.ts';

/**
 * INVARIANT: alone, a process only counts and opens. Whatever else moves a breaker (a probe's result, a lease, an order) is
 * decided under the lock, so that no call is admitted under an epoch that the others do not know.
 */
export class LocalBreaker {
  #known: BreakerState;
  #view: BreakerState;
  #samples: readonly TimedSample[] = [];
  #opening: Reduction | undefined;
  #events: readonly BreakerEvent[] = [];
  /** Successes that are not yet in `#view` and `#samples`: with nothing bad in the window they can wait. Changed in place. */
  #spotless: TimedSample[] = [];
  #isSpotless: boolean;

  constructor(known: BreakerState) {
    this.#known = known;
    this.#view = known;
    this.#isSpotless = hasNothingBad(known);
  }

  /** Its window may lack the newest successes. */
  get state(): BreakerState {
    return this.#view;
  }

  get isUnmerged(): boolean {
    return (
      this.#spotless.length > 0 || this.#samples.length > 0 || this.#opening !== undefined || this.#events.length > 0
    );
  }

  /** Nothing that matters is lost with it: what is shared can be looked up again. */
  get isForgettable(): boolean {
    return !this.isUnmerged || this.#isSpotless;
  }

  /** The probe has come back, and its result has not been merged. */
  get awaitsMerge(): boolean {
    return this.#events.length > 0;
  }

  /** @returns whether the others should learn of it now. A success keeps until there is something worse to tell. */
  settle(event: Extract<BreakerEvent, { type: 'settled' }>, now: Moment, settings: BreakerSettings): boolean {
    if (this.#isSpotless && event.outcome === 'success' && !isSlow(event.durationMs, settings)) {
      // The usual case. INVARIANT: where nothing bad has been counted, no number of successes opens anything.
      if (event.epoch === this.#view.epoch) this.#addSpotless(now, settings);
      return false;
    }
    this.#fold(settings);
    const before = this.#view;
    if (before.kind === 'half_open') {
      if (event.epoch !== before.epoch) return false;
      this.#events = [...this.#events, event];
      return true;
    }
    const reduction = reduceBreaker(before, event, now, settings);
    if (reduction.state === before) return false;
    this.#setView(reduction.state);
    if (reduction.state.kind !== 'closed') {
      this.#opening = reduction;
      return true;
    }
    const newest = reduction.state.window.slice(-1);
    for (const added of newest) this.#samples = appendSample(this.#samples, added, settings);
    return !newest.every(isHealthy);
  }

  /** What the store holds now. What was counted under a passed epoch is forgotten. */
  see(shared: BreakerState, now: Moment, settings: BreakerSettings): void {
    if (shared !== this.#known) this.#rebase(shared, now, settings);
  }

  /** For the merge under the lock; may be asked for again if that fails. */
  unmerged(settings: BreakerSettings): Unmerged {
    this.#fold(settings);
    return { known: this.#known, samples: this.#samples, opening: this.#opening, events: this.#events };
  }

  /** `taken` has become part of the shared `state`; what came since stays to be merged. */
  merged(state: BreakerState, taken: Unmerged, now: Moment, settings: BreakerSettings): void {
    this.#samples = without(this.#samples, taken.samples);
    this.#events = without(this.#events, taken.events);
    if (this.#opening === taken.opening) this.#opening = undefined;
    this.#rebase(state, now, settings);
  }

  #rebase(shared: BreakerState, now: Moment, settings: BreakerSettings): void {
    this.#fold(settings);
    const { state } = pickNewer(shared, this.#known, now);
    const isSameEpoch = state.epoch === this.#known.epoch;
    this.#known = state;
    if (!isSameEpoch || state.kind !== 'closed') {
      this.#samples = [];
      this.#opening = undefined;
      this.#setView(state);
    } else if (this.#opening === undefined) {
      this.#setView({ ...state, window: joinWindows(state.window, this.#samples, now, settings) });
    }
  }

  #addSpotless(now: Moment, settings: BreakerSettings): void {
    this.#spotless.push({ at: now, sample: 'success', slow: false });
    if (this.#spotless.length > 2 * settings.samples) this.#spotless = this.#spotless.slice(-settings.samples);
  }

  #fold(settings: BreakerSettings): void {
    const view = this.#view;
    if (view.kind !== 'closed' || this.#spotless.length === 0) return;
    let { window } = view;
    for (const added of this.#spotless) {
      window = appendSample(window, added, settings);
      this.#samples = appendSample(this.#samples, added, settings);
    }
    this.#spotless = [];
    this.#setView({ ...view, window });
  }

  #setView(view: BreakerState): void {
    this.#view = view;
    this.#isSpotless = hasNothingBad(view);
  }
}

function hasNothingBad(state: BreakerState): boolean {
  return state.kind === 'closed' && state.window.every(isHealthy);
}

function isHealthy({ sample, slow }: TimedSample): boolean {
  return sample === 'success' && !slow;
}

function without<T>(all: readonly T[], gone: readonly T[]): readonly T[] {
  const set = new Set(gone);
  return all.filter((one) => !set.has(one));
}
