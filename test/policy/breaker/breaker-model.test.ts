// The reducer against the reference, under any sequence of commands; and what must hold from any state that they reach.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../src/policy/breaker/breaker-state.ts';
import { OneBreaker } from './one-breaker.ts';
import { type Letter, ReferenceBreaker } from './reference-breaker.ts';

const SAMPLE: Readonly<Record<Letter, Sample | 'none'>> = { S: 'success', F: 'fault', T: 'tool_error', N: 'none' };

class World {
  readonly real = new OneBreaker();
  readonly reference = new ReferenceBreaker();
  /** Calls in flight: the epoch of each in either world, and whether it is a probe. */
  readonly calls: { epoch: number; since: number; isProbe: boolean }[] = [];
  readonly #startMs = this.real.now.monoMs;
  lastUntilMs = 0;
  /** The end of an opening may lie before that of the one before only where a person came between. */
  personCame = false;

  constructor() {
    this.real.restartsAlways = false;
  }

  get nowMs(): number {
    return this.real.now.monoMs - this.#startMs;
  }

  check(): void {
    const { real, reference } = this;
    const { state, transitions } = real;
    same('state', state.kind.replace('_', '-'), reference.status);
    same('epoch', state.epoch, reference.changes);
    same('admission', { pass: 'yes', probe: 'probe', refuse: 'no' }[real.asked.kind], reference.ask(this.nowMs));
    same('transitions', transitions.length, state.epoch);
    same('newest epoch', transitions.at(-1)?.epoch ?? 0, state.epoch);
    if (state.kind !== 'open') return;
    const untilMs = state.at.monoMs - this.#startMs + state.forMs;
    same('end of the opening', untilMs, reference.until);
    same('round', state.round, reference.openings);
    same('ten minutes at most', state.forMs <= 600_000, true);
    same('monotone', this.personCame || untilMs >= this.lastUntilMs, true);
    this.lastUntilMs = untilMs;
    this.personCame = false;
  }
}

// As `expect`, at a fraction of its cost: it is asked a million times.
function same(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) expect({ [what]: found }).toEqual({ [what]: wanted });
}

type Command =
  | { readonly do: 'call'; readonly letter: Letter; readonly times: number }
  | { readonly do: 'begin'; readonly who: string }
  | { readonly do: 'end'; readonly which: number; readonly letter: Letter }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'step'; readonly ms: number }
  | { readonly do: 'order'; readonly order: 'open' | 'close' | 'reset' | 'isolate' }
  | { readonly do: 'died'; readonly who: string }
  | { readonly do: 'hang'; readonly times: number }
  | { readonly do: 'restart' };

const letter = fc.constantFrom<Letter>('S', 'F', 'F', 'T', 'T', 'N');
const who = fc.constantFrom('a', 'b');
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('call' as const), letter, times: fc.integer({ min: 1, max: 11 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const), who }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(3), letter }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.constantFrom(1, 24_000, 30_000, 36_000, 60_000, 600_000, 600_001), fc.nat(700_000)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('step' as const), ms: fc.integer({ min: -1e9, max: 1e9 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      order: fc.constantFrom('open' as const, 'close' as const, 'reset' as const, 'isolate' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('died' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('hang' as const), times: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

function begin(world: World, name: string): void {
  const { real, reference, calls } = world;
  const expected = reference.go(name, world.nowMs, real.random);
  const { kind } = real.asked;
  real.admit(name);
  if (expected === 'no') return;
  same('admitted as', kind, expected === 'yes' ? 'pass' : 'probe');
  const isProbe = expected === 'probe';
  // INVARIANT under test: of the calls in flight, at most one is the probe of the epoch.
  const probes = calls.filter((one) => one.isProbe && one.epoch === real.state.epoch);
  same('other probes', isProbe ? probes.length : 0, 0);
  calls.push({ epoch: real.state.epoch, since: reference.changes, isProbe });
}

function end(world: World, which: number, kind: Letter): void {
  const [call] = world.calls.splice(which % Math.max(1, world.calls.length), 1);
  if (call === undefined) return;
  world.real.settle(SAMPLE[kind], call.epoch);
  world.reference.end(kind, call.since, world.nowMs, world.real.random);
}

function run(world: World, one: Command, random: number): void {
  const { real, reference } = world;
  real.random = random;
  switch (one.do) {
    case 'call':
      for (let time = 0; time < one.times; time += 1) {
        const before = world.calls.length;
        begin(world, 'a');
        if (world.calls.length > before) end(world, before, one.letter);
        world.check();
      }
      break;
    case 'begin':
      begin(world, one.who);
      break;
    case 'end':
      end(world, one.which, one.letter);
      break;
    case 'wait':
      real.wait(one.ms);
      break;
    case 'step':
      real.stepClock(one.ms);
      break;
    case 'order':
      world.personCame = true;
      real.order(one.order);
      reference.order(one.order, world.nowMs, random);
      break;
    case 'died':
      real.run({ type: 'holder_gone', holder: one.who });
      reference.died(one.who);
      break;
    case 'hang':
      for (let time = 0; time < one.times; time += 1) {
        real.wait(real.retryAfterMs ?? 0);
        begin(world, 'a');
        world.check();
      }
      break;
    case 'restart':
      real.restart();
      break;
  }
  world.check();
}

const history = fc.array(fc.tuple(command, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), {
  minLength: 1,
  maxLength: 60,
  size: 'max',
});

function reach(commands: readonly (readonly [Command, number])[]): World {
  const world = new World();
  for (const [one, random] of commands) run(world, one, random);
  return world;
}

test('does what the reference does, whatever happens', () => {
  fc.assert(
    fc.property(history, (commands) => {
      reach(commands);
    }),
    { numRuns: 2000 },
  );
});

describe('from any state that can be reached', () => {
  test('enough time and healthy calls close it, unless it is isolated', () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { real } = reach(commands);
        const isIsolated = real.state.kind === 'isolated';
        for (let call = 0; call < 8; call += 1) {
          real.wait(3_600_000).admit('healthy').settle('success');
        }
        expect(real.state.kind).toBe(isIsolated ? 'isolated' : 'closed');
      }),
      { numRuns: 150 },
    );
  });

  test('nothing but a trip, a probe or a person closes or opens it: time alone moves nothing', () => {
    fc.assert(
      fc.property(history, fc.nat(10_000_000), (commands, ms) => {
        const { real } = reach(commands);
        const { state } = real;
        real.wait(ms);
        expect(real.state).toEqual(state);
      }),
      { numRuns: 100 },
    );
  });

  test('a call is told a time that is true: then it may try', () => {
    fc.assert(
      fc.property(history, (commands) => {
        const { real } = reach(commands);
        const { retryAfterMs } = real;
        if (retryAfterMs === undefined) return;
        expect(retryAfterMs).toBeLessThanOrEqual(3_600_000);
        expect(real.wait(retryAfterMs).asked.kind).not.toBe('refuse');
      }),
      { numRuns: 100 },
    );
  });
});

test('the histories reach every state and every rule', () => {
  const rules = new Set<string>();
  const kinds = new Set<string>();
  for (const commands of fc.sample(history, { numRuns: 200, seed: 4 })) {
    const { real } = reach(commands);
    kinds.add(real.state.kind);
    for (const rule of real.rules) rules.add(rule);
  }
  expect([...kinds].sort()).toEqual(['closed', 'half_open', 'isolated', 'open']);
  const expected =
    'cool_down_over fault_rate fault_row holder_gone lease_lapsed next_probe person_close person_isolate person_open person_reset probe_failed probe_passed probe_unused probes_lapsed probes_passed tool_error_rate';
  expect([...rules].sort().join(' ')).toBe(expected);
});
