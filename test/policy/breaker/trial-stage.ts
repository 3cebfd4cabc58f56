// Drives a crash trial as a session does: asks after each event who may go on, ends what was in flight at an exit, and keeps its
// own count. Asserts nothing but that each wait ends once.
import type { RequestView, Settlement } from '../../../src/core/interceptor.ts';
import { type CrashTrialParts, createCrashTrial } from '../../../src/policy/breaker/crash-trial.ts';
import { ANSWER } from './machine.ts';

export interface TrialCall {
  readonly view: RequestView;
  readonly tool: string;
  readonly atMs: number;
  /** How long the server had run when it came. */
  readonly upMs: number;
  state: 'waiting' | 'in_flight' | 'cancelled' | 'ended';
  /** How long it waited while the server ran; undefined: it did not wait, or still does. */
  waitedUpMs: number | undefined;
}

export const toolCall = (tool: string | undefined, upstream: string, asked: 'client' | 'server'): RequestView => ({
  asked,
  upstream,
  method: tool === undefined ? 'tools/list' : 'tools/call',
  tool,
  params: undefined,
  modern: false,
});

export class TrialStage {
  readonly trial;
  readonly calls: TrialCall[] = [];
  nowMs = 1_000;
  /** How long the server has run. */
  upMs = 0;
  isUp = true;

  constructor(parts: Partial<CrashTrialParts> = {}) {
    this.trial = createCrashTrial({ isOff: () => false, isRefused: () => false, ...parts });
  }

  get now() {
    return { wallMs: 0, monoMs: this.nowMs };
  }

  call(tool: string, upstream = 'db'): TrialCall {
    const view = toolCall(tool, upstream, 'client');
    const { kind } = this.trial.onRequest(view, this.now);
    if (kind === 'deny') throw new Error('a trial refuses nothing');
    const state = kind === 'wait' ? 'waiting' : 'in_flight';
    const call: TrialCall = { view, tool, atMs: this.nowMs, upMs: this.upMs, state, waitedUpMs: undefined };
    this.calls.push(call);
    this.#afterEvent();
    return call;
  }

  settle(call: TrialCall, settlement: Settlement = 'result'): void {
    this.#end(call, settlement);
    this.#afterEvent();
  }

  /** A call that waits. */
  cancel(call: TrialCall): void {
    call.state = 'cancelled';
    this.trial.onAbandoned(call.view, this.now);
    this.#afterEvent();
  }

  exit(upstream = 'db'): void {
    this.isUp = false;
    this.trial.onExit(upstream, this.now, 'code 1');
    for (const call of this.in('in_flight')) if (call.view.upstream === upstream) this.#end(call, 'upstream_exit');
    this.#afterEvent();
  }

  back(upstream = 'db'): void {
    this.isUp = true;
    this.trial.onFate(upstream, 'back', this.now);
    this.#afterEvent();
  }

  /** An exit with a call of each of `tools` in flight, and the server is back. */
  crash(...tools: readonly string[]): void {
    for (const tool of tools) this.call(tool);
    this.exit();
    this.back();
  }

  pass(ms: number): void {
    this.nowMs += ms;
    if (this.isUp) this.upMs += ms;
    this.#afterEvent();
  }

  /** Lets time pass as a session does: it looks again when it was told to, and at the end. */
  sleep(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.trial.wakeAtMs < endMs) this.pass(Math.max(1, this.trial.wakeAtMs - this.nowMs));
    if (endMs > this.nowMs) this.pass(endMs - this.nowMs);
  }

  in(state: TrialCall['state'], tool?: string): TrialCall[] {
    return this.calls.filter((call) => call.state === state && (tool === undefined || call.tool === tool));
  }

  #end(call: TrialCall, settlement: Settlement): void {
    if (call.state !== 'in_flight') throw new Error(`it is ${call.state}`);
    call.state = 'ended';
    this.trial.onSettle(call.view, { ...ANSWER, settlement }, this.now);
  }

  #afterEvent(): void {
    for (let ready = this.trial.takeReady(this.now); ready.length > 0; ready = this.trial.takeReady(this.now)) {
      for (const { request, outcome } of ready) {
        const call = this.calls.find(({ view }) => view === request);
        if (call?.state !== 'waiting') throw new Error('resumed what does not wait');
        if (outcome !== 'go' || this.trial.onWaited(request, outcome, this.now).kind !== 'pass')
          throw new Error('a trial refuses nothing');
        call.state = 'in_flight';
        call.waitedUpMs = this.upMs - call.upMs;
      }
    }
  }
}
