// Runs the interceptors over one request, and gives back what they took. The order itself stands in policy/chain.ts.
import type { Instant } from '../ports/clock.ts';
import type { Deny, Interceptor, RequestView, Settlement, Verdict } from './interceptor.ts';
import { PASS } from './interceptor.ts';

/** How far a request got: the interceptors below `entered` passed it and are owed an `onSettle`. */
export interface Progress {
  entered: number;
}

export type FaultReport = (interceptor: string, error: unknown) => void;

export class Chain {
  readonly #interceptors: readonly Interceptor[];
  readonly #onFault: FaultReport;

  constructor(interceptors: readonly Interceptor[], onFault: FaultReport) {
    this.#interceptors = interceptors;
    this.#onFault = onFault;
  }

  /** Asks each interceptor in turn, from where the request stands. Stops at the first that does not pass. */
  enter(request: RequestView, progress: Progress, now: Instant): Verdict {
    while (progress.entered < this.#interceptors.length) {
      const interceptor = this.#interceptors[progress.entered];
      if (interceptor === undefined) break;
      if (interceptor.onRequest !== undefined) {
        let verdict: Verdict;
        try {
          verdict = interceptor.onRequest(request, now);
        } catch (error) {
          return this.#fault(interceptor, error);
        }
        if (verdict.kind !== 'pass') return verdict;
      }
      progress.entered += 1;
    }
    return PASS;
  }

  /** Goes on after a wait, with what came of it. */
  resume(request: RequestView, progress: Progress, outcome: 'go' | 'refused', now: Instant): Verdict {
    const interceptor = this.#interceptors[progress.entered];
    if (interceptor === undefined) return faultDenial('chain');
    let verdict: Verdict;
    try {
      verdict = interceptor.onWaited?.(request, outcome, now) ?? faultDenial(interceptor.name);
    } catch (error) {
      return this.#fault(interceptor, error);
    }
    if (verdict.kind !== 'pass') return verdict;
    progress.entered += 1;
    return this.enter(request, progress, now);
  }

  /** Tells everybody who passed the request how it ended, last to first. A throw here is reported and changes nothing. */
  settle(request: RequestView, progress: Progress, settlement: Settlement, now: Instant): void {
    while (progress.entered > 0) {
      progress.entered -= 1;
      const interceptor = this.#interceptors[progress.entered];
      if (interceptor?.onSettle === undefined) continue;
      try {
        interceptor.onSettle(request, settlement, now);
      } catch (error) {
        this.#onFault(interceptor.name, error);
      }
    }
  }

  // INVARIANT: a policy that throws has denied.
  #fault(interceptor: Interceptor, error: unknown): Deny {
    this.#onFault(interceptor.name, error);
    return faultDenial(interceptor.name);
  }
}

function faultDenial(name: string): Deny {
  return {
    kind: 'deny',
    reason: 'guard_fault',
    rule: name,
    text: `mcp-guard could not decide about this request (its \`${name}\` policy failed), so it was not sent. See the guard's log.`,
    retryAfterMs: undefined,
  };
}
