// Time as it comes into the core: by value, with each event. Nothing in core, policy or audit reads a clock.

export interface Instant {
  /** Milliseconds since the epoch, an integer. May step in either direction: for showing, never for waiting. */
  readonly wallMs: number;
  /** Milliseconds of a clock that never steps back, with a fraction. Its origin means nothing. */
  readonly monoMs: number;
}

export interface Clock {
  now(): Instant;
}
