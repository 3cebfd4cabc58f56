// What is said of a policy that was not taken over, and to whom: of a config that others share a client learns nothing that stands in it.
import { expect, it } from 'vitest';
import { sayKept, tellKept } from '../../src/cli/kept-words.ts';
import type { Policy } from '../../src/config/policy.ts';
import { GuardError } from '../../src/guard-error.ts';

// as much of a policy as is looked at here
const auth = {} as NonNullable<Policy['auth']>;
const alone = { auth: undefined };
const error = new GuardError('config_invalid', '`c.json` has 2 errors:\nservers.hr.scope: no\nservers.hr.env.K: no');
const why = 'servers.hr.scope: no';

it.each([
  ['nobody is asked who they are', alone],
  ['there is no policy', undefined],
])('a client reads all of it where %s', (_, policy) => {
  expect(tellKept(policy, error, why)).toBe(sayKept(why));
  expect(sayKept(why)).toBe('a changed policy is NOT taken over, and the old one holds: servers.hr.scope: no');
});

it.each([
  ['tokens', { auth }],
  ['tenants', { ...alone, foreignPlaces: () => [] }],
])('under %s it reads how many errors there are, and none of them', (_, policy) => {
  const head = 'a changed policy is NOT taken over, and the old one holds';
  const tail = 'the stderr and the record of the guard have why';
  expect(tellKept(policy, error, why)).toBe(`${head}: \`c.json\` has 2 errors; ${tail}`);
  for (const other of [new GuardError('lock_outdated', 'servers.hr'), new Error('servers.hr'), 'servers.hr'])
    expect(tellKept(policy, other, why)).toBe(`${head}: it cannot be used; ${tail}`);
});
