// A slip of the hand in a key of `auth` is named; what may be a token that was put there is not.
import { expect, test } from 'vitest';
import { showPath } from '../../src/config/json-path.ts';

test.each([
  [['auth', 'require'], 'auth.require'],
  [['auth', 'jwt', 'isuer'], 'auth.jwt.isuer'],
  [['auth', 'mcpg_0123456789abcdef_secret'], 'auth[…]'],
  [['auth', 'hunter2'], 'auth[…]'],
])('%j', (path, shown) => expect(showPath(path)).toBe(shown));
