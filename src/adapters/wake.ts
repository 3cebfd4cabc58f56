// Wakes whoever runs a core when the core wants to be woken. Knows no core; may come too early, never too late.
import type { Clock } from '../ports/clock.ts';
import type { Timers } from './shutdown-ladder.ts';

/** A timer takes no more: 2^31 - 1 ms. Woken then, the core has nothing to do and is asked again. */
const LONGEST_MS = 2 ** 31 - 1;

interface WakeParts {
  readonly timers: Timers;
  readonly clock: Clock;
}

export class Wake {
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #cancel: () => void = () => {};
  #atMs = Number.POSITIVE_INFINITY;

  constructor({ timers, clock }: WakeParts, onDue: () => void) {
    this.#timers = timers;
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** After each turn. @param atMs monotonic ms; Infinity for never. A later moment than the one that is waited for changes nothing. */
  arm(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#cancel();
    this.#atMs = atMs;
    const delayMs = Math.min(Math.max(0, atMs - this.#clock.now().monoMs), LONGEST_MS);
    this.#cancel = this.#timers.after(delayMs, () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#onDue();
    });
  }

  cancel(): void {
    this.#cancel();
  }
}
