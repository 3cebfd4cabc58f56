// Under any schedule of calls, answers, cancels and time: the caps, the order, the longest wait, and every place once.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Call, Turnstile } from './turnstile.ts';

const TOOLS = ['a', 'b', 'c', 'd'];

type Step =
  | { readonly do: 'call'; readonly tool: number }
  | { readonly do: 'settle' | 'cancel'; readonly which: number }
  | { readonly do: 'pass'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), tool: fc.nat(TOOLS.length - 1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 60 }) }) },
);
const cap = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined });
const settings = fc.record({
  server: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.constant(Number.POSITIVE_INFINITY)),
  tools: fc.array(fc.record({ maxInFlight: cap, maxWaitMs: fc.integer({ min: 1, max: 90 }) }), {
    minLength: TOOLS.length,
    maxLength: TOOLS.length,
  }),
});
type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never;

const settingsOf = ({ tools }: Settings, tool: string) =>
  tools[TOOLS.indexOf(tool)] ?? { maxInFlight: undefined, maxWaitMs: 1 };

/** The rule, said again in its plainest form. */
function hasPlace(turnstile: Turnstile, given: Settings, tool: string): boolean {
  const held = turnstile.in('in_flight', tool).length;
  const free = given.server - turnstile.in('in_flight').length;
  const { maxInFlight } = settingsOf(given, tool);
  return free > 0 && (maxInFlight === undefined ? held < free : held < maxInFlight);
}

function run(turnstile: Turnstile, one: Step): void {
  const at = (calls: Call[], which: number): Call | undefined => calls[which % Math.max(1, calls.length)];
  if (one.do === 'call') turnstile.call(TOOLS[one.tool] ?? '');
  else if (one.do === 'pass') turnstile.pass(one.ms);
  else if (one.do === 'settle') {
    const call = at(turnstile.in('in_flight'), one.which);
    if (call !== undefined) turnstile.settle(call);
  } else {
    const call = at(turnstile.in('waiting'), one.which);
    if (call !== undefined) turnstile.cancel(call);
  }
}

test('never above a cap, first come first served, nobody waits too long or in vain, every place once', () => {
  let waited = 0;
  let refused = 0;
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 60, size: 'max' }), (given, steps) => {
      const turnstile = new Turnstile({
        serverSettings: () => ({ maxInFlight: given.server }),
        toolSettings: (_, tool) => settingsOf(given, tool),
      });
      for (const one of steps) {
        const could = one.do === 'call' && hasPlace(turnstile, given, TOOLS[one.tool] ?? '');
        const queued = one.do === 'call' && turnstile.in('waiting', TOOLS[one.tool]).length > 0;
        run(turnstile, one);
        // a call is let through at once exactly where there is a place and nobody before it
        if (one.do === 'call') expect(turnstile.calls.at(-1)?.state === 'in_flight').toBe(could && !queued);
        expect(turnstile.in('in_flight').length).toBeLessThanOrEqual(given.server);
        let dueMs = Number.POSITIVE_INFINITY;
        for (const tool of TOOLS) {
          const { maxInFlight = given.server, maxWaitMs } = settingsOf(given, tool);
          expect(turnstile.in('in_flight', tool).length).toBeLessThanOrEqual(maxInFlight);
          const waiting = turnstile.in('waiting', tool);
          // no call of one tool stands before a call of another: who waits has no place
          if (waiting.length > 0) expect(hasPlace(turnstile, given, tool)).toBe(false);
          for (const { atMs } of waiting) {
            expect(turnstile.nowMs - atMs).toBeLessThan(maxWaitMs);
            dueMs = Math.min(dueMs, atMs + maxWaitMs);
          }
        }
        expect(turnstile.bulkhead.wakeAtMs).toBeLessThanOrEqual(dueMs);
      }
      for (const tool of TOOLS) {
        const order = turnstile.through
          .filter((call) => call.tool === tool)
          .map((call) => turnstile.calls.indexOf(call));
        expect(order).toEqual(order.toSorted((left, right) => left - right));
      }
      for (const { endedMs, atMs, state, tool } of turnstile.calls) {
        if (endedMs === undefined) continue;
        const { maxWaitMs } = settingsOf(given, tool);
        waited += 1;
        if (state !== 'refused') expect(endedMs - atMs).toBeLessThan(maxWaitMs);
        else {
          refused += 1;
          expect(endedMs - atMs).toBeGreaterThanOrEqual(maxWaitMs);
        }
      }
      // every wait ends, every place comes back
      turnstile.pass(90);
      expect(turnstile.in('waiting')).toEqual([]);
      for (const call of turnstile.in('in_flight')) turnstile.settle(call);
      expect(turnstile.bulkhead.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
      const places = Math.min(given.server, 9);
      for (let index = 0; index < places; index += 1) expect(turnstile.call(`new ${index}`).state).toBe('in_flight');
    }),
    { numRuns: 200 },
  );
  expect(waited).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(30);
});
