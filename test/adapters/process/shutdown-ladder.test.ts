// The steps by which one server is ended, on a clock that moves when told: when each comes, and which of them is spared.
import { describe, expect, test } from 'vitest';
import { runLadder, type Timers } from '../../../src/adapters/shutdown-ladder.ts';
import type { ExitStatus } from '../../../src/ports/upstream.ts';

/** A server whose reactions are written down, and a clock that moves when told. */
function stage(times: { termAfterMs?: number; killAfterMs?: number } = {}, endInput = () => {}) {
  const steps: string[] = [];
  const alarms = new Map<number, () => void>();
  let settle: (status: ExitStatus) => void = () => {};
  const exited = new Promise<ExitStatus>((resolve) => {
    settle = resolve;
  });
  const timers: Timers = {
    after(delayMs, action) {
      alarms.set(delayMs, action);
      return () => alarms.delete(delayMs);
    },
  };
  const ladder = runLadder({
    process: { exited, terminate: () => void steps.push('TERM'), kill: () => void steps.push('KILL') },
    timers,
    endInput: () => {
      steps.push('EOF');
      endInput();
    },
    ...times,
  });
  return { ladder, steps, alarms, settle, ring: (atMs: number) => alarms.get(atMs)?.() };
}

const done: ExitStatus = { kind: 'exited', code: 0 };

describe('the ladder', () => {
  test('is EOF at once, TERM at 1.2 s, KILL at 1.8 s: under the 2 s that hosts give', () => {
    const { steps, alarms, ring } = stage();
    expect(steps).toEqual(['EOF']);
    expect([...alarms.keys()]).toEqual([1200, 1800]);
    ring(1200);
    expect(steps).toEqual(['EOF', 'TERM']);
    ring(1800);
    expect(steps).toEqual(['EOF', 'TERM', 'KILL']);
  });

  test('takes other times', () => {
    expect([...stage({ termAfterMs: 5, killAfterMs: 9 }).alarms.keys()]).toEqual([5, 9]);
  });

  test('stops where the server ends, and leaves no timer', async () => {
    const { ladder, steps, alarms, settle } = stage();
    const late = [...alarms.values()];
    settle(done);
    expect(await ladder.ended).toEqual(done);
    expect(alarms.size).toBe(0);
    for (const alarm of late) alarm();
    ladder.hurry();
    expect(steps).toEqual(['EOF']);
  });

  test('a second signal kills at once, and only once', () => {
    const { ladder, steps, ring } = stage();
    ladder.hurry();
    ladder.hurry();
    ring(1200);
    ring(1800);
    expect(steps).toEqual(['EOF', 'KILL']);
  });

  test('goes on where the end of input throws', () => {
    const { steps, ring } = stage({}, () => {
      throw new Error('broken');
    });
    ring(1200);
    expect(steps).toEqual(['EOF', 'TERM']);
  });
});
