// A command that a text names is about the same policy, wherever it is pasted.
import { expect, test } from 'vitest';
import { commandOptions } from '../../src/cli/command-options.ts';
import { approveCommand, diffCommand } from '../../src/policy/lock/lock-command.ts';

const at = (origin: 'flag' | 'environment' | 'project' | 'user', path = '/srv/mcp.json') => ({
  ...{ path, origin, digest: undefined },
});

test.each<[string, string]>([
  ['flag', ' --config /srv/mcp.json'],
  ['environment', ' --config /srv/mcp.json'],
  ['project', ' --config /srv/mcp.json'],
  ['user', ''],
])('a config that was found by %s', (origin, options) => {
  expect(commandOptions(at(origin as 'flag'), 'default')).toBe(options);
});

test('names are quoted, and a tenant is named', () => {
  const options = commandOptions(at('flag', "/srv/a b'c.json"), 'acme');
  expect(diffCommand(options, 'files')).toBe(
    "mcp-guard scope diff --server files --config '/srv/a b'\\''c.json' --tenant acme",
  );
  expect(approveCommand(commandOptions(at('user'), 'acme'))).toBe('mcp-guard scope approve --tenant acme --reason …');
});
