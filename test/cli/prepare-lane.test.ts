// What the record says of a gateway: the weakest of what is started, and nothing of what is not.
import { expect, test } from 'vitest';
import { weakestOf } from '../../src/cli/prepare-lane.ts';

test.each([
  [['L2', 'L0', 'L3'], 'L0'],
  [['L2', undefined, 'L3'], 'L2'],
  [['L2', 'none'], 'none'],
  [[undefined], 'none'],
  [[], 'none'],
] as const)('of %j it is %s', (levels, weakest) => {
  expect(weakestOf(levels.map((isolation) => ({ isolation })))).toBe(weakest);
});
