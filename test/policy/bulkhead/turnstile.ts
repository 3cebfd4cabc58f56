// Drives a bulkhead as a session does: asks after each event who may go on, and keeps its own count. Asserts nothing.
import type { RequestView, Settled, Verdict } from '../../../src/core/interceptor.ts';
import { type BulkheadParts, createBulkhead } from '../../../src/policy/bulkhead/bulkhead.ts';

export interface Call {
  readonly view: RequestView;
  readonly tool: string;
  readonly atMs: number;
  state: 'waiting' | 'in_flight' | 'refused' | 'cancelled' | 'settled';
  verdict: Verdict;
  /** When it stopped waiting. */
  endedMs: number | undefined;
}

const SETTLED: Settled = {
  settlement: 'result',
  errorCode: undefined,
  isError: undefined,
  resultType: undefined,
  taskId: undefined,
  durationMs: 1,
  heard: true,
};

export const view = (
  tool: string | undefined,
  asked: 'client' | 'server' = 'client',
  upstream = 'db',
): RequestView => ({
  asked,
  upstream,
  method: tool === undefined ? 'tools/list' : 'tools/call',
  tool,
  params: undefined,
  modern: false,
});

export class Turnstile {
  readonly bulkhead;
  readonly calls: Call[] = [];
  /** In the order in which they were let through. */
  readonly through: Call[] = [];
  nowMs = 1_000;
  readonly #callOf = new Map<RequestView, Call>();

  constructor(parts: BulkheadParts) {
    this.bulkhead = createBulkhead(parts);
  }

  get now() {
    return { wallMs: 0, monoMs: this.nowMs };
  }

  call(tool: string, upstream = 'db'): Call {
    const one = view(tool, 'client', upstream);
    const verdict = this.bulkhead.onRequest(one, this.now);
    const state = { pass: 'in_flight', wait: 'waiting', deny: 'refused' } as const;
    const call: Call = {
      view: one,
      tool,
      atMs: this.nowMs,
      state: state[verdict.kind],
      verdict,
      endedMs: undefined,
    };
    this.calls.push(call);
    this.#callOf.set(one, call);
    if (call.state === 'in_flight') this.through.push(call);
    this.afterEvent();
    return call;
  }

  settle(call: Call): void {
    call.state = 'settled';
    this.bulkhead.onSettle(call.view, SETTLED, this.now);
    this.afterEvent();
  }

  cancel(call: Call): void {
    call.state = 'cancelled';
    this.bulkhead.onAbandoned(call.view, this.now);
    this.afterEvent();
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.afterEvent();
  }

  in(state: Call['state'], tool?: string): Call[] {
    return this.calls.filter((call) => call.state === state && (tool === undefined || call.tool === tool));
  }

  private afterEvent(): void {
    for (let ready = this.bulkhead.takeReady(this.now); ready.length > 0; ready = this.bulkhead.takeReady(this.now)) {
      for (const { request, outcome } of ready) {
        const call = this.#callOf.get(request);
        if (call?.state !== 'waiting') throw new Error('resumed what does not wait');
        call.verdict = this.bulkhead.onWaited(request, outcome, this.now);
        call.state = call.verdict.kind === 'pass' ? 'in_flight' : 'refused';
        call.endedMs = this.nowMs;
        if (call.state === 'in_flight') this.through.push(call);
      }
    }
  }
}
