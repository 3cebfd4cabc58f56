// How long what is still under way may hold up an end, and how little once somebody has asked for it a second time. Knows neither a
// stream nor a server.
import type { Timers } from './shutdown-ladder.ts';

/** How long a client that reads nothing may hold up the end. */
export const FAREWELL_MS = 1000;
/** What is left of every wait, once hurried. */
const HURRIED_MS = 100;

export class LastWaits {
  readonly #timers: Timers;
  readonly #hurried: Promise<void>;
  #begin: () => void = () => {};

  constructor(timers: Timers) {
    this.#timers = timers;
    this.#hurried = new Promise((resolve) => {
      this.#begin = () => void timers.after(HURRIED_MS, resolve);
    });
  }

  /** Also of a wait that goes on already. Any number of calls. */
  hurry(): void {
    this.#begin();
  }

  /** Resolves with `awaited`, or when `ms` are over. */
  async atMost(ms: number, awaited: Promise<void>): Promise<void> {
    let cancel = (): void => {};
    const patience = new Promise<void>((resolve) => {
      cancel = this.#timers.after(ms, resolve);
    });
    await Promise.race([awaited, patience, this.#hurried]);
    cancel();
  }
}
