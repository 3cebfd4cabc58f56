// `exited` waits for the dying. The kernel is too quick to show it, so here the group pretends to live for a while.
import { expect, test, vi } from 'vitest';
import * as sweep from '../../../src/adapters/process-sweep.ts';
import { createSpawner } from '../../../src/adapters/spawn-upstream.ts';

vi.mock(import('../../../src/adapters/process-sweep.ts'), async (original) => {
  const real = await original();
  return { ...real, isGroupAlive: vi.fn(real.isGroupAlive), sweepMarked: vi.fn(real.sweepMarked) };
});

const run = () =>
  createSpawner({}).spawn({ command: '/bin/echo', args: [], cwd: undefined, env: {}, stderr: 'inherit' }).exited;

test('as long as the group has a living member', async () => {
  const alive = vi.mocked(sweep.isGroupAlive).mockReset().mockReturnValue(false);
  for (let pass = 0; pass < 3; pass += 1) alive.mockReturnValueOnce(true);
  expect(await run()).toEqual({ kind: 'exited', code: 0 });
  expect(alive).toHaveBeenCalledTimes(4);
});

test('where no sweep finds anybody, one is enough', async () => {
  vi.mocked(sweep.isGroupAlive).mockReset().mockReturnValue(false);
  const swept = vi.mocked(sweep.sweepMarked).mockReset().mockReturnValue(0);
  await run();
  expect(swept).toHaveBeenCalledTimes(1);
});

// What forks and exits can be missed by one look: somebody found once makes three empty looks in a row necessary.
test.each([
  ['found at once', [1], 4],
  ['found three times', [1, 1, 1], 6],
  ['found again after two empty looks', [1, 0, 0, 1], 7],
])('as long as a sweep finds somebody, and three looks more: %s', async (_case, finds, looks) => {
  vi.mocked(sweep.isGroupAlive).mockReset().mockReturnValue(false);
  const swept = vi.mocked(sweep.sweepMarked).mockReset().mockReturnValue(0);
  for (const count of finds) swept.mockReturnValueOnce(count);
  await run();
  expect(swept).toHaveBeenCalledTimes(looks);
});

test('the looks are spaced: five milliseconds between two empty ones', async () => {
  vi.mocked(sweep.isGroupAlive).mockReset().mockReturnValue(false);
  const at: number[] = [];
  vi.mocked(sweep.sweepMarked)
    .mockReset()
    .mockImplementation(() => (at.push(performance.now()) === 1 ? 1 : 0));
  await run();
  const [, first = 0, second = 0, third = 0] = at;
  // Timers round to a millisecond.
  expect(Math.min(second - first, third - second)).toBeGreaterThan(3.9);
});

test('what `kill` found counts, too', async () => {
  vi.mocked(sweep.isGroupAlive).mockReset().mockReturnValue(false);
  const swept = vi.mocked(sweep.sweepMarked).mockReset().mockReturnValue(0).mockReturnValueOnce(1);
  const upstream = createSpawner({}).spawn({
    command: '/bin/cat',
    args: [],
    cwd: undefined,
    env: {},
    stderr: 'inherit',
  });
  upstream.kill();
  // As the loss of the watcher does, sooner or later than the exit: it adds no look.
  upstream.kill();
  expect(await upstream.exited).toMatchObject({ signal: 'SIGKILL' });
  expect(swept).toHaveBeenCalledTimes(4);
});

test('but not for ever: what cannot die does not hold the guard', async () => {
  vi.mocked(sweep.sweepMarked).mockReset().mockReturnValue(0);
  const alive = vi.mocked(sweep.isGroupAlive).mockReset().mockReturnValue(true);
  expect(await run()).toEqual({ kind: 'exited', code: 0 });
  expect(alive).toHaveBeenCalledTimes(300);
});
