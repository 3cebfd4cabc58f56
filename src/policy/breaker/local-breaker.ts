// One breaker as this process sees it: the shared state, and on top what was counted here and is not shared yet. Knows no
// store: somebody takes what is unmerged to the lock, and says what came of it.
import type { Moment } from '../../ports/breaker-store.ts';
import type { BreakerEvent } from './breaker-events.ts';
import { pickNewer, type Unmerged } from './breaker-merge.ts';
import { reduceBreaker } from './breaker-reducer.ts';
import type { BreakerSettings } from './breaker-settings.ts';
import type { BreakerState, TimedSample } from './breaker-state.ts';
import type { Reduction } from './transition.ts';
import { joinWindows } from './trip.ts';

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

  constructor(known: BreakerState) {
    this.#known = known;
    this.#view = known;
  }

  get state(): BreakerState {
    return this.#view;
  }

  get isUnmerged(): boolean {
    return this.#samples.length > 0 || this.#opening !== undefined || this.#events.length > 0;
  }

  /** The probe has come back, and its result has not been merged. */
  get awaitsMerge(): boolean {
    return this.#events.length > 0;
  }

  /** @returns whether the others should learn of it now. A success keeps until there is something worse to tell. */
  settle(event: Extract<BreakerEvent, { type: 'settled' }>, now: Moment, settings: BreakerSettings): boolean {
    const before = this.#view;
    if (event.epoch !== before.epoch) return false;
    if (before.kind === 'half_open') {
      this.#events = [...this.#events, event];
      return true;
    }
    if (before.kind !== 'closed') return false;
    const reduction = reduceBreaker(before, event, now, settings);
    if (reduction.state === before) return false;
    this.#view = reduction.state;
    if (reduction.transitions.length > 0) {
      this.#opening = reduction;
      return true;
    }
    const added = reduction.state.kind === 'closed' ? reduction.state.window.at(-1) : undefined;
    if (added === undefined) return false;
    const kept = this.#samples.slice(Math.max(0, this.#samples.length + 1 - settings.samples));
    kept.push(added);
    this.#samples = kept;
    return added.sample !== 'success' || added.slow;
  }

  /** What the store holds now. What was counted under a passed epoch is forgotten. */
  see(shared: BreakerState, now: Moment, settings: BreakerSettings): void {
    if (shared === this.#known) return;
    const before = this.#known;
    const { state } = pickNewer(shared, before, now);
    this.#known = state;
    if (state.epoch !== before.epoch || state.kind !== 'closed') {
      this.#samples = [];
      this.#opening = undefined;
      this.#view = state;
    } else if (this.#opening === undefined) {
      this.#view = { ...state, window: joinWindows(state.window, this.#samples, now, settings) };
    }
  }

  /** For the merge under the lock; may be asked for again if that fails. */
  unmerged(): Unmerged {
    return { known: this.#known, samples: this.#samples, opening: this.#opening, events: this.#events };
  }

  /** `taken` has become part of the shared `state`; what came since stays to be merged. */
  merged(state: BreakerState, taken: Unmerged, now: Moment, settings: BreakerSettings): void {
    this.#samples = without(this.#samples, taken.samples);
    this.#events = without(this.#events, taken.events);
    if (this.#opening === taken.opening) this.#opening = undefined;
    // Even where the epochs are equal: an opening that was merged is in `state`, and so is its absence.
    this.see(state, now, settings);
    if (this.#opening === undefined && this.#samples.length === 0) this.#view = this.#known;
  }
}

function without<T>(all: readonly T[], gone: readonly T[]): readonly T[] {
  if (gone.length === 0) return all;
  const set = new Set(gone);
  return all.filter((one) => !set.has(one));
}
