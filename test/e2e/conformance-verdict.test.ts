// The verdict on two runs of the conformance suite: nothing that came out otherwise passes for the same.
import { expect, test } from 'vitest';
import { findDifferences, judge, type SuiteRun } from '../conformance/verdict.mjs';

/** Scenarios as `check status` words: `{ ping: 'a SUCCESS, b FAILURE' }`. */
function run(scenarios: Record<string, string>, notScored: readonly string[] = [], exitCode = 0): SuiteRun {
  const checksOf = (text: string) =>
    text.split(', ').flatMap((one) => {
      const [id = '', status = ''] = one.split(' ');
      return id === '' ? [] : [{ id, status, error: '' }];
    });
  const entries = Object.entries(scenarios).map(([name, text]) => [name, checksOf(text)] as const);
  return { exitCode, scenarios: new Map(entries), notScored: new Set(notScored) };
}

const BASE = run({ ping: 'a SUCCESS', tools: 'b SUCCESS, b SUCCESS, c FAILURE' }, ['tools']);

test('the same is no difference, in whatever order', () => {
  const again = run({ tools: 'c FAILURE, b SUCCESS, b SUCCESS', ping: 'a SUCCESS' }, ['tools']);
  expect(judge(BASE, again)).toMatchObject({ passed: 3, failed: 0 });
});

test.each([
  ['a check with another status', { ping: 'a FAILURE', tools: 'b SUCCESS, b SUCCESS, c FAILURE' }],
  ['one of two under one name', { ping: 'a SUCCESS', tools: 'b SUCCESS, c FAILURE, c FAILURE' }],
  ['a check that is missing', { ping: 'a SUCCESS', tools: 'b SUCCESS, c FAILURE' }],
  ['a check more', { ping: 'a SUCCESS, a SUCCESS', tools: 'b SUCCESS, b SUCCESS, c FAILURE' }],
  ['a scenario that is missing', { ping: 'a SUCCESS' }],
  ['a scenario more', { ping: 'a SUCCESS', tools: 'b SUCCESS, b SUCCESS, c FAILURE', more: '' }],
  ['better than direct', { ping: 'a SUCCESS', tools: 'b SUCCESS, b SUCCESS, c SUCCESS' }],
])('%s is one', (_, scenarios) => {
  expect(findDifferences(BASE, run(scenarios, ['tools']))).toHaveLength(1);
  expect(judge(BASE, run(scenarios, ['tools'])).failed).toBeGreaterThan(0);
});

test('what has to pass and fails alike in both fails; so does a suite that ran nothing, or ended badly', () => {
  expect(judge(run({ ping: 'a FAILURE' }), run({ ping: 'a FAILURE' })).failed).toBe(1);
  expect(judge(run({}), run({})).failed).toBe(1);
  expect(judge(run({ ping: 'a SUCCESS' }), run({ ping: 'a SUCCESS' }, [], 1)).failed).toBe(1);
});
