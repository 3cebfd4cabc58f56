// Refuses what is switched off before it waits for a place. Takes no probe and counts nothing: that is the breaker's, behind it.
import type { Deny, Interceptor } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';

export const SWITCHED_OFF = 'switched-off';

export function createSwitchedOff(
  refusal: (server: string, tool: string, now: Instant, prefix: string | undefined) => Deny | undefined,
): Interceptor {
  return {
    name: SWITCHED_OFF,
    onRequest({ asked, upstream, tool, prefix }, now) {
      return asked === 'client' && tool !== undefined ? (refusal(upstream, tool, now, prefix) ?? PASS) : PASS;
    },
  };
}
