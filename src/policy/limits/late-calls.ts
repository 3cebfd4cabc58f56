// Calls that nobody waits for any more, while their server may be at work on them: they keep their places until the late answer comes,
// the server has ended, or a time is over. Bounded.
import type { UpstreamId } from '../../core/events.ts';
import type { RequestView } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import { type OpenCall, settleCall } from './open-call.ts';

/**
 * Who is told that a call is cancelled, and obeys, answers nothing: its place is kept for so long, as one that does not obey is at
 * work on it still.
 */
const LATE_MS = 60_000;
const MOST_LATE = 4_096;

export class LateCalls {
  /** Oldest first. */
  readonly #late = new Map<RequestView, { readonly call: OpenCall; readonly untilMs: number }>();

  keep(request: RequestView, call: OpenCall, now: Instant): void {
    const oldest = this.#late.size < MOST_LATE ? undefined : this.#late.keys().next().value;
    if (oldest !== undefined) this.end(oldest, now);
    this.#late.set(request, { call, untilMs: now.monoMs + LATE_MS });
  }

  end(request: RequestView, now: Instant): void {
    const one = this.#late.get(request);
    if (this.#late.delete(request) && one !== undefined) settleCall(one.call, now);
  }

  /** @param upstream undefined: of all of them */
  endAll(upstream: UpstreamId | undefined, now: Instant): void {
    for (const request of [...this.#late.keys()])
      if (upstream === undefined || request.upstream === upstream) this.end(request, now);
  }

  /** Those whose time is over. */
  endDue(now: Instant): void {
    for (const [request, { untilMs }] of [...this.#late]) if (untilMs <= now.monoMs) this.end(request, now);
  }

  all(): readonly OpenCall[] {
    return [...this.#late.values()].map(({ call }) => call);
  }
}
