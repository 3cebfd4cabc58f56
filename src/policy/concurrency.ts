// Bounds how many exchanges may be open at once, so that nobody can make the guard hold an unbounded table. Knows no clock.
import type { Interceptor } from '../core/interceptor.ts';
import { PASS } from '../core/interceptor.ts';

/** @param maxInFlight open exchanges of this session, both directions together. */
export function createConcurrencyLimit(maxInFlight: number): Interceptor {
  let open = 0;
  return {
    name: 'concurrency',
    onRequest() {
      if (open >= maxInFlight) {
        return {
          kind: 'deny',
          reason: 'too_many_in_flight',
          rule: 'concurrency.maxInFlight',
          text: `${maxInFlight} requests are already waiting for an answer, which is the limit of one session. Wait for some of them, then send this one again.`,
          retryAfterMs: undefined,
        };
      }
      open += 1;
      return PASS;
    },
    onSettle() {
      open -= 1;
    },
  };
}
