// Under any schedule of calls, ends, cancels, exits and time: who may be held, for how long, and that each wait ends once.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Settlement } from '../../../src/core/interceptor.ts';
import { LONGEST_MS, REST_MS, TURN_MS } from '../../../src/policy/breaker/suspects.ts';
import { TrialStage } from './trial-stage.ts';

const TOOLS = ['a', 'b', 'c', 'd', 'off', 'out'];
const ENDS: readonly Settlement[] = ['result', 'error', 'timeout', 'refused', 'cancelled', 'denied', 'unrecorded'];
const OUTLIVED = new Set<Settlement>(['result', 'error', 'timeout', 'refused']);

type Step =
  | { readonly do: 'call'; readonly tool: string }
  | { readonly do: 'settle'; readonly which: number; readonly end: Settlement }
  | { readonly do: 'cancel'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'exit' | 'back' };

const settle = (ends: readonly Settlement[]) =>
  fc.record({ do: fc.constant('settle' as const), which: fc.nat(30), end: fc.constantFrom(...ends) });
const stepOf = (ends: readonly Settlement[], cancels: number): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('call' as const), tool: fc.constantFrom(...TOOLS) }) },
    { weight: 4, arbitrary: settle(ends) },
    { weight: cancels, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(30) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 1_500 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('exit' as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('back' as const) }) },
  );
const schedule = (ends: readonly Settlement[], cancels: number) =>
  fc.array(stepOf(ends, cancels), { maxLength: 80, size: 'max' });

const newStage = () => new TrialStage({ isOff: (_, tool) => tool === 'off', isRefused: (_, tool) => tool === 'out' });

/** Which tools may be held at most, from what has been seen alone. */
class Suspected {
  readonly tools = new Set<string>();

  follow(stage: TrialStage, step: Step): void {
    if (step.do !== 'exit' || !stage.isUp) return;
    const inFlight = new Set(stage.in('in_flight').map(({ tool }) => tool));
    inFlight.delete('off');
    if (inFlight.size > 1 || this.tools.size > 0) for (const tool of inFlight) this.tools.add(tool);
  }
}

function run(stage: TrialStage, step: Step, suspected: Suspected): void {
  suspected.follow(stage, step);
  const at = <T>(all: readonly T[], which: number): T | undefined => all[which % Math.max(1, all.length)];
  if (step.do === 'call') stage.call(step.tool);
  else if (step.do === 'pass') stage.sleep(step.ms);
  else if (step.do === 'exit' && stage.isUp) stage.exit();
  else if (step.do === 'back' && !stage.isUp) stage.back();
  else if (step.do === 'settle') {
    const call = stage.isUp ? at(stage.in('in_flight'), step.which) : undefined;
    if (call === undefined) return;
    if (OUTLIVED.has(step.end)) suspected.tools.delete(call.tool);
    stage.settle(call, step.end);
  } else if (step.do === 'cancel') {
    const call = at(stage.in('waiting'), step.which);
    const others = stage.in('waiting').filter((one) => one !== call);
    if (call === undefined) return;
    stage.cancel(call);
    // it gives nothing away
    expect(stage.in('waiting')).toEqual(others);
  }
}

test('only suspects are held, each wait ends once and in time, and nothing is left behind', () => {
  let held = 0;
  let long = 0;
  fc.assert(
    fc.property(schedule(ENDS, 2), (steps) => {
      const stage = newStage();
      const suspected = new Suspected();
      for (const step of steps) {
        run(stage, step, suspected);
        for (const { tool, upMs } of stage.in('waiting')) {
          expect(suspected.tools).toContain(tool);
          expect(tool).not.toBe('out');
          expect(stage.upMs - upMs).toBeLessThan(LONGEST_MS);
        }
        if (suspected.tools.size === 0) expect(stage.trial.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
      }
      // whatever has happened: a server that runs so long without an exit has everybody
      if (!stage.isUp) stage.back();
      stage.sleep(LONGEST_MS);
      expect(stage.in('waiting')).toEqual([]);
      for (const call of stage.in('in_flight')) stage.settle(call, 'cancelled');
      stage.sleep(1);
      expect([stage.trial.trials, stage.trial.wakeAtMs]).toEqual([0, Number.POSITIVE_INFINITY]);
      for (const { waitedUpMs } of stage.calls) {
        held += waitedUpMs === undefined ? 0 : 1;
        long += (waitedUpMs ?? 0) > TURN_MS ? 1 : 0;
      }
    }),
    { numRuns: 200 },
  );
  expect([held > 100, long > 5]).toEqual([true, true]);
});

test('while the server runs somebody always has the turn, and each tool has one: a second for each, and one to rest before', () => {
  let most = 0;
  fc.assert(
    fc.property(schedule(['result'], 0), fc.array(fc.constantFrom(...TOOLS), { maxLength: 20 }), (steps, calls) => {
      const stage = newStage();
      const suspected = new Suspected();
      for (const step of steps) run(stage, step, suspected);
      if (stage.isUp) stage.exit();
      for (const tool of calls) stage.call(tool);
      stage.back();
      const tools = new Set(stage.in('waiting').map(({ tool }) => tool));
      const from = stage.upMs;
      while (stage.in('waiting').length > 0) {
        expect(stage.trial.wakeAtMs).toBeLessThanOrEqual(stage.nowMs + TURN_MS);
        stage.sleep(stage.trial.wakeAtMs - stage.nowMs + 1);
        most = Math.max(most, stage.upMs - from);
      }
      expect(stage.upMs - from).toBeLessThanOrEqual(tools.size * (TURN_MS + REST_MS + 2));
    }),
    { numRuns: 200 },
  );
  expect(most).toBeGreaterThan(2 * TURN_MS);
});

test('who has been answered goes at once', () => {
  let freed = 0;
  fc.assert(
    fc.property(schedule(ENDS, 1), fc.constantFrom('a', 'b', 'c', 'd'), (steps, tool) => {
      const stage = newStage();
      for (const step of steps) run(stage, step, new Suspected());
      if (!stage.isUp) stage.back();
      const [call] = stage.in('in_flight', tool);
      if (call === undefined) return;
      freed += stage.in('waiting').length > 0 ? 1 : 0;
      stage.settle(call);
      expect(stage.in('waiting', tool)).toEqual([]);
      expect(stage.call(tool).state).toBe('in_flight');
    }),
    { numRuns: 400 },
  );
  expect(freed).toBeGreaterThan(5);
});
