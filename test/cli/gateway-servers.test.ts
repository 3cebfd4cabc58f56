// Which servers a run without a command stands for, and what is said of a list of names that is none.
import { expect, test } from 'vitest';
import { gatewayServers } from '../../src/cli/gateway-servers.ts';
import { GuardError } from '../../src/guard-error.ts';
import { compilerWith } from '../config/compiled.ts';

const { policyOf } = compilerWith({ source: { path: '/c.json', digest: 'd' } });
const policy = policyOf({ version: 1, servers: { files: { command: 'a' }, git: { command: 'b' } } });

function ask(servers: string): string {
  try {
    return (gatewayServers(policy, [], { servers }) ?? []).map(({ id }) => id).join();
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

test.each([
  ['git, files', 'files,git'],
  ['files,,git', 'usage: `--servers files,,git` has a comma with no name beside it'],
  ['files,', 'usage: `--servers files,` has a comma with no name beside it'],
  ['', "usage: `--servers ''` names no server"],
  ['flies', 'server_unknown: there is no server `flies` in `/c.json`'],
])('`--servers %s`', (servers, said) => {
  expect(ask(servers)).toBe(said);
});
