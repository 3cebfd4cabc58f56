// Runs the interceptors over one request, and gives back what they took. The order itself stands in policy/chain.ts.
import type { Instant } from '../ports/clock.ts';
import { type FaultReport, Faults, faultDenial } from './faults.ts';
import {
  type ChangedList,
  type Deny,
  type Interceptor,
  type Narrowing,
  type NotificationView,
  type Observed,
  PASS,
  type Pass,
  type RequestView,
  type Resumption,
  type Settled,
  type Verdict,
} from './interceptor.ts';

/** How far a request got: the interceptors below `entered` passed it and are owed an `onSettle`. */
export interface Progress {
  entered: number;
  /** What the first of them would have denied, had it not only been observing. */
  observed?: Pass;
}

export class Chain {
  readonly faults: Faults;
  readonly #interceptors: readonly Interceptor[];
  readonly #holders: readonly Interceptor[];
  readonly #listeners: readonly Interceptor[];
  readonly #wakers: readonly Interceptor[];
  readonly #listers: readonly Interceptor[];
  readonly #sentListeners: readonly Interceptor[];

  constructor(interceptors: readonly Interceptor[], onFault: FaultReport) {
    this.#interceptors = interceptors;
    this.faults = new Faults(onFault);
    this.#holders = interceptors.filter((one) => one.takeReady !== undefined);
    this.#listeners = interceptors.filter((one) => one.onNotification !== undefined);
    this.#sentListeners = interceptors.filter((one) => one.onSent !== undefined);
    this.#listers = interceptors.filter((one) => one.takeChangedLists !== undefined);
    this.#wakers = interceptors.filter((one) => one.wakeAtMs !== undefined);
  }

  /** Monotonic ms; Infinity for never. */
  get wakeAtMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const one of this.#wakers) atMs = Math.min(atMs, one.wakeAtMs ?? atMs);
    return atMs;
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
          return this.faults.deny(interceptor.name, error);
        }
        if (verdict.kind !== 'pass') return verdict;
        if (verdict.observed !== undefined) progress.observed ??= verdict;
      }
      progress.entered += 1;
    }
    return progress.observed ?? PASS;
  }

  /** Goes on after a wait, with what came of it. */
  resume(request: RequestView, progress: Progress, outcome: 'go' | 'refused', now: Instant): Verdict {
    const interceptor = this.#interceptors[progress.entered];
    if (interceptor === undefined) return faultDenial('chain');
    let verdict: Verdict;
    try {
      verdict = interceptor.onWaited?.(request, outcome, now) ?? faultDenial(interceptor.name);
    } catch (error) {
      return this.faults.deny(interceptor.name, error);
    }
    if (verdict.kind !== 'pass') return verdict;
    if (verdict.observed !== undefined) progress.observed ??= verdict;
    progress.entered += 1;
    return this.askAgain(request, progress, now) ?? this.enter(request, progress, now);
  }

  /** Those who passed it and can be asked twice; undefined: they pass it still. */
  askAgain(request: RequestView, progress: Progress, now: Instant): Deny | undefined {
    for (let index = 0; index < progress.entered; index += 1) {
      const interceptor = this.#interceptors[index];
      if (interceptor?.asksAgain !== true) continue;
      try {
        const verdict = interceptor.onRequest?.(request, now);
        if (verdict?.kind === 'deny') return verdict;
        if (verdict?.kind === 'pass' && verdict.observed !== undefined) progress.observed ??= verdict;
      } catch (error) {
        return this.faults.deny(interceptor.name, error);
      }
    }
    return undefined;
  }

  /** Tells the interceptor that holds the request that it need not any more. */
  abandon(request: RequestView, progress: Progress, now: Instant): void {
    const holder = this.#interceptors[progress.entered];
    if (holder?.onAbandoned !== undefined) this.faults.tell(holder.name, () => holder.onAbandoned?.(request, now));
  }

  /** What those who passed the request take out of its answer. INVARIANT: one that throws has refused it. */
  respond(
    progress: Progress,
    ask: (interceptor: Interceptor) => readonly Narrowing[] | undefined,
  ): readonly Narrowing[] {
    let all = UNTOUCHED;
    for (let index = 0; index < progress.entered; index += 1) {
      const interceptor = this.#interceptors[index];
      if (interceptor === undefined) continue;
      try {
        const narrowings = ask(interceptor);
        if (narrowings === undefined || narrowings.length === 0) continue;
        all = all.length === 0 ? narrowings : [...all, ...narrowings];
      } catch (error) {
        return [{ kind: 'refuse', deny: this.faults.deny(interceptor.name, error) }];
      }
    }
    return all;
  }

  /** Whether a server's notification may be delivered. INVARIANT: one that throws has dropped it. */
  hears(note: NotificationView, now: Instant): 'pass' | 'drop' | Observed {
    let observed: Observed | undefined;
    for (const interceptor of this.#listeners) {
      try {
        const heard = interceptor.onNotification?.(note, now) ?? 'pass';
        if (heard === 'drop') return heard;
        if (heard !== 'pass') observed ??= heard;
      } catch (error) {
        this.faults.report(interceptor.name, error);
        return 'drop';
      }
    }
    return observed ?? 'pass';
  }

  /** Whether anybody wants to hear of notifications at all. */
  get listens(): boolean {
    return this.#listeners.length > 0;
  }

  /** Tells everybody who passed the request how it ended, last to first. A throw here is reported and changes nothing. */
  settle(request: RequestView, progress: Progress, settled: Settled, now: Instant): void {
    while (progress.entered > 0) {
      progress.entered -= 1;
      const interceptor = this.#interceptors[progress.entered];
      if (interceptor?.onSettle === undefined) continue;
      try {
        interceptor.onSettle(request, settled, now);
      } catch (error) {
        this.faults.report(interceptor.name, error);
      }
    }
  }

  /** It leaves. Costs nothing where nobody wants to know. */
  sent(request: RequestView, progress: Progress, now: Instant): void {
    for (const one of this.#sentListeners)
      if (this.#interceptors.indexOf(one) < progress.entered)
        this.faults.tell(one.name, () => one.onSent?.(request, now));
  }

  late(request: RequestView, now: Instant): void {
    for (const one of this.#interceptors) this.faults.tell(one.name, () => one.onLateAnswer?.(request, now));
  }

  exit(upstream: string, now: Instant, how: string): void {
    for (const one of this.#interceptors)
      if (one.onExit !== undefined) this.faults.tell(one.name, () => one.onExit?.(upstream, now, how));
  }

  fate(upstream: string, fate: 'back' | 'gone', now: Instant): void {
    for (const one of this.#interceptors)
      if (one.onFate !== undefined) this.faults.tell(one.name, () => one.onFate?.(upstream, fate, now));
  }

  endTask(upstream: string, taskId: string, settled: Settled, now: Instant): void {
    for (const one of this.#interceptors)
      if (one.onTaskEnd !== undefined)
        this.faults.tell(one.name, () => one.onTaskEnd?.(upstream, taskId, settled, now));
  }

  takeReady(now: Instant): readonly Resumption[] {
    for (const one of this.#holders) {
      try {
        const ready = one.takeReady?.(now);
        if (ready !== undefined && ready.length > 0) return ready;
      } catch (error) {
        this.faults.report(one.name, error);
      }
    }
    return NOBODY;
  }

  takeChangedLists(now: Instant): readonly ChangedList[] {
    for (const one of this.#listers) {
      try {
        const changed = one.takeChangedLists?.(now);
        if (changed !== undefined && changed.length > 0) return changed;
      } catch (error) {
        this.faults.report(one.name, error);
      }
    }
    return [];
  }
}

const UNTOUCHED: readonly Narrowing[] = [];
const NOBODY: readonly Resumption[] = [];
