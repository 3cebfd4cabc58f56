// When servers that have ended are started again: one planned start each, which can be brought forward. Starts nothing itself.
import type { Timers } from './shutdown-ladder.ts';

export class PlannedStarts {
  readonly #timers: Timers;
  readonly #start: (server: string) => void;
  /** By server: takes its start back. */
  readonly #planned = new Map<string, () => void>();

  constructor(timers: Timers, start: (server: string) => void) {
    this.#timers = timers;
    this.#start = start;
  }

  /** INVARIANT: a server has one planned start at most, the newest. */
  plan(server: string, delayMs: number): void {
    this.#planned.get(server)?.();
    const cancel = this.#timers.after(delayMs, () => {
      this.#planned.delete(server);
      this.#start(server);
    });
    this.#planned.set(server, cancel);
  }

  /** It waits no longer. Nothing where no start is planned: it may run already. */
  hurry(server: string): void {
    if (this.#planned.has(server)) this.plan(server, 0);
  }
}
