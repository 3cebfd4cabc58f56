// One tool ends the server as often as it is called, beside tools that work, all in flight all the time and nothing counted before: who
// is switched off, with the trial and without.
import { expect, it } from 'vitest';
import { World } from './crash-world.ts';

const healthy = (ms: number) => ({ first: ms, second: ms, third: ms, last: ms, crashes: 'exit' }) as const;
const HEALTHY = ['first', 'second', 'third', 'last'];

it.each([
  ['fast', 20, 1],
  ['fast', 20, 3],
  ['slow', 900, 1],
] as const)('with tools that are %s (%i ms), %i calls of each at once, it alone goes', (_, ms, workers) => {
  const world = new World({ tools: healthy(ms), workers, withTrial: true });
  world.run(40_000, () => world.opened.includes('crashes'));
  // the first exit says nothing of a tool, five more are a row
  expect(world.exits).toBe(6);
  world.run(3_000);
  expect(world.opened).toEqual(['crashes']);
  expect(world.exits).toBe(6);
  for (const tool of HEALTHY) {
    expect([tool, world.refused.get(tool)]).toEqual([tool, undefined]);
    expect(world.answered.get(tool)).toBeGreaterThan(2_000 / (ms + 1));
    // what waits for its turn does not end with the server that it was never sent to
    expect(world.ended.get(tool)).toBeLessThanOrEqual(6 * workers);
  }
  for (const longest of world.longestMs.values()) expect(longest).toBeLessThanOrEqual(4 * ms + 1_500);
  // who is out is told so at once, also while the server is away
  expect([world.refused.get('crashes'), world.longestRefusalMs]).toEqual([expect.toSatisfy((count) => count > 10), 0]);
  expect(world.book.faults).toEqual([]);
});

it('without it they go together, and their server with them: this is what it is for', () => {
  const world = new World({ tools: healthy(20), workers: 1, withTrial: false });
  world.run(40_000, () => world.opened.length > 3);
  expect(HEALTHY.filter((tool) => world.opened.includes(tool)).length).toBeGreaterThanOrEqual(3);
});

it('a tool whose breaker is off waits for its server, and for nobody else', () => {
  const world = new World({ tools: healthy(200), workers: 1, withTrial: true, off: 'third' });
  world.run(5_000);
  // away for 110 ms at most, and once more where it is away again before the answer
  const longest = (tool: string) => world.longestMs.get(tool) ?? 0;
  expect(longest('third')).toBeLessThanOrEqual(110 + 200);
  expect(longest('last')).toBeGreaterThan(110 + 2 * 200);
});

it('two that end it: both go, and nobody else', () => {
  const tools = { crashes: 'exit', first: 20, second: 20, third: 20, fails: 'exit' } as const;
  const world = new World({ tools, workers: 2, withTrial: true });
  world.run(40_000, () => world.opened.length > 1);
  world.run(3_000);
  expect([world.opened, world.exits]).toEqual([['crashes', 'fails'], 7]);
});
