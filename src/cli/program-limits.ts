// The commands of `limits` and their options, for commander. What a command does is imported when it is chosen.
import type { Command } from 'commander';
import { DEFAULT_TENANT } from './bare-run.ts';
import type { Done } from './program-scope.ts';
import { readTenant } from './read-tenant.ts';

export function addLimits(program: Command, done: Done): void {
  const limits = program
    .command('limits')
    .description('see how much has been asked of what `limits` of the config allow, count anew, and see who did');
  limits
    .command('status')
    .description('each count that is not full: used, left, when it is full again')
    .option('--watch', 'go on and show what changes (end with Ctrl-C)')
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--config <file>', 'the policy that says where they are counted (default: the one that `run` would use)')
    .option('--json', 'one JSON object a count')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done(await (await import('./limits-commands.ts')).status(flags)));
  limits
    .command('reset')
    .description('count anew, as if nothing had been asked; calls under way keep their places')
    .argument('[about]', 'only counts of this: `tool=search_web`, `limits[0]`, a principal (default: all)')
    // asked for by the command itself, which says why
    .option('--reason <text>', 'why (required); it goes on record')
    .option('--yes', 'do not ask')
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--config <file>', 'the policy that says where they are counted (default: the one that `run` would use)')
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (about: string | undefined, flags) =>
      done(await (await import('./limits-commands.ts')).reset(about, flags)),
    );
  limits
    .command('history')
    .description('who counted anew and why, and when limits could not be counted; from the audit trail')
    .option('-n, --lines <number>', 'how many', '20')
    .option('--since <time>', 'only since: 90s, 15m, 2h, 3d, or a date')
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--json', 'one JSON object a line')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done((await import('./limits-commands.ts')).history(flags)));
  limits.addHelpText('after', LIMITS_HELP);
}

const LIMITS_HELP = `
What a limit allows stands in the config. Counts are of all guards of this
machine together, or of all that share the redis of its \`limitStore\`. A config
whose \`limitStore\` is \`memory\` has its counts in each guard.

Examples:
  mcp-guard limits status
  mcp-guard limits status --watch
  mcp-guard limits reset tool=search_web --reason 'the import has to finish'
  mcp-guard limits history
`;
