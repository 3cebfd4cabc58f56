// One breaker under test: events in, transitions collected, a clock by hand. Unless told otherwise every state goes through
// JSON and back, so that nothing depends on what a restart would lose.

import { type Admission, judgeAdmission } from '../../../src/policy/breaker/admission.ts';
import type { BreakerEvent } from '../../../src/policy/breaker/breaker-events.ts';
import { reduceBreaker } from '../../../src/policy/breaker/breaker-reducer.ts';
import { type BreakerSettings, TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import {
  type BreakerState,
  FIRST_STATE,
  type Sample,
  type Transition,
} from '../../../src/policy/breaker/breaker-state.ts';
import { readBreakerState } from '../../../src/policy/breaker/read-board.ts';
import type { Moment } from '../../../src/ports/breaker-store.ts';

export const DAY_MS = 86_400_000;
export const PERSON = { actor: 'ada', reason: 'it misbehaves' };

export class OneBreaker {
  state: BreakerState = FIRST_STATE;
  readonly settings: BreakerSettings;
  readonly transitions: Transition[] = [];
  now: Moment = { wallMs: 1_700_000_000_000, monoMs: 5_000_000, bootId: 'boot-1' };
  /** 0.5: an opening is exactly as long as its round says. */
  random = 0.5;
  restartsAlways = true;

  constructor(settings: Partial<BreakerSettings> = {}) {
    this.settings = { ...TOOL_DEFAULTS, ...settings };
  }

  get rules(): string[] {
    return this.transitions.map(({ rule }) => rule);
  }

  run(event: BreakerEvent): this {
    const { state, transitions } = reduceBreaker(this.state, event, this.now, this.settings);
    this.state = state;
    this.transitions.push(...transitions);
    return this.restartsAlways ? this.restart() : this;
  }

  restart(): this {
    const read = readBreakerState(JSON.parse(JSON.stringify(this.state)));
    if (read === undefined) throw new Error(`does not survive a restart: ${JSON.stringify(this.state)}`);
    this.state = read;
    return this;
  }

  settle(outcome: Sample | 'none', epoch = this.state.epoch, durationMs = 10): this {
    return this.run({ type: 'settled', epoch, outcome, durationMs, random: this.random });
  }

  /** `SFTN…`: success, fault, tool error, none; each under the epoch of the moment, one ms apart. */
  feed(samples: string): this {
    const of: Record<string, Sample | 'none'> = { S: 'success', F: 'fault', T: 'tool_error', N: 'none' };
    for (const letter of samples) {
      const outcome = of[letter];
      if (outcome === undefined) throw new Error(`no sample is called ${letter}`);
      this.settle(outcome).wait(1);
    }
    return this;
  }

  admit(holder = 'me', deadlineMs = Number.POSITIVE_INFINITY): this {
    return this.run({ type: 'admit', holder, deadlineMs, random: this.random });
  }

  order(order: 'open' | 'close' | 'reset' | 'isolate'): this {
    if (order !== 'open') return this.run({ type: 'order', order, person: PERSON });
    return this.run({ type: 'order', order, person: PERSON, random: this.random });
  }

  wait(ms: number): this {
    const { wallMs, monoMs, bootId } = this.now;
    this.now = { wallMs: wallMs + ms, monoMs: monoMs + ms, bootId };
    return this;
  }

  /** Somebody sets the clock. */
  stepClock(ms: number): this {
    this.now = { ...this.now, wallMs: this.now.wallMs + ms };
    return this;
  }

  /** The machine restarts: the monotonic clock begins anew. */
  reboot(downMs: number): this {
    this.now = { wallMs: this.now.wallMs + downMs, monoMs: 1_000, bootId: `${this.now.bootId}+` };
    return this;
  }

  get asked(): Admission {
    return judgeAdmission(this.state, this.now, this.settings);
  }

  get retryAfterMs(): number | undefined {
    const { asked } = this;
    return asked.kind === 'refuse' ? asked.retryAfterMs : 0;
  }
}

/** A breaker in each state, for tables. `half_open` has its probe out, held by `me`; `free` has none. */
export const IN_STATE = {
  closed: () => new OneBreaker().feed('SF'),
  open: () => new OneBreaker().feed('FFFFF'),
  half_open: () => new OneBreaker().feed('FFFFF').wait(30_000).admit(),
  free: () => new OneBreaker().feed('FFFFF').wait(30_000).admit().settle('none'),
  isolated: () => new OneBreaker().order('isolate'),
} as const;
