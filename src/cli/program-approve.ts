// The commands that let servers do more, and their options, for commander. What a command does is imported when it is chosen.
import type { Command } from 'commander';
import { DEFAULT_TENANT } from './bare-run.ts';
import type { Done } from './program-scope.ts';
import { readTenant } from './read-tenant.ts';

const CONFIG = 'the policy (default: the one that `run` would use)';

/** @param scope the group of that name */
export function addApprovals(scope: Command, done: Done): void {
  scope
    .command('diff')
    .description(
      'what the config wants and is not approved yet, and definitions that drifted; exit status 1 where there is any',
    )
    .option('--server <name>', 'only of this server')
    .option('--config <file>', CONFIG)
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--full', 'definitions uncut, and schemas as they stand')
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done(await (await import('./approve-commands.ts')).diff(flags)));
  scope
    .command('approve')
    .description('show what becomes possible, ask, and write the lock')
    // asked for by the command itself, which says why
    .option('--reason <text>', 'why; it goes on record')
    .option('--expires <time>', 'it ends by itself: 8h, 30d, 2026-12-31, 2026-12-31T12:00:00Z')
    .option('--keep', 'what was approved until a time does not end any more')
    .option('--server <name>', 'only what concerns this server')
    .option('--policy-only', 'what drifted stays out of use: definitions are pinned as they were')
    .option('--full', 'definitions uncut, and schemas as they stand')
    .option('--key <file>', 'sign with this private key of an approver, not with that of this machine')
    .option('--take', "take over an approver's lock that does not follow what was seen here, as it is")
    .option('--yes', 'do not ask: the key is the authority (needs --key)')
    .option('--config <file>', CONFIG)
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done(await (await import('./approve-commands.ts')).approve(flags)));
}

export function addPause(program: Command, done: Done): void {
  program
    .command('pause')
    .description('break-glass: for a while, let pass what the scope and the pins of a server deny, and record it')
    .argument('[server]', 'as the config calls it')
    .option('--for <span>', 'how long: 90s, 15m, 2h; at most 24 hours')
    // asked for by the command itself, which says why
    .option('--reason <text>', 'why; it goes on record')
    .option('--end', 'end it now')
    .option('--list', 'only show what is paused, until when, by whom and why')
    .option('--json', 'with `--list`: one JSON object a pause')
    .option('--config <file>', CONFIG)
    .option('--tenant <id>', 'of this tenant', readTenant, DEFAULT_TENANT)
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (server: string | undefined, flags) =>
      done(await (await import('./approve-commands.ts')).pause(server, flags)),
    );
}
