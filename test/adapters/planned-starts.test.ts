// A start that waits for its delay, brought forward: it happens once, and at once.
import { expect, test } from 'vitest';
import { PlannedStarts } from '../../src/adapters/planned-starts.ts';

function rig() {
  const timers = new Set<{ readonly delayMs: number; readonly action: () => void }>();
  const started: string[] = [];
  const after = (delayMs: number, action: () => void) => {
    const timer = { delayMs, action };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const starts = new PlannedStarts({ after }, (server) => void started.push(server));
  const fire = (): void => {
    for (const timer of [...timers]) {
      timers.delete(timer);
      timer.action();
    }
  };
  return { starts, started, fire, delays: () => [...timers].map(({ delayMs }) => delayMs) };
}

test('a planned start that is hurried takes the place of the first one', () => {
  const { starts, started, fire, delays } = rig();
  starts.plan('a', 8_000);
  starts.plan('b', 500);
  starts.hurry('a');
  expect(delays()).toEqual([500, 0]);
  fire();
  expect(started).toEqual(['b', 'a']);
});

test('a server of which no start is planned, or none any more, is not started', () => {
  const { starts, started, fire, delays } = rig();
  starts.hurry('a');
  starts.plan('a', 1);
  fire();
  starts.hurry('a');
  expect(delays()).toEqual([]);
  expect(started).toEqual(['a']);
});
