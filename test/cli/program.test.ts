// What the command line says: help that fits, and errors in one form.
import { type Command, CommanderError } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { readUsageError } from '../../src/cli/usage-error.ts';
import { GuardError } from '../../src/guard-error.ts';

const NO_RUN = () => Promise.resolve(0);

function allCommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function helpOf(command: Command): string {
  let help = '';
  const add = (text: string) => {
    help += text;
  };
  command.configureOutput({ writeOut: add, getOutHelpWidth: () => 80 });
  command.outputHelp();
  return help;
}

async function fail(...words: string[]): Promise<unknown> {
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await createProgram(() => {}, NO_RUN).parseAsync(['node', 'mcp-guard', ...words]);
  } catch (error) {
    expect(said).not.toHaveBeenCalled();
    return error;
  } finally {
    said.mockRestore();
  }
  throw new Error('it did not fail');
}

describe('help', () => {
  const commands = allCommands(createProgram(() => {}, NO_RUN));

  test('there is some of every command', () => {
    expect(commands.map((command) => command.name())).toEqual(
      expect.arrayContaining([
        ...['mcp-guard', 'run', 'tail', 'show', 'verify', 'check', 'allow', 'demo'],
        ...['status', 'open', 'close', 'reset', 'isolate', 'history'],
      ]),
    );
  });

  test.each(commands.map((command) => [command.name(), command] as const))('of `%s` fits 80 columns', (_, command) => {
    const lines = helpOf(command).split('\n');
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test.each(['mcp-guard', 'run'])('of `%s` names the variables that steer it', (name) => {
    const command = commands.find((one) => one.name() === name);
    const help = command === undefined ? '' : helpOf(command);
    for (const variable of ['MCP_GUARD_CONFIG', 'MCP_GUARD_MODEL', 'MCP_GUARD_STATE_DIR'])
      expect(help).toContain(variable);
  });

  test('of `run` names the project’s file that was allowed', () => {
    const run = commands.find((one) => one.name() === 'run');
    expect(run === undefined ? '' : helpOf(run).replaceAll(/\s+/g, ' ')).toContain('that `config allow` has allowed');
  });
});

describe('a mistake on the command line is a usage error of our own', () => {
  test.each<[string[], string, string]>([
    [['run', '--confg', 'x'], 'unknown option `--confg`', 'did you mean `--config`? see `mcp-guard run --help`'],
    [['aduit'], 'unknown command `aduit`', 'did you mean `audit`? see `mcp-guard --help`'],
    [['frob'], 'unknown command `frob`', 'see `mcp-guard --help`'],
    [['audit', 'show'], 'missing required argument `id`', 'see `mcp-guard audit show --help`'],
    [['breaker', 'isolate'], 'missing required argument `server/tool`', 'see `mcp-guard breaker isolate --help`'],
    [
      ['breaker', 'close', 'x', '--reasn', 'y'],
      'unknown option `--reasn`',
      'did you mean `--reason`? see `mcp-guard breaker close --help`',
    ],
    [['breaker', 'isolat', 'x'], 'unknown command `isolat`', 'did you mean `isolate`? see `mcp-guard breaker --help`'],
    [
      ['breaker', 'status', '--tenant', 'A/B'],
      '`--tenant A/B` is no name for a tenant',
      'use 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`; `run`, `projects`, `lock`, `tokens`, `canaries` and names of Windows devices are taken',
    ],
    [['run', '--config'], 'option `--config <file>` argument missing', 'see `mcp-guard run --help`'],
    [
      ['run', '--log-level', 'x', '--', 'a'],
      'option `--log-level <level>` argument `x` is invalid: allowed choices are error, warn, info, debug',
      'see `mcp-guard run --help`',
    ],
    [
      ['run', '--tenant', 'A/B', '--', 'a'],
      '`--tenant A/B` is no name for a tenant',
      'use 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`; `run`, `projects`, `lock`, `tokens`, `canaries` and names of Windows devices are taken',
    ],
    [
      ['audit', 'tail', '--tenant', 'run'],
      '`--tenant run` is no name for a tenant',
      'use 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`; `run`, `projects`, `lock`, `tokens`, `canaries` and names of Windows devices are taken',
    ],
    [
      ['run', '--pass-env', 'A=B', '--', 'a'],
      '`--pass-env A=B` is no name of an environment variable',
      'give one name; the option may be given several times',
    ],
  ])('%j', async (words, message, hint) => {
    const error = await fail(...words);
    expect(error).toBeInstanceOf(GuardError);
    expect(error).toMatchObject({ code: 'usage', exitCode: 64, message, hint });
  });

  test.each([
    [new CommanderError(0, 'commander.version', '0.1.0')],
    [new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)')],
    [new CommanderError(1, 'commander.help', '(outputHelp)')],
  ])('what only ends the program is left as it is: %s', (error) => {
    expect(readUsageError(error, 'mcp-guard')).toBe(error);
  });

  test('several near names are all quoted', async () => {
    const error = await fail('audit', 'tail', '--al');
    expect(error).toMatchObject({ code: 'usage', hint: expect.stringMatching(/^did you mean `--all`/) });
  });
});
