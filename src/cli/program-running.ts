// The commands about guards that run on this machine, for commander. Knows no record and no policy.
import { type Command, InvalidArgumentError } from 'commander';
import type { Done } from './program-scope.ts';
import { readTenant } from './read-tenant.ts';

export function addRunning(program: Command, done: Done): void {
  program
    .command('status')
    .description(
      'every guard that runs on this machine: its client, its servers, what is in flight, what went wrong last',
    )
    .option('--watch', 'go on and show what changes (end with Ctrl-C)')
    .option('--tenant <id>', 'only of this tenant', readTenant)
    .option('--json', 'one JSON object a guard')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .addHelpText('after', STATUS_HELP)
    .action(async (flags) => done(await (await import('./status-commands.ts')).status(flags)));
  program
    .command('reload')
    .description('let running guards look at their config and lock now, and say what came of it')
    .option('--pid <pid>', 'only this guard (see `mcp-guard status`)', readPid)
    .option('--json', 'one JSON object a guard')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .addHelpText('after', RELOAD_HELP)
    .action(async (flags) => done(await (await import('./status-commands.ts')).reload(flags)));
}

function readPid(text: string): number {
  if (/^[1-9][0-9]{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it is no process id');
}

const STATUS_HELP = `
Examples:
  mcp-guard status --watch
  mcp-guard status --json | jq .servers[].inFlight`;

const RELOAD_HELP = `
A guard sees a changed config or lock by itself within a second. This asks for
it, waits, and says why where a guard keeps its old policy.

Exit status: 0 every guard has what its files say, 78 one keeps its old policy,
69 one does not answer.`;
