// The commands and their options, for commander. What a command does is imported when it is chosen.
import { Command, InvalidArgumentError, Option } from 'commander';
import type { RunFlags } from './run.ts';
import { VERSION } from './version.ts';

/** @param done is told the status to exit with */
export function createProgram(done: (status: number) => void): Command {
  const program = new Command('mcp-guard')
    .description('Runs an MCP server behind policy, audit and containment.')
    .version(VERSION, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', HELP);
  addRun(program, done);
  return program;
}

function addRun(program: Command, done: (status: number) => void): void {
  program
    .command('run')
    .description('run a server behind the guard; goes into the `command` field of an MCP host')
    .argument('[command...]', 'the command that starts the server, with its arguments')
    .option('--server <name>', 'the entry of the config, or the name in the record')
    .option('--config <file>', 'the policy (default: MCP_GUARD_CONFIG, else the user\'s config)')
    .option('--model <id>', 'the model that calls, where the client does not say it (or MCP_GUARD_MODEL)')
    .option('--tenant <id>', 'whose record this is', 'default')
    .option('--clean-env', 'pass on only the allow-listed environment')
    .option('--pass-env <name>', 'pass on this variable, too (may be given several times)', collect)
    .addOption(logLevel())
    .option('--log-file <file>', 'write the guard\'s log there, too (desktop hosts hide stderr)')
    .passThroughOptions()
    .addHelpText('after', RUN_HELP)
    .action(async (words: string[], flags: RunFlags) => {
      const { runServer } = await import('./run.ts');
      done(await runServer(words, flags));
    });
}

function logLevel(): Option {
  return new Option('--log-level <level>', 'what the guard says on stderr').choices(['error', 'warn', 'info', 'debug']);
}

/** Options with one name each, so that `--pass-env A node server.js` does not swallow the command. */
function collect(value: string, before: string[] | undefined): string[] {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) throw new InvalidArgumentError('it is no name of an environment variable.');
  return [...(before ?? []), value];
}

const HELP = `
Examples:
  mcp-guard run -- npx -y @modelcontextprotocol/server-filesystem ~/notes
  mcp-guard audit tail -f
  mcp-guard audit verify`;

const RUN_HELP = `
Examples:
  mcp-guard run -- npx -y @modelcontextprotocol/server-everything
  mcp-guard run --server files --config ~/mcp-guard.json -- npx -y @modelcontextprotocol/server-filesystem ~/notes
  mcp-guard run --clean-env --pass-env GITHUB_TOKEN -- github-mcp-server stdio

It exits as the server did: its code, or 128 + the number of the signal that ended it.`;
