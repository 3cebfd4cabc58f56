// When the last sync comes, whatever is under way: a guard that ends must neither lose it nor wait for a timer for ever.
import { expect, it } from 'vitest';
import { createSyncSchedule } from '../../../src/adapters/sync-schedule.ts';
import { nodeTrailFiles } from '../../../src/adapters/trail-files.ts';

/** Descriptors by number only; a sync in the background ends when the test says so. */
function stage() {
  const running: (() => void)[] = [];
  const timers: (() => void)[] = [];
  const closed: number[] = [];
  const files = {
    ...nodeTrailFiles,
    syncLater: (_fd: number, done: (error: Error | null) => void) => void running.push(() => done(null)),
    sync: () => {},
    close: (fd: number) => void closed.push(fd),
  };
  const schedule = createSyncSchedule(
    files,
    'group',
    (action) => void timers.push(action),
    () => {},
  );
  return { running, timers, closed, schedule };
}

it('what was finished while its sync was under way is synced again and closed, without any timer', async () => {
  const { running, timers, closed, schedule } = stage();
  schedule.written(7);
  timers.shift()?.();
  schedule.written(7);
  schedule.finished(7);
  schedule.flush();
  const idle = schedule.idle();
  running.shift()?.();
  expect(closed).toEqual([]);
  running.shift()?.();
  await idle;
  expect(closed).toEqual([7]);
});

it('what waits for its turn is synced after a flush without any timer, and off this thread', async () => {
  const { running, closed, schedule } = stage();
  schedule.written(7);
  schedule.finished(7);
  schedule.flush();
  const idle = schedule.idle();
  expect(closed).toEqual([]);
  running.shift()?.();
  await idle;
  expect(closed).toEqual([7]);
});
