// Calls that were answered with a task: they keep their places, and owe for what is still to come out, until the task has ended or
// its server has. Bounded; knows no store.
import type { UpstreamId } from '../../core/events.ts';
import type { Instant } from '../../ports/clock.ts';
import type { OpenCall } from './limits.ts';

const MOST_TASKS = 4_096;
/** A name that long is no name: the call counts as ended with its first answer. */
const LONGEST_ID = 1_024;

export class OpenTaskCalls {
  readonly #calls = new Map<string, { readonly upstream: UpstreamId; readonly call: OpenCall }>();
  readonly #settle: (call: OpenCall, now: Instant) => void;

  constructor(settle: (call: OpenCall, now: Instant) => void) {
    this.#settle = settle;
  }

  /** attacker-controlled: `taskId`. A second call under the same name ends the first. */
  open(upstream: UpstreamId, taskId: string, call: OpenCall, now: Instant): void {
    if (taskId.length > LONGEST_ID) {
      this.#settle(call, now);
      return;
    }
    this.end(upstream, taskId, 0, now);
    const oldest = this.#calls.size < MOST_TASKS ? undefined : this.#calls.keys().next().value;
    if (oldest !== undefined) this.#take(oldest, 0, now);
    this.#calls.set(keyOf(upstream, taskId), { upstream, call });
  }

  end(upstream: UpstreamId, taskId: string, bytesOut: number, now: Instant): void {
    this.#take(keyOf(upstream, taskId), bytesOut, now);
  }

  /** @param upstream undefined: of all servers */
  endAll(upstream: UpstreamId | undefined, now: Instant): void {
    for (const [key, one] of [...this.#calls])
      if (upstream === undefined || one.upstream === upstream) this.#take(key, 0, now);
  }

  all(): readonly OpenCall[] {
    return [...this.#calls.values()].map(({ call }) => call);
  }

  #take(key: string, bytesOut: number, now: Instant): void {
    const one = this.#calls.get(key);
    if (one === undefined) return;
    this.#calls.delete(key);
    one.call.bytesOut += bytesOut;
    this.#settle(one.call, now);
  }
}

function keyOf(upstream: UpstreamId, taskId: string): string {
  return JSON.stringify([upstream, taskId]);
}
