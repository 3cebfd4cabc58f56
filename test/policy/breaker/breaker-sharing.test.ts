// Three guards and one store, under any interleaving: what must hold whoever gets the lock first.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANSWER, FAULT, type Guard, Machine, SERVER, TOOL_ERROR, UNUSED } from './machine.ts';

type Act =
  | { readonly do: 'call'; readonly guard: number; readonly end: 'S' | 'F' | 'T' | 'N'; readonly times: number }
  | { readonly do: 'begin'; readonly guard: number }
  | { readonly do: 'end'; readonly which: number; readonly end: 'S' | 'F' | 'T' | 'N' }
  | { readonly do: 'write'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'order'; readonly order: 'open' | 'close' | 'reset' | 'isolate' }
  | { readonly do: 'exit'; readonly guard: number }
  | { readonly do: 'recover'; readonly guard: number };

const end = fc.constantFrom('S' as const, 'F' as const, 'F' as const, 'T' as const, 'N' as const);
const guardIndex = fc.nat(2);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      guard: guardIndex,
      end,
      times: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const), guard: guardIndex }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(5), end }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), which: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1000, 30_000, 60_000, 600_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      order: fc.constantFrom('open' as const, 'close' as const, 'reset' as const, 'isolate' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('exit' as const), guard: guardIndex }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('recover' as const), guard: guardIndex }) },
);

test('whatever three guards do, in whatever order they get the lock: no transition is lost, one probe, one state', () => {
  const seen = new Set<string>();
  const ends = { S: ANSWER, F: FAULT, T: TOOL_ERROR, N: UNUSED };
  fc.assert(
    fc.property(fc.array(act, { minLength: 1, maxLength: 80, size: 'max' }), (acts) => {
      const machine = new Machine();
      const guards = [machine.guard('a'), machine.guard('b'), machine.guard('c')];
      const open: { guard: Guard; request: ReturnType<Guard['begin']> }[] = [];
      let isIsolated = false;
      const passed = () => open.filter(({ guard, request }) => guard.verdictOf(request) === 'pass');
      for (const one of acts) {
        const guard = 'guard' in one ? guards[one.guard] : undefined;
        if (one.do === 'call' && guard !== undefined) {
          for (let time = 0; time < one.times; time += 1) {
            const request = guard.begin();
            if (guard.verdictOf(request) === 'pass') guard.end(request, ends[one.end]);
            else open.push({ guard, request });
          }
        } else if (one.do === 'begin' && guard !== undefined) open.push({ guard, request: guard.begin() });
        else if (one.do === 'exit') guard?.exit();
        else if (one.do === 'recover') {
          machine.wait(600_000);
          guard?.calls(ANSWER, 2);
        } else if (one.do === 'end') {
          const [ended] = passed().slice(one.which, one.which + 1);
          if (ended !== undefined) {
            open.splice(open.indexOf(ended), 1);
            ended.guard.end(ended.request, ends[one.end]);
          }
        } else if (one.do === 'write') machine.step(one.which % Math.max(1, machine.updates.length));
        else if (one.do === 'wait') machine.wait(one.ms);
        else if (one.do === 'order') {
          machine.order(one.order, 'query');
          if (one.order === 'isolate') isIsolated = true;
          if (one.order === 'close' || one.order === 'reset') isIsolated = false;
        }
        // INVARIANT under test: an isolation is never lost, and nothing but a person makes one.
        if ((machine.stateOf('query').kind === 'isolated') !== isIsolated) throw new Error('an isolation was lost');
      }
      machine.settle();
      for (const { guard, lease } of machine.probes) expect(lease?.holder).toBe(guard);
      // A lease begins an epoch: two probes of one epoch would be two at once.
      expect(new Set(machine.probes.map(({ epoch }) => epoch)).size).toBe(machine.probes.length);
      for (const { transition } of machine.transitions) seen.add(transition.rule);
      for (const tool of ['query', undefined]) {
        const epochs = machine.transitions.filter((one) => one.tool === tool).map(({ transition }) => transition.epoch);
        expect(epochs).toEqual(epochs.map((_, index) => index + 1));
        expect(machine.stateOf(tool).epoch).toBe(epochs.length);
      }
      // All of them read the same, and each has what the store has.
      const outs = guards.map((guard) => guard.breaker.toolsOut(SERVER, machine.now).join());
      expect(new Set(outs).size).toBe(1);
      // Time and healthy calls bring it back.
      for (let round = 0; round < 8; round += 1) {
        machine.wait(3_600_000);
        guards[round % 3]?.call(ANSWER);
        machine.settle();
      }
      expect(machine.stateOf('query').kind).toBe(isIsolated ? 'isolated' : 'closed');
    }),
    // A fixed seed: what follows asks which rules these very traces have reached.
    { numRuns: 300, seed: 1 },
  );
  const expected =
    'cool_down_over fault_rate fault_row next_probe person_close person_isolate person_open person_reset probe_failed probe_passed probe_unused probes_passed';
  for (const rule of expected.split(' ')) expect(seen).toContain(rule);
});
