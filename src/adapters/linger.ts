// Gives servers time to answer what is open once the client has closed its end, and no more than that. Knows no stream.
import type { Timers } from './shutdown-ladder.ts';

/** Longest time for the answers that are still owed. */
const LONGEST_MS = 30_000;

export class Linger {
  readonly #timers: Timers;
  readonly #onOver: () => void;
  #cancel: (() => void) | undefined;

  /** @param onOver called once: everything is answered, or the time is over */
  constructor(timers: Timers, onOver: () => void) {
    this.#timers = timers;
    this.#onOver = onOver;
  }

  start(): void {
    this.#cancel ??= this.#timers.after(LONGEST_MS, () => this.#end());
  }

  /** To be called after each turn. */
  check(owesAnswers: () => boolean): void {
    if (this.#cancel !== undefined && !owesAnswers()) this.#end();
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #end(): void {
    this.cancel();
    this.#onOver();
  }
}
