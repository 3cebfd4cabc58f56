// How long a start waits after exits in earlier sessions: the ladder of restarts, counted over all of them, bounded.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addExit, MOST_EXITS, startDelay } from '../../../src/policy/breaker/start-delay.ts';
import type { Moment } from '../../../src/ports/breaker-store.ts';

const RESTART = { maxExits: 8, withinMs: 60_000, firstDelayMs: 250, maxDelayMs: 10_000 };
const at = (monoMs: number, more: Partial<Moment> = {}): Moment => ({ monoMs, wallMs: monoMs, bootId: 'b', ...more });
const delay = (...agesMs: number[]) =>
  startDelay(
    agesMs.map((age) => at(100_000 - age)),
    RESTART,
    at(100_000),
  );

test('doubles with each exit of late, and the time since the newest counts', () => {
  expect(delay()).toEqual({ ms: 0, exits: 0 });
  expect(delay(0)).toEqual({ ms: 250, exits: 1 });
  expect(delay(0, 300)).toEqual({ ms: 500, exits: 2 });
  expect(delay(100, 700, 2000)).toEqual({ ms: 900, exits: 3 });
  expect(delay(2000, 3000, 5000)).toEqual({ ms: 0, exits: 3 });
  expect(delay(...Array.from({ length: 20 }, (_, index) => index * 10))).toEqual({ ms: 10_000, exits: 20 });
});

test('what is long ago, of another boot that contradicts itself, or ahead of its time is none', () => {
  expect(delay(60_000, 90_000)).toEqual({ ms: 0, exits: 0 });
  expect(startDelay([at(1, { bootId: 'earlier', wallMs: 200_000 })], RESTART, at(100_000))).toEqual({
    ms: 0,
    exits: 0,
  });
  expect(startDelay([at(900_000)], RESTART, at(100_000))).toEqual({ ms: 0, exits: 0 });
});

test('never longer than the ladder, whatever the list holds', () => {
  const moment = fc.record({ monoMs: fc.double(), wallMs: fc.double(), bootId: fc.constantFrom('b', 'c') });
  fc.assert(
    fc.property(fc.array(moment), (exits) => {
      const { ms } = startDelay(exits, RESTART, at(100_000));
      expect(ms >= 0 && ms <= RESTART.maxDelayMs).toBe(true);
    }),
  );
});

test('the newest are kept, and not without end', () => {
  let exits: readonly Moment[] = [];
  for (let index = 0; index < MOST_EXITS + 5; index += 1) exits = addExit(exits, at(index));
  expect([exits.length, exits[0]?.monoMs, exits.at(-1)?.monoMs]).toEqual([MOST_EXITS, 5, MOST_EXITS + 4]);
});
