// A pause under a clock that anybody sets: it is never longer than the time that passes, and over is over.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addPause, endPause, NO_PAUSES, type Pause } from '../../src/policy/pause.ts';
import { PauseTimes } from '../../src/policy/pause-times.ts';
import { createSteadyTime } from '../../src/policy/steady-time.ts';

const MINUTE = 60_000;
const FILES = { config: '/srv/a.json', server: 'files' };
const pauseOf = (sinceMs: number, untilMs: number, server = 'files'): Pause => ({
  ...{ ...FILES, server, sinceMs, untilMs, actor: 'ada', reason: 'x' },
});
const FIVE = addPause(NO_PAUSES, pauseOf(0, 5 * MINUTE));

function session() {
  const times = new PauseTimes(createSteadyTime());
  return (wallMs: number, monoMs: number, pauses = FIVE) =>
    times.pauseAt(pauses, FILES, { wallMs, monoMs }) !== undefined;
}

test('a clock that is set back does not bring back what has ended', () => {
  const isPaused = session();
  expect([isPaused(0, 0), isPaused(10 * MINUTE, 1), isPaused(MINUTE, 2)]).toEqual([true, false, false]);
});

test('a clock that is held back lengthens nothing', () => {
  const isPaused = session();
  expect([isPaused(MINUTE, 0), isPaused(MINUTE, 4 * MINUTE - 1), isPaused(MINUTE, 4 * MINUTE)]).toEqual([
    ...[true, true, false],
  ]);
});

test('a clock that is set back before its beginning ends it for good', () => {
  const isPaused = session();
  expect([isPaused(0, 0), isPaused(-1, 1), isPaused(MINUTE, 2)]).toEqual([true, false, false]);
});

test('a person who ends it ends that one; another one holds', () => {
  const isPaused = session();
  const none = endPause(FIVE, 'files');
  const longer = addPause(FIVE, pauseOf(MINUTE, 9 * MINUTE));
  expect([isPaused(MINUTE, 0), isPaused(MINUTE, 1, none), isPaused(MINUTE, 2, FIVE)]).toEqual([true, false, false]);
  expect([isPaused(MINUTE, 3, longer), isPaused(2 * MINUTE, 4, FIVE)]).toEqual([true, false]);
});

test('one server is not another', () => {
  const times = new PauseTimes(createSteadyTime());
  const two = addPause(FIVE, pauseOf(0, 20 * MINUTE, 'mail'));
  const at = (server: string, wallMs: number) =>
    times.pauseAt(two, { ...FILES, server }, { wallMs, monoMs: 0 }) !== undefined;
  expect([at('files', 0), at('mail', 0), at('files', 10 * MINUTE), at('mail', 10 * MINUTE)]).toEqual([
    ...[true, true, false, true],
  ]);
});

test('whatever the clock says, it holds in one stretch, and no longer than it was to be', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: -10, max: 10 }), fc.nat(3)), { maxLength: 30 });
  fc.assert(
    fc.property(steps, (moves) => {
      const isPaused = session();
      let [wallMs, monoMs] = [0, 0];
      let held: number[] = [];
      let hasEnded = false;
      for (const [jump, passed] of moves) {
        monoMs += passed * MINUTE;
        wallMs += (jump + passed) * MINUTE;
        const now = isPaused(wallMs, monoMs);
        expect(now && hasEnded).toBe(false);
        if (now) held = [...held, monoMs];
        else if (held.length > 0) hasEnded = true;
      }
      expect((held.at(-1) ?? 0) - (held[0] ?? 0)).toBeLessThan(5 * MINUTE);
    }),
  );
});
