// The commands and their options, for commander. What a command does is imported when it is chosen: `run` pays for no other.
import { Command, Option } from 'commander';
import { DEFAULT_TENANT } from './bare-run.ts';
import { collectVariables } from './collect-variables.ts';
import { addPause } from './program-approve.ts';
import { addLimits } from './program-limits.ts';
import { addRunning } from './program-running.ts';
import { addScope, type Done } from './program-scope.ts';
import { addTenant } from './program-tenant.ts';
import { addToken } from './program-token.ts';
import { readTenant } from './read-tenant.ts';
import type { RunFlags } from './run.ts';
import { readUsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

/** @param runServer what `run` does: in the file that every start loads, and not in this one */
export function createProgram(
  done: Done,
  runServer: (words: readonly string[], flags: RunFlags) => Promise<number>,
): Command {
  const program = new Command('mcp-guard')
    .description('Runs an MCP server behind policy, audit and containment.')
    .version(VERSION, '-V, --version', 'print the version')
    .enablePositionalOptions()
    // what is wrong is said by whoever catches the error, once
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', HELP);
  addRun(program, done, runServer);
  addAudit(program, done);
  addBreaker(program, done);
  addScope(program, done);
  addPause(program, done);
  addTenant(program, done);
  addLimits(program, done);
  addToken(program, done);
  addConfig(program, done);
  addRunning(program, done);
  program
    .command('demo')
    .description('show it at work: an official server behind the guard, a few calls, a refusal, the audit trail')
    .option('--no-color', 'no colours')
    .action(async (flags: { color: boolean }) => done(await (await import('./demo.ts')).runDemo(flags)));
  throwOwnErrors(program, 'mcp-guard');
  return program;
}

function throwOwnErrors(command: Command, words: string): void {
  command.exitOverride((error) => {
    throw readUsageError(error, words);
  });
  for (const below of command.commands) throwOwnErrors(below, `${words} ${below.name()}`);
}

function addRun(program: Command, done: Done, runServer: Parameters<typeof createProgram>[1]): void {
  program
    .command('run')
    .description('run a server behind the guard; this goes into the `command` field of an MCP host')
    .argument('[command...]', 'the command that starts the server, with its arguments')
    .option('--server <name>', 'the entry of the config, or the name in the record')
    .option('--servers <names>', 'these entries of the config behind one connection, as `a,b` (default: all)')
    .option(
      '--config <file>',
      "the policy (else MCP_GUARD_CONFIG, else the file of this directory that `config allow` has allowed, else the user's)",
    )
    .option('--model <id>', 'the model that calls, where the client does not say (else MCP_GUARD_MODEL)')
    .option('--tenant <id>', 'whose record this is (default: that of the token, else `default`)', readTenant)
    .option(
      '--token-file <file>',
      'who this session is, where the config asks (else MCP_GUARD_TOKEN, else `auth.tokenFile`)',
    )
    .option('--clean-env', 'pass on only the allow-listed environment')
    .option('--pass-env <name>', 'pass on this variable, too (may be given several times)', collectVariables)
    .addOption(new Option('--log-level <level>', 'what the guard says').choices(['error', 'warn', 'info', 'debug']))
    .option('--log-file <file>', "write the guard's log there, too (desktop hosts hide stderr)")
    .passThroughOptions()
    .addHelpText('after', RUN_HELP)
    .action(async (words: string[], flags: RunFlags) => {
      done(await runServer(words, flags), true);
    });
}

function addAudit(program: Command, done: Done): void {
  const audit = program.command('audit').description('read and check what the guards of this machine have recorded');
  audit
    .command('tail')
    .description('the last calls of all guards, one line each')
    .option('-f, --follow', 'go on with new calls as they come')
    .option('-n, --lines <number>', 'how many', '20')
    .option('--server <name>', 'only of this server')
    .option('--tool <name>', 'only of this tool')
    .option('--tenant <id>', 'only of this tenant', readTenant)
    .option('--outcome <word>', 'only with this outcome, in the word that the list shows')
    .option('--decision <word>', 'only `pass`, `deny`, or `observe`: would be denied, and passed')
    .option('--since <time>', 'only since: 90s, 15m, 2h, 3d, or a date')
    .option('--all', 'other requests, too, not only tool calls')
    .option('--json', 'one JSON object a line')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .addHelpText('after', TAIL_HELP)
    .action(async (flags) => done(await (await import('./audit-commands.ts')).tail(flags)));
  audit
    .command('show')
    .description('everything that is on record of one call')
    .argument('<id>', 'a record, as a denial or `audit tail --json` names it: <segment>:<number>')
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done((await import('./audit-commands.ts')).show(id, flags)));
  audit
    .command('verify')
    .description('check every chain: exit status 0 intact, 1 unclean end, 2 broken')
    .option('--tenant <id>', 'only of this tenant', readTenant)
    .option('--verbose', 'name intact segments, too')
    .option('--json', 'one JSON object a segment')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done((await import('./audit-commands.ts')).verify(flags)));
}

function addBreaker(program: Command, done: Done): void {
  const breaker = program
    .command('breaker')
    .description('see what has been switched off because it failed, and switch tools and servers off and on');
  breaker
    .command('status')
    .description('each tool and server that has failed of late: its state, why, and what comes next')
    .argument('[server/tool]', 'only of this server, or of this tool of it')
    .option('--watch', 'go on and show what changes (end with Ctrl-C)')
    .option('--config <file>', 'with the settings of this config (default: the one that `run` would use here)')
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--json', 'one JSON object a breaker')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (target: string | undefined, flags) =>
      done(await (await import('./breaker-commands.ts')).status(target, flags)),
    );
  for (const [word, description] of ORDERS) {
    breaker
      .command(word)
      .description(description)
      .argument('<server/tool>', 'a server, or `<server>/<tool>`')
      // asked for by the command itself, which says why
      .option('--reason <text>', 'why (required); it goes on record, and a call that is refused is told')
      .option('--config <file>', 'with the settings of this config (default: the one that `run` would use here)')
      .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
      .option('--json', 'as JSON')
      .option('--no-color', 'no colours (as NO_COLOR)')
      .action(async (target: string, flags) =>
        done(await (await import('./breaker-commands.ts')).order(word, target, flags)),
      );
  }
  breaker
    .command('history')
    .description('how the breakers moved, from the audit trail, newest last')
    .argument('[server/tool]', 'only of this server, or of this tool of it')
    .option('-n, --lines <number>', 'how many', '20')
    .option('--since <time>', 'only since: 90s, 15m, 2h, 3d, or a date')
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--json', 'one JSON object a line')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (target: string | undefined, flags) =>
      done(await (await import('./breaker-commands.ts')).history(target, flags)),
    );
  breaker.addHelpText('after', BREAKER_HELP);
}

const ORDERS = [
  ['open', 'switch it off for a while, as if it had failed; it comes back by itself'],
  ['close', 'switch it on again; how often it has failed stays known'],
  ['reset', 'switch it on again and forget all that was counted'],
  ['isolate', 'switch it off until a person closes it, whatever happens'],
] as const;

function addConfig(program: Command, done: Done): void {
  const config = program.command('config').description('check the policy file, or allow a project to bring its own');
  config
    .command('check')
    .description('everything that is wrong with the config, at once: where, what, how to mend it')
    .option('--config <file>', 'the file (default: the one that `run` would use)')
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done(await (await import('./config-commands.ts')).check(flags)));
  config
    .command('allow')
    .description("let this project's file be the policy of guards started in its directory, until it changes")
    .argument('[file]', "default: the project's file in this directory")
    .option('--yes', 'do not ask')
    .option('--forget', 'take the permission back')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (file: string | undefined, flags) =>
      done(await (await import('./config-commands.ts')).allow(file, flags)),
    );
}

const ENVIRONMENT = `
Environment:
  MCP_GUARD_CONFIG     the policy file, where --config names none
  MCP_GUARD_MODEL      the model that calls, where --model names none
  MCP_GUARD_STATE_DIR  the directory of the record and all state (a whole path)`;

const HELP = `
Examples:
  mcp-guard run -- npx -y @modelcontextprotocol/server-filesystem ~/notes
  mcp-guard audit tail -f
  mcp-guard audit verify
  mcp-guard breaker status
  mcp-guard scope show
  mcp-guard config check
${ENVIRONMENT}`;

const RUN_HELP = `
Examples:
  mcp-guard run -- npx -y @modelcontextprotocol/server-everything
  mcp-guard run --server files --config ~/mcp-guard.json
  mcp-guard run --servers files,git
  mcp-guard run --clean-env --pass-env GITHUB_TOKEN -- github-mcp-server stdio

It exits as the server did: with its code, or 128 + the number of the signal.
${ENVIRONMENT}`;

const BREAKER_HELP = `
Examples:
  mcp-guard breaker status --watch
  mcp-guard breaker isolate files/write_file --reason 'it deletes files'
  mcp-guard breaker close files/write_file --reason 'mended in 1.4'
  mcp-guard breaker history files --since 2h

An order holds in guards that run within a second, and is on record before that.`;

const TAIL_HELP = `
Examples:
  mcp-guard audit tail -n 50 --tool write_file
  mcp-guard audit tail -f --outcome denied
  mcp-guard audit tail --decision observe
  mcp-guard audit tail --since 2h --json | jq .tool`;
