// The commands about tenants and their options, for commander. What a command does is imported when it is chosen.
import type { Command } from 'commander';
import type { Done } from './program-scope.ts';

const CONFIG = 'the policy (default: the one that `run` would use)';
const REASON = 'why (required); it goes on record';

export function addTenant(program: Command, done: Done): void {
  const tenant = program
    .command('tenant')
    .description('the tenants of this machine: add one, shut one out, export or erase what is kept of it');
  tenant
    .command('list')
    .description('every tenant of the config, and everybody of whom something is kept')
    .option('--config <file>', CONFIG)
    .option('--json', 'one JSON object a tenant')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (flags) => done((await import('./tenant-commands.ts')).list(flags)));
  tenant
    .command('show')
    .description('one tenant: its state, its sessions, where its files are')
    .argument('<id>', 'as the config calls it')
    .option('--config <file>', CONFIG)
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done((await import('./tenant-commands.ts')).show(id, flags)));
  tenant
    .command('history')
    .description(
      'what was done with one and by whom, sessions that ended for it, canaries of others; from the audit trail',
    )
    .argument('<id>', 'as the config calls it')
    .option('-n, --lines <number>', 'how many', '20')
    .option('--since <time>', 'only since: 90s, 15m, 2h, 3d, or a date')
    .option('--config <file>', CONFIG)
    .option('--json', 'one JSON object a line')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done((await import('./tenant-commands.ts')).history(id, flags)));
  tenant
    .command('add')
    .description('write a block for a new tenant into the config: shows it, asks first')
    .argument('<id>', '1 to 63 of a-z, 0-9 and -')
    .option(
      '--env <server:NAME=reference...>',
      'a variable of a server: env:NAME, file:PATH, exec:COMMAND, keychain:NAME',
    )
    .option('--args <server:list...>', 'all arguments of a server, as a JSON array, instead of everybody’s')
    .option('--allow <server:pattern...>', 'the only tools of a server that it may call')
    .option('--isolation <level>', 'the least isolation: L0, L1, L2, L3')
    .option('--uid <number>', 'the user that its servers run as')
    .option('--network <domain...>', 'with L3: the only domains that its servers may reach')
    .option('--readable <path...>', 'from L2 on: what its servers see beside their own')
    .option('--writable <path...>', 'from L2 on: what they see and write beside their own')
    .option('--config <file>', CONFIG)
    .option('--yes', 'do not ask')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done(await (await import('./tenant-add-command.ts')).add(id, flags)));
  for (const [word, description] of ORDERS) {
    tenant
      .command(word)
      .description(description)
      .argument('<id>', 'as the config calls it')
      // asked for by the command itself, which says why
      .option('--reason <text>', REASON)
      .option('--config <file>', CONFIG)
      .option('--no-color', 'no colours (as NO_COLOR)')
      .action(async (id: string, flags) => done(await (await import('./tenant-commands.ts')).order(id, word, flags)));
  }
  tenant
    .command('erase')
    .description('everything of a suspended tenant but the headers and hashes of its record; asks first')
    .argument('<id>', 'as the config calls it')
    .option('--reason <text>', REASON)
    .option('--config <file>', CONFIG)
    .option('--yes', 'do not ask')
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done(await (await import('./tenant-commands.ts')).erase(id, flags)));
  tenant
    .command('export')
    .description('its record and the proof of it, in one archive that a customer can be given')
    .argument('<id>', 'as the config calls it')
    .option('--out <file>', 'the archive (default: mcp-guard-ID-DAY.tar in this directory)')
    .option('--config <file>', CONFIG)
    .option('--no-color', 'no colours (as NO_COLOR)')
    .action(async (id: string, flags) => done((await import('./tenant-commands.ts')).exportArchive(id, flags)));
  tenant.addHelpText('after', HELP);
}

const ORDERS = [
  ['suspend', 'no session of it begins any more, and those that run end within a second'],
  ['resume', 'let its sessions begin again'],
] as const;

const HELP = `
Examples:
  mcp-guard tenant list
  mcp-guard tenant add acme --env github:TOKEN=env:ACME_TOKEN
  mcp-guard tenant add acme --args 'files:["-y","server-files","/srv/acme"]'
  mcp-guard tenant suspend acme --reason 'the contract has ended'
  mcp-guard tenant export acme --out acme.tar
  mcp-guard tenant erase acme --reason 'asked for by the customer'`;
