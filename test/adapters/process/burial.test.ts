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

test('as long as a sweep finds somebody', async () => {
  vi.mocked(sweep.isGroupAlive).mockReset().mockReturnValue(false);
  const swept = vi.mocked(sweep.sweepMarked).mockReset().mockReturnValue(0);
  for (let pass = 0; pass < 3; pass += 1) swept.mockReturnValueOnce(1);
  await run();
  expect(swept).toHaveBeenCalledTimes(4);
});

test('but not for ever: what cannot die does not hold the guard', async () => {
  vi.mocked(sweep.sweepMarked).mockReset().mockReturnValue(0);
  const alive = vi.mocked(sweep.isGroupAlive).mockReset().mockReturnValue(true);
  expect(await run()).toEqual({ kind: 'exited', code: 0 });
  expect(alive).toHaveBeenCalledTimes(300);
});
