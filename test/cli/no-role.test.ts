// Who has no role is told so once, as everything is denied: an empty list of tools says nothing of why.
import { expect, test } from 'vitest';
import { describeRoles } from '../../src/cli/run-lock.ts';

test.each([
  [[], ['`q3` has no role, so nothing is granted: see `roles` of the config and `token create --roles`']],
  [
    ['raeder', 'x'],
    [
      '`q3` has no role that the config knows (`raeder`, `x`), so nothing is granted: see `roles` of the config and `token create --roles`',
    ],
  ],
  [['x', 'reader'], []],
])('%j', (roles, notes) => {
  expect(describeRoles('q3', roles, new Set(['reader']))).toEqual(notes);
});
