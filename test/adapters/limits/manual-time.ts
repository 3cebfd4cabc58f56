// A clock in the test's hands: wall and monotonic, together or apart.
import type { Instant } from '../../../src/ports/clock.ts';

export class ManualTime {
  wallMs = Date.UTC(2026, 2, 1, 12);
  monoMs = 50_000;

  now(): Instant {
    return { wallMs: this.wallMs, monoMs: this.monoMs };
  }

  readonly pass = async (ms: number): Promise<void> => {
    this.wallMs += ms;
    this.monoMs += ms;
  };
}
