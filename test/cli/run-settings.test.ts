// Which environment a server is given, from flags and policy.
import { describe, expect, test } from 'vitest';
import { commandOf } from '../../src/cli/run-settings.ts';
import { policyOf } from '../config/compiled.ts';

const surroundings = { env: { PATH: '/bin', KEY: 'k', MCP_GUARD_MODEL: 'm', NODE_OPTIONS: '--x' }, uid: undefined };
const bare = { name: 'a', command: 'a', args: [], entry: undefined };

function configured() {
  return { ...bare, entry: policyOf({ version: 1, servers: { a: { command: 'a' } } }).servers.get('a') };
}

describe.each([
  ['bare', bare],
  ['configured', configured()],
])('a %s server', (_, server) => {
  test.each(['MCP_GUARD_MODEL', 'MCP_GUARD_RUN', 'MCP_GUARD_ABSENT'])('never gets `%s` by --pass-env', (name) => {
    expect(() => commandOf(server, { passEnv: ['KEY', name] }, surroundings)).toThrow(
      expect.objectContaining({ code: 'usage', exitCode: 64, message: expect.stringContaining(`--pass-env ${name}`) }),
    );
  });

  test.each(['toString', 'constructor', '__proto__'])('gets nothing by --pass-env %s, which no variable is', (name) => {
    const { env } = commandOf(server, { passEnv: ['KEY', name] }, surroundings).command;
    expect(Object.entries(env).toSorted()).toEqual([
      ['KEY', 'k'],
      ['PATH', '/bin'],
    ]);
  });

  test('gets what --pass-env names, also what is withheld otherwise', () => {
    const { command, withheld } = commandOf(server, { passEnv: ['KEY', 'NODE_OPTIONS'] }, surroundings);
    expect(command.env).toEqual({ PATH: '/bin', KEY: 'k', NODE_OPTIONS: '--x' });
    expect(withheld).not.toContain('NODE_OPTIONS');
  });
});

test('nor does a policy that names it', () => {
  const server = configured();
  if (server.entry === undefined) throw new Error('no entry');
  const entry = { ...server.entry, passEnv: ['MCP_GUARD_MODEL', 'KEY'] };
  expect(commandOf({ ...server, entry }, {}, surroundings).command.env).toEqual({ PATH: '/bin', KEY: 'k' });
});
