// How long one server has been running, in ms: stands still while it is away, so that a restart is no part of a wait. Knows
// nothing of what is measured with it.

const NEVER = Number.POSITIVE_INFINITY;

export class UpTime {
  /** What was counted before `#sinceMs`. */
  #countedMs = 0;
  /** Monotonic ms; undefined: the server is away. */
  #sinceMs: number | undefined;

  get isRunning(): boolean {
    return this.#sinceMs !== undefined;
  }

  start(nowMs: number): void {
    this.#sinceMs ??= nowMs;
  }

  stop(nowMs: number): void {
    this.#countedMs = this.at(nowMs);
    this.#sinceMs = undefined;
  }

  at(nowMs: number): number {
    return this.#countedMs + (this.#sinceMs === undefined ? 0 : nowMs - this.#sinceMs);
  }

  /** The monotonic ms at which `at` gives `upMs`, if the server keeps running; Infinity while it is away. */
  whenMs(upMs: number): number {
    return this.#sinceMs === undefined ? NEVER : this.#sinceMs + upMs - this.#countedMs;
  }
}
