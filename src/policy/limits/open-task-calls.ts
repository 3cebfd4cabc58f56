// Calls that were answered with a task: they keep their places until the task has ended, its time is over, or its server has ended; and
// they owe for each result that still comes out, also after that. Bounded; knows no store.
import type { UpstreamId } from '../../core/events.ts';
import type { Settled } from '../../core/interceptor.ts';
import type { Instant } from '../../ports/clock.ts';
import { type OpenCall, settleCall } from './open-call.ts';

const MOST_TASKS = 4_096;
/** A name that long is no name: the call counts as ended with its first answer. */
const LONGEST_ID = 1_024;
/** A server may forget a task after its `ttl`, and is at work on it all the same: that little is not believed, nor that much. */
const LEAST_TTL_MS = 60_000;
const MOST_TTL_MS = 86_400_000;

interface OpenTask {
  readonly upstream: UpstreamId;
  readonly call: OpenCall;
  /** Monotonic ms; Infinity where the server names no time. */
  readonly untilMs: number;
}

export class OpenTaskCalls {
  readonly #open = new Map<string, OpenTask>();
  /** What a later result is charged to; oldest first. */
  readonly #ended = new Map<string, OpenTask>();

  /** attacker-controlled: `taskId`, `taskTtlMs`. A second call under the same name ends the first. */
  open(
    upstream: UpstreamId,
    { taskId, taskTtlMs }: Pick<Settled, 'taskTtlMs'> & { readonly taskId: string },
    call: OpenCall,
    now: Instant,
  ): void {
    if (taskId.length > LONGEST_ID) {
      settleCall(call, now);
      return;
    }
    const key = keyOf(upstream, taskId);
    this.#end(key, 0, now);
    const oldest = this.#open.size < MOST_TASKS ? undefined : this.#open.keys().next().value;
    if (oldest !== undefined) this.#end(oldest, 0, now);
    const ttlMs = taskTtlMs === undefined ? undefined : Math.min(Math.max(taskTtlMs, LEAST_TTL_MS), MOST_TTL_MS);
    this.#open.set(key, { upstream, call, untilMs: now.monoMs + (ttlMs ?? Number.POSITIVE_INFINITY) });
    // A plain call cannot be drawn out by its server.
    if (!call.mayBeTask) this.#end(key, 0, now);
  }

  end(upstream: UpstreamId, taskId: string, bytesOut: number, now: Instant): void {
    this.#end(keyOf(upstream, taskId), bytesOut, now);
  }

  /** What was asked of a task has come out, ended or not. */
  pay(upstream: UpstreamId, taskId: string, bytesOut: number, now: Instant): void {
    const key = keyOf(upstream, taskId);
    const open = this.#open.get(key);
    if (open !== undefined) open.call.bytesOut += bytesOut;
    const ended = this.#ended.get(key);
    if (open !== undefined || ended === undefined || bytesOut === 0) return;
    const { call } = ended;
    // Nothing is left to be given back or let go of: only what came out is charged.
    settleCall({ ...call, receipt: NOTHING_TAKEN, isSent: true, bytesOut }, now);
  }

  endAll(upstream: UpstreamId | undefined, now: Instant): void {
    for (const [key, one] of [...this.#open])
      if (upstream === undefined || one.upstream === upstream) this.#end(key, 0, now);
  }

  /** Those whose time is over. */
  endDue(now: Instant): void {
    for (const [key, { untilMs }] of [...this.#open]) if (untilMs <= now.monoMs) this.#end(key, 0, now);
  }

  all(): readonly OpenCall[] {
    return [...this.#open.values()].map(({ call }) => call);
  }

  #end(key: string, bytesOut: number, now: Instant): void {
    const one = this.#open.get(key);
    if (one === undefined) return;
    this.#open.delete(key);
    one.call.bytesOut += bytesOut;
    settleCall(one.call, now);
    this.#ended.delete(key);
    const oldest = this.#ended.size < MOST_TASKS ? undefined : this.#ended.keys().next().value;
    if (oldest !== undefined) this.#ended.delete(oldest);
    this.#ended.set(key, one);
  }
}

const NOTHING_TAKEN = { charges: [], marks: [] };

function keyOf(upstream: UpstreamId, taskId: string): string {
  return JSON.stringify([upstream, taskId]);
}
