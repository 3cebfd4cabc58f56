// Notices that the host has died while its input is not being read: an end of input is only seen by reading. Polls, and
// only for as long as it is asked to.
import type { Timers } from './shutdown-ladder.ts';

/** The host is gone: as if the terminal had hung up. */
export const HOST_GONE_SIGNAL = 1;
const EVERY_MS = 2000;

/** @param parent the process id of the parent now: another one than at first means that the host is gone */
export class ParentWatch {
  readonly #timers: Timers;
  readonly #parent: () => number;
  readonly #onGone: () => void;
  readonly #first: number;
  #cancel: (() => void) | undefined;

  constructor(timers: Timers, parent: () => number, onGone: () => void) {
    this.#timers = timers;
    this.#parent = parent;
    this.#onGone = onGone;
    this.#first = parent();
  }

  start(): void {
    if (this.#cancel !== undefined) return;
    this.#cancel = this.#timers.after(EVERY_MS, () => {
      this.#cancel = undefined;
      if (this.#parent() === this.#first) this.start();
      else this.#onGone();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
