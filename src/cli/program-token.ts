// The commands of `token` and their options, for commander. What a command does is imported when it is chosen.
import type { Command } from 'commander';
import { DEFAULT_TENANT } from './bare-run.ts';
import type { Done } from './program-scope.ts';
import { readTenant } from './read-tenant.ts';

export function addToken(program: Command, done: Done): void {
  const token = program
    .command('token')
    .description('who may start sessions where the config asks (`auth`): make tokens, list them, take them back');
  token
    .command('create')
    .description('make a token; it is shown once, and kept as its hash')
    // asked for by the command itself, which says why
    .option('--principal <name>', 'who it is for (required): `ci`, `ada@example.com`')
    .option('--tenant <id>', 'whose sessions it starts', readTenant, DEFAULT_TENANT)
    .option('--roles <ids>', 'roles of the config, with commas between')
    .option('--servers <ids>', 'only these servers of the config; `*` and `?` are wildcards (default: every server)')
    .option('--expires <time>', '8h, 30d, 2026-12-31, 2026-12-31T12:00:00Z, or `never`', '90d')
    .option('--reason <text>', 'why; it goes on record')
    .option('--out <file>', 'write it into this new file of mode 600, and show it nowhere')
    .option('--config <file>', 'whose names it is compared with (default: the one that `run` would use)')
    .option('--yes', 'do not ask')
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done(await (await import('./token-commands.ts')).create(flags)));
  token
    .command('list')
    .description('all tokens: who, which roles, which servers, until when')
    .option('--tenant <id>', 'only of this tenant', readTenant)
    .option('--json', 'one JSON object a token')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done((await import('./token-commands.ts')).list(flags)));
  token
    .command('show')
    .description('everything that is kept of one token, which is all but the token')
    .argument('<id>', 'as `token list` shows it')
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done((await import('./token-commands.ts')).show(id, flags)));
  token
    .command('revoke')
    .description('a token counts no longer, and its sessions end within a second')
    .argument('<id>', 'as `token list` shows it')
    .option('--reason <text>', 'why; it goes on record')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done(await (await import('./token-commands.ts')).revoke(id, flags)));
  token
    .command('rotate')
    .description('another token in the place of one, for the same principal, roles and servers')
    .argument('<id>', 'as `token list` shows it')
    .option(
      '--overlap <span>',
      'the old one counts for so long beside it: 90s, 15m, 2h; at most 7d (default: not at all)',
    )
    .option('--expires <time>', '8h, 30d, 2026-12-31, or `never` (default: as long as the old one was meant to last)')
    .option('--reason <text>', 'why; it goes on record')
    .option('--out <file>', 'put it into this file: a new one, or the one that holds the old token')
    .option('--yes', 'do not ask')
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done(await (await import('./token-commands.ts')).rotate(id, flags)));
  token
    .command('history')
    .description('who was let in, who was not and exactly why, and what was done with tokens; from the audit trail')
    .option('-n, --lines <number>', 'how many', '20')
    .option('--since <time>', 'only since: 90s, 15m, 2h, 3d, or a date')
    .option('--tenant <id>', 'only of this tenant; refused starts stand with `default`', readTenant)
    .option('--json', 'one JSON object a line')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done((await import('./token-commands.ts')).history(flags)));
  token.addHelpText('after', TOKEN_HELP);
}

const TOKEN_HELP = `
Examples:
  mcp-guard token create --principal ci --roles reader --out ~/.mcp-guard-ci
  mcp-guard run --server files --token-file ~/.mcp-guard-ci
  mcp-guard token rotate 4f8Kq2mZ1c --overlap 15m --out ~/.mcp-guard-ci
  mcp-guard token revoke 4f8Kq2mZ1c --reason 'the laptop is lost'`;
