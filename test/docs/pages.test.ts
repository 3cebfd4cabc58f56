// What the pages point at exists, and what they print works: links, files, commands, examples, exit codes.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { compilePolicy } from '../../src/config/compile.ts';
import { GuardError, LOCAL_ERRORS } from '../../src/guard-error.ts';
import { anchorsOf, blocksOf, commandsOf, linksOf, PAGES, ROOT, read } from './prose.ts';

const FOLDERS = /`((?:src|test|bench|docs|bin|wire|core|policy|adapters|audit|config|cli|ports)\/[\w./-]+\.\w+)`/g;

/** What commander says against this command line; the command itself is not run. */
function complaint(words: readonly string[]): string | undefined {
  const program = createProgram(
    () => {},
    () => Promise.resolve(0),
  );
  const silence = (command: typeof program): void => {
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
    if (command.commands.length === 0) command.action(() => {});
    command.commands.forEach(silence);
  };
  silence(program);
  try {
    program.parse(words, { from: 'user' });
    return undefined;
  } catch (error) {
    // A wrong option or command comes as an error of our own.
    if (error instanceof GuardError)
      return /^(missing required argument|missing argument)/.test(error.message) ? undefined : error.message;
    if (!(error instanceof CommanderError)) throw error;
    // `audit show` is a name here; a whole command has its argument.
    return error.exitCode === 0 || error.code === 'commander.missingArgument' ? undefined : error.message;
  }
}

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('links to what exists', () => {
    const broken = linksOf(text).filter(({ target, anchor }) => {
      const path = target === '' ? page : join(dirname(page), target);
      if (!existsSync(`${ROOT}${path}`)) return true;
      return anchor !== undefined && !anchorsOf(read(path)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('names files that exist', () => {
    const named = [...text.matchAll(FOLDERS)].map(([, path = '']) => path);
    const missing = named.filter((path) => !existsSync(`${ROOT}${path}`) && !existsSync(`${ROOT}src/${path}`));
    expect(missing).toEqual([]);
  });

  test('prints commands and options that exist', () => {
    const complaints = commandsOf(text).map((words) => [words.join(' '), complaint(words)]);
    expect(complaints.filter(([, why]) => why !== undefined)).toEqual([]);
  });

  test('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

test('a wrong option, command or link would be found', () => {
  expect(complaint(['audit', 'tail', '--nope'])).toContain('--nope');
  expect(complaint(['audit', 'nope'])).toContain('nope');
  expect(complaint(['run', '--log-level', 'loud', '--', 'x'])).toContain('loud');
  expect(commandsOf('`mcp-guard run -- x` and `audit tail --all`')).toHaveLength(2);
  expect(linksOf('[a](b.md#c) [d](https://example.org)')).toEqual([{ text: 'a', target: 'b.md', anchor: 'c' }]);
  expect(commandsOf(read('README.md')).length).toBeGreaterThan(10);
  expect(linksOf(read('README.md')).length).toBeGreaterThan(10);
});

describe('README.md', () => {
  const readme = read('README.md');
  const examples = blocksOf(readme, 'json').map((text) => JSON.parse(text));

  test('shows hosts how to run the guard', () => {
    const hosts = examples.filter((example) => example.version === undefined);
    expect(hosts.map((host) => Object.keys(host)[0])).toEqual(['mcpServers', 'servers']);
    for (const host of hosts) {
      const { command, args } = host.mcpServers?.files ?? host.servers.files;
      const words = command === 'node' ? args.slice(1) : args;
      if (command === 'node') expect(existsSync(`${ROOT}bin/${args[0].split('/').at(-1)}`)).toBe(true);
      else expect(command).toBe('mcp-guard');
      expect(words.slice(0, 2)).toEqual(['run', '--']);
    }
  });

  test('shows configs that are valid', () => {
    const configs = examples.filter((example) => example.version !== undefined);
    expect(configs).toHaveLength(2);
    const input = { variables: { HOME: '/home/x' }, source: { path: '/c', digest: 'd' } };
    for (const document of configs) {
      const compiled = compilePolicy({ document, ...input, absolute: (path) => path });
      expect(compiled.ok ? [] : compiled.diagnostics).toEqual([]);
    }
  });

  test('has the exit codes of the table, both ways', () => {
    const rows = readme.split('\n').filter((line) => /^\| \d\d +\|/.test(line));
    const told = rows.map((row) => Number(row.slice(2, 4)));
    expect(told).toEqual(
      [...new Set(Object.values(LOCAL_ERRORS).map(({ exitCode }) => exitCode))].filter((code) => code < 128),
    );
  });

  test('begins with two commands that do all the set-up', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
    expect(blocksOf(readme, 'sh').slice(0, 2)).toEqual(['npm install && npm run demo\n', 'npm install && npm test\n']);
    expect(scripts).toEqual(expect.arrayContaining(['demo', 'test']));
  });
});
