// Which servers of a gateway a session may have: those that its token is for, each one where they were named, and never none.
import { expect, test } from 'vitest';
import { entitledServers } from '../../src/cli/entitled-servers.ts';
import type { RunIdentity } from '../../src/cli/run-identity.ts';
import { mayUse } from '../../src/policy/identity/start-question.ts';
import { policyOf } from '../config/compiled.ts';

const server = { command: 'x' };
const entries = [...policyOf({ version: 1, servers: { a: server, b: server, 'a-2': server } }).servers.values()];

/** An identity for these patterns; undefined: nobody was asked. */
async function entitled(servers: readonly string[] | undefined, areNamed = false): Promise<readonly string[] | string> {
  const asked: Pick<RunIdentity, 'mayUse' | 'requireServers'> = {
    mayUse: (wanted) => mayUse({ servers }, wanted),
    async requireServers(wanted) {
      if (!wanted.every((one) => mayUse({ servers }, one))) throw new Error('refused');
    },
  };
  try {
    return (await entitledServers(servers === undefined ? undefined : asked, entries, areNamed)).map(({ id }) => id);
  } catch (error) {
    return String(error);
  }
}

test.each([
  ['nobody was asked', undefined, ['a', 'b', 'a-2']],
  ['a token for every server', ['*'], ['a', 'b', 'a-2']],
  ['for one', ['b'], ['b']],
  ['by a pattern', ['a*', 'gone'], ['a', 'a-2']],
  ['for none of them', ['gone'], 'Error: refused'],
  ['for none at all', [], 'Error: refused'],
] as const)('%s', async (_, servers, expected) => {
  expect(await entitled(servers)).toEqual(expected);
});

test('where servers were named it has to be for each', async () => {
  expect(await entitled(['*'], true)).toEqual(['a', 'b', 'a-2']);
  expect(await entitled(['a', 'b'], true)).toBe('Error: refused');
});
