// Which entry of the policy a command line stands for.
import { describe, expect, test } from 'vitest';
import type { Policy } from '../../src/config/policy.ts';
import { resolveServer } from '../../src/config/resolve-server.ts';
import { GuardError } from '../../src/guard-error.ts';
import { compilerWith } from './compiled.ts';

const compiler = compilerWith({ source: { path: '/c.json', digest: 'd' } });
const policyOf = (more: object): Policy => compiler.policyOf({ version: 1, ...more });

const servers = { files: { command: 'npx', args: ['files', '/tmp'] }, git: { command: 'uvx', args: ['git'] } };
const ask = (line: string | undefined, serverFlag?: string) => {
  const [command, ...args] = line === undefined ? [] : line.split(' ');
  return { serverFlag, command, args };
};
const codeOf = (policy: Policy | undefined, asked: ReturnType<typeof ask>): string => {
  try {
    return resolveServer(policy, asked).name;
  } catch (error) {
    return error instanceof GuardError ? `${error.code} ${error.exitCode}` : String(error);
  }
};

test('without a policy: the flag names it, else the command', () => {
  expect(resolveServer(undefined, ask('npx files /x'))).toEqual({
    name: 'files',
    command: 'npx',
    args: ['files', '/x'],
    entry: undefined,
  });
  expect(codeOf(undefined, ask('npx files', 'mine'))).toBe('mine');
  expect(codeOf(undefined, ask('npx files', 'Mine'))).toBe('usage 64');
  expect(codeOf(undefined, ask('npx files', '../x'))).toBe('usage 64');
  expect(codeOf(undefined, ask(undefined))).toBe('usage 64');
});

describe('with a policy', () => {
  const policy = policyOf({ servers });

  test('the entry whose command and args match exactly', () => {
    expect(resolveServer(policy, ask('npx files /tmp')).entry?.id).toBe('files');
    expect(resolveServer(policy, ask('uvx git')).entry?.id).toBe('git');
  });

  test.each([
    'npx files',
    'npx files /tmp /etc',
    'npx files /tmp2',
    'npx2 files /tmp',
    'NPX files /tmp',
    'npx /tmp files',
  ])('%s is not it', (line) => {
    expect(codeOf(policy, ask(line))).toBe('server_unlisted 77');
  });

  test('--server takes that entry, with its own command or none', () => {
    expect(resolveServer(policy, ask(undefined, 'files'))).toMatchObject({
      name: 'files',
      command: 'npx',
      args: ['files', '/tmp'],
    });
    expect(resolveServer(policy, ask('npx files /tmp', 'files')).entry?.id).toBe('files');
  });

  test('--server with another command is refused, even one of another entry', () => {
    expect(codeOf(policy, ask('npx files /etc', 'files'))).toBe('server_mismatch 77');
    expect(codeOf(policy, ask('uvx git', 'files'))).toBe('server_mismatch 77');
    expect(codeOf(policy, ask('npx', 'files'))).toBe('server_mismatch 77');
  });

  test('--server that is not configured: refused, or unknown where there is no command', () => {
    expect(codeOf(policy, ask('npx other', 'other'))).toBe('server_unlisted 77');
    expect(codeOf(policy, ask(undefined, 'other'))).toBe('server_unknown 64');
    expect(codeOf(policy, ask('x', '__proto__'))).toBe('usage 64');
    expect(codeOf(policy, ask('x', 'constructor'))).toBe('server_unlisted 77');
  });

  test('--server for an entry configured under another name does not rename it', () => {
    expect(codeOf(policy, ask('npx files /tmp', 'other'))).toBe('server_unlisted 77');
  });

  test('two entries with one command must be told apart', () => {
    const twice = policyOf({ servers: { a: { command: 'x' }, b: { command: 'x', cwd: '/b' } } });
    expect(codeOf(twice, ask('x'))).toBe('server_ambiguous 64');
    expect(codeOf(twice, ask('x', 'b'))).toBe('b');
  });

  test('unlisted: observe lets it run, never under the name of a configured server', () => {
    const open = policyOf({ servers: { ...servers, 'files-unlisted': { command: 'y' } }, unlisted: 'observe' });
    expect(resolveServer(open, ask('npx other'))).toEqual({
      name: 'other',
      command: 'npx',
      args: ['other'],
      entry: undefined,
    });
    expect(codeOf(open, ask('/tmp/evil/files'))).toBe('files-unlisted-2');
  });

  test('a policy without servers lets a command run; one that says `deny` does not', () => {
    expect(codeOf(policyOf({}), ask('npx other'))).toBe('other');
    expect(codeOf(policyOf({ unlisted: 'deny' }), ask('npx other'))).toBe('server_unlisted 77');
  });

  test('advice that would change nothing is not given to a tenant', () => {
    const hintOf = (one: Policy): unknown => {
      try {
        return resolveServer(one, ask('npx other'));
      } catch (error) {
        return error instanceof GuardError ? error.hint : error;
      }
    };
    expect(hintOf(policy)).toContain('`unlisted: observe`');
    expect(hintOf({ ...policy, foreignPlaces: () => [] })).toMatch(/^add it there under `servers` (?!.*unlisted)/);
  });
});

describe('who names no command is told what there is', () => {
  const messageOf = (policy: Policy | undefined, asked: Parameters<typeof resolveServer>[1]): string => {
    try {
      resolveServer(policy, asked);
    } catch (error) {
      if (error instanceof GuardError) return `${error.code}: ${error.message} | ${error.hint}`;
      throw error;
    }
    return 'no error';
  };
  const search = { ignored: 'PLANTED', showPlaces: () => 'PLACES' };
  const none = { ignored: undefined, showPlaces: () => 'PLACES' };

  test('the ids of the config and the option', () => {
    expect(messageOf(policyOf({ servers }), { ...ask(undefined), search: none })).toBe(
      'usage: no server was named and no command was given | as in `--server files`: `/c.json` has `files`, `git`',
    );
    expect(messageOf(policyOf({}), ask(undefined))).toBe(
      'usage: no command was given, and `/c.json` has no servers | write `servers` there, or give the command of one, as in `mcp-guard run -- npx some-server`',
    );
    expect(messageOf(undefined, { ...ask(undefined), search: none })).toBe(
      'usage: no command was given, and there is no config to take servers from; looked for PLACES | write a config at one of these places, or give the command of one, as in `mcp-guard run -- npx some-server`',
    );
    expect(messageOf(undefined, { ...ask(undefined), search })).toMatch(/; PLANTED$/);
    // not even where there is but one: `run` without a command is kept for all of them
    expect(messageOf(policyOf({ servers: { git: servers.git } }), ask(undefined))).toMatch(/^usage: .*`--server git`/);
  });

  test('the id that was meant', () => {
    expect(messageOf(policyOf({ servers }), ask(undefined, 'flies'))).toBe(
      'server_unknown: there is no server `flies`, and no command was given | did you mean `files`? `/c.json` has `files`, `git`',
    );
    const one = policyOf({ servers: { a: { command: 'x' } } });
    expect(messageOf(one, ask(undefined, 'c'))).toMatch(/\| `\/c\.json` has `a`$/);
    expect(messageOf(policyOf({}), ask(undefined, 'flies'))).toContain('`/c.json` has no servers');
  });

  test('a command that is not listed by its program, never by its arguments', () => {
    const unlisted = (line: string) => messageOf(policyOf({ servers }), ask(line));
    expect(unlisted('npx other --token hunter2')).toMatch(
      /^server_unlisted: `npx` with 3 arguments is no server of `\/c.json` \|/,
    );
    expect(unlisted('npx other --token hunter2')).not.toMatch(/hunter2|other/);
    expect(unlisted('npx hunter2')).toContain('`npx` with 1 argument is');
    expect(unlisted('npx')).toContain('`npx` with no arguments is');
    expect(messageOf(policyOf({ servers }), ask('npx hunter2', 'files'))).not.toContain('hunter2');
  });

  test('where a config was looked for, and that one is there which nobody allowed', () => {
    expect(messageOf(undefined, { ...ask(undefined, 'files'), search: none })).toBe(
      'server_unknown: there is no config to find `files` in; looked for PLACES | write a config, or give the command of the server after `--`',
    );
    expect(messageOf(undefined, { ...ask(undefined, 'files'), search })).toMatch(/looked for PLACES \| PLANTED$/);
    expect(messageOf(policyOf({ servers }), { ...ask(undefined, 'x'), search })).toMatch(/; PLANTED$/);
    expect(messageOf(policyOf({ servers }), { ...ask('sh'), search })).toMatch(/^server_unlisted: .*; PLANTED$/);
    expect(messageOf(undefined, { ...ask(undefined), search })).toMatch(/^usage: .*; PLANTED$/);
  });
});
