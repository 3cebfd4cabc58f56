// Whether the identity of a session still holds, looked at while it runs: what is revoked or expires ends the session within a second.
// Knows neither the token nor the server processes.

import { LOOK_EVERY_MS } from '../adapters/shared-looks.ts';
import type { Timers } from '../adapters/shutdown-ladder.ts';
import type { Interceptor } from '../core/interceptor.ts';
import type { Identity } from '../policy/identity/identity.ts';
import { createIdentityGate } from '../policy/identity/identity-gate.ts';
import { endOf, IDENTITY_ENDS, type IdentityEnd } from '../policy/identity/standing.ts';
import type { Tokens } from '../policy/identity/token-record.ts';
import type { Clock, Instant } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

export interface WatchParts {
  readonly identity: Identity;
  /** As the store holds them; undefined: it cannot be read. Looks at the disk now and then. @param monoMs monotonic clock */
  readonly tokens: (monoMs: number) => Tokens | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

export interface IdentityWatch {
  /** First of the chain. */
  readonly gate: Interceptor;
  /** Undefined: it holds as far as is known. */
  readonly end: IdentityEnd | undefined;
  /** Looks from now on. @param onEnd once, when it is over; also at once, where it is by now */
  begin(onEnd: (why: IdentityEnd) => void): void;
}

export function watchIdentity({ identity, tokens, clock, timers, log }: WatchParts): IdentityWatch {
  let end: IdentityEnd | undefined;
  let onEnd: ((why: IdentityEnd) => void) | undefined;
  const begun = clock.now();
  const look = ({ wallMs, monoMs }: Instant): IdentityEnd | undefined => {
    // time that has passed has passed: a clock that is set back prolongs nothing
    const nowMs = Math.max(wallMs, begun.wallMs + monoMs - begun.monoMs);
    // INVARIANT: what is over stays over, whatever a clock or the store says later
    end ??= endOf(identity, identity.kind === 'token' ? tokens(monoMs) : undefined, nowMs);
    return end;
  };
  const tick = (): void => {
    const why = look(clock.now());
    // one `lstat` each; with the time between two looks of the store, and what a stubborn server is given, a second is never reached
    if (why === undefined) timers.after(LOOK_EVERY_MS, tick);
    else {
      log.write('error', `the session ends: ${IDENTITY_ENDS[why]}`);
      onEnd?.(why);
    }
  };
  return {
    gate: createIdentityGate(look),
    get end() {
      return end;
    },
    begin(action) {
      onEnd = action;
      tick();
    },
  };
}
