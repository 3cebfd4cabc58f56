// The clock of this machine. The only place that reads it for the core.
import type { Clock } from '../ports/clock.ts';

export const systemClock: Clock = {
  now: () => ({ wallMs: Date.now(), monoMs: performance.now() }),
};
