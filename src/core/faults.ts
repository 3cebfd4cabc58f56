// What becomes of a policy that throws: it is reported, and has denied; where it was only told something, nothing has changed. Knows no
// request and no order of policies.
import type { Deny } from './interceptor.ts';

export type FaultReport = (interceptor: string, error: unknown) => void;

export class Faults {
  readonly #onFault: FaultReport;

  constructor(onFault: FaultReport) {
    this.#onFault = onFault;
  }

  report(name: string, error: unknown): void {
    this.#onFault(name, error);
  }

  /** INVARIANT: a policy that throws has denied. */
  deny(name: string, error: unknown): Deny {
    this.#onFault(name, error);
    return faultDenial(name);
  }

  /** What `made` makes, or the denial. */
  attempt<T>(name: string, made: () => T): T | Deny {
    try {
      return made();
    } catch (error) {
      return this.deny(name, error);
    }
  }

  tell(name: string, told: () => void): void {
    try {
      told();
    } catch (error) {
      this.#onFault(name, error);
    }
  }
}

export function faultDenial(name: string): Deny {
  return {
    kind: 'deny',
    reason: 'guard_fault',
    rule: name,
    text: `mcp-guard could not decide about this request (its \`${name}\` policy failed), so it was not sent. See the guard's log.`,
    retryAfterMs: undefined,
  };
}
