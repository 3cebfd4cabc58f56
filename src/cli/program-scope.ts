// The commands of `scope` and their options, for commander. What a command does is imported when it is chosen.
import type { Command } from 'commander';
import { DEFAULT_TENANT } from './bare-run.ts';
import { collectVariables } from './collect-variables.ts';
import { addApprovals } from './program-approve.ts';
import { readTenant } from './read-tenant.ts';

/** Is told the status to exit with, and whether the command has seen to it that its output was taken. */
export type Done = (status: number, hasDrained?: boolean) => void;

export function addScope(program: Command, done: Done): void {
  const scope = program
    .command('scope')
    .description('what servers may do: see it, ask about it, test it, try a change of it');
  scope
    .command('show')
    .description('each server: what it is granted and denied, and what of its offer that leaves')
    .argument('[server]', 'only this one, with all names')
    .option('--principal <name>', 'what is left of it for who has a guard token of this name')
    .option('--role <ids>', 'what is left of it for who has these roles, with commas between')
    .option('--config <file>', CONFIG)
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--json', 'one JSON object a server')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (server: string | undefined, flags) =>
      done(await (await import('./scope-commands.ts')).show(server, flags)),
    );
  scope
    .command('explain')
    .description('one decision: the rule, why, and what would change it; exit status 0 allowed, 1 denied')
    .argument('<server>', 'as the config calls it')
    .argument('[tool]', 'the tool that is called')
    .option('--args <json>', 'the arguments of the call; without them its conditions are shown')
    .option('--resource <uri>', 'a resource instead of a tool')
    .option('--prompt <name>', 'a prompt instead of a tool')
    .option('--request <method>', 'what the server asks of the client, as `sampling/createMessage`')
    .option('--method <method>', 'a method that MCP does not define, as `vendor/reindex`')
    .option('--principal <name>', 'for who has a guard token of this name')
    .option('--role <names>', 'for who has these roles, with commas between')
    .option('--config <file>', CONFIG)
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (server: string, tool: string | undefined, flags) =>
      done(await (await import('./scope-commands.ts')).explain(server, tool, flags)),
    );
  scope
    .command('test')
    .description('policy cases of a file against the policy; exit status 0 all hold, 1 some fail')
    .argument('<file>', 'YAML or JSON; its form stands in docs/scopes.md')
    .option('--config <file>', CONFIG)
    .option('--junit <file>', 'write a report as JUnit XML, too')
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (file: string, flags) => done(await (await import('./scope-commands.ts')).test(file, flags)));
  scope
    .command('replay')
    .description('recorded calls against a policy: what would be decided otherwise')
    .option('--config <file>', 'the policy to try (default: the one that `run` would use)')
    .option('--since <time>', 'only since: 90s, 15m, 2h, 3d, or a date')
    .option('--server <name>', 'only of this server')
    .option('--as <name>', 'judge them as calls of this server')
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done(await (await import('./scope-commands.ts')).replayTrail(flags)));
  scope
    .command('lint')
    .description('what of the policy is wider, older or less certain than it need be; exit status 1 for an error')
    .option('--config <file>', CONFIG)
    .option('--tenant <id>', 'what this tenant used and was offered', readTenant, DEFAULT_TENANT)
    .option('--unused-days <number>', 'a grant is unused after so many days (else `lint.unusedDays`, else 30)')
    .option('--max-warnings <number>', 'more warnings are a failure, too')
    .option('--live', 'start each server, as `run` would, and look at what it offers now')
    .option('--fix', 'remove and narrow grants where that is certain; shows what it would do, and asks')
    .option('--fix-unused', 'remove grants that nobody uses, too')
    .option('--yes', 'do not ask')
    .option('--json', 'as JSON')
    .option('--sarif', 'as SARIF 2.1.0, for code scanning')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done(await (await import('./lint-commands.ts')).lint(flags)));
  scope
    .command('init')
    .description('start a server once, propose the smallest scope of it, and write that into the config after a yes')
    .argument('[command...]', 'the command that starts the server, with its arguments')
    .option('--from-audit', 'only from what is on record of its use')
    .option('--server <name>', 'what the config calls it (default: as `run` names it)')
    .option('--used-as <name>', 'propose from what is on record under this name (default: what the config calls it)')
    .option('--out <file>', 'the config to write or to add to, JSON or YAML (default: the one that `run` would use)')
    .option('--pass-env <name>', 'a variable that it gets, too (may be given several times)', collectVariables)
    .option('--yes', 'do not ask')
    .option('--tenant <id>', 'whose record it is', readTenant, DEFAULT_TENANT)
    .option('--no-color', 'no colours (as NO_COLOR)')
    .passThroughOptions()
    .action(async (words: string[], flags) => done(await (await import('./init-commands.ts')).init(words, flags)));
  scope
    .command('creep')
    .description('what servers may do over time, against what of it was used: when it grew, by whom and why')
    .argument('[server]', 'only of this one')
    .option('--days <number>', 'how far back', '90')
    .option('--config <file>', CONFIG)
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--json', 'one JSON object a server')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (server: string | undefined, flags) =>
      done(await (await import('./creep-commands.ts')).creep(server, flags)),
    );
  addApprovals(scope, done);
  scope.addHelpText('after', SCOPE_HELP);
}

const CONFIG = 'the policy (default: the one that `run` would use)';

const SCOPE_HELP = `
Examples:
  mcp-guard scope init -- npx -y some-server@1.2.3
  mcp-guard scope show files
  mcp-guard scope explain files write_file --args '{"path": "/etc/passwd"}'
  mcp-guard scope test policy-cases.yaml --junit report.xml
  mcp-guard scope replay --config new.json --since 7d
  mcp-guard scope lint --live --sarif > lint.sarif`;
