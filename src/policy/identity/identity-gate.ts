// The interceptor that lets nothing pass once the session's identity is over: revoked or expired, however busy the session is. Knows
// neither the token nor how its end is found out. What ends the session itself stands elsewhere; this holds in between.
import type { Deny, Interceptor } from '../../core/interceptor.ts';
import { PASS } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import type { IdentityEnd } from './standing.ts';

/** @param endAt undefined: it holds. INVARIANT: once it has answered with an end, it goes on doing so */
export function createIdentityGate(endAt: (now: Instant) => IdentityEnd | undefined): Interceptor {
  return {
    name: 'identity',
    // what was held by others while it ended goes no further
    asksAgain: true,
    onRequest: (_, now) => (endAt(now) === undefined ? PASS : OVER),
    // what the server sends of itself is for the same session
    onNotification: (_, now) => (endAt(now) === undefined ? 'pass' : 'drop'),
  };
}

const OVER: Deny = {
  kind: 'deny',
  reason: 'identity_over',
  rule: 'auth',
  text: 'This session may not go on: it was started for somebody whose permission to use it has ended since. Nothing was sent. Start a new session.',
  retryAfterMs: undefined,
};
