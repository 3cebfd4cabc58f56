// `mcp-guard tenant suspend|resume <id> --reason R`: shuts a tenant out, ends what runs, and lets it in again. On record before it
// holds. Knows no file.

import { GuardError } from '../guard-error.ts';
import { isTenant } from '../tenant/tenant-scope.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { readReason } from './read-reason.ts';
import { makePaint } from './render.ts';

export interface TenantOrder {
  readonly tenant: string;
  readonly word: 'suspend' | 'resume';
  readonly reason?: string | undefined;
}

export interface TenantOrderContext {
  readonly actor: string;
  readonly nowMs: () => number;
  /** Whether it is now. */
  readonly isSuspended: () => boolean;
  /** Durable when it returns. @throws */
  readonly suspend: (reason: string) => void;
  readonly resume: () => void;
  readonly openTrail: () => OneShotTrail;
}

const EXAMPLES = { suspend: 'the contract has ended', resume: 'the contract goes on' } as const;

/** @throws GuardError usage */
export function requireTenant(tenant: string): string {
  if (isTenant(tenant)) return tenant;
  throw new GuardError('usage', `\`${tenant}\` is no name for a tenant`, {
    hint: 'use 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`',
  });
}

/** @returns the exit code: 0 @throws GuardError usage, audit_unwritable; the error of the file system */
export function runTenantOrder(
  { tenant, word, reason: given }: TenantOrder,
  io: CliIo,
  context: TenantOrderContext,
): number {
  const example = `mcp-guard tenant ${word} ${tenant} --reason '${EXAMPLES[word]}'`;
  const reason = readReason(given, 'it goes on record', example);
  const paint = makePaint(io.color);
  const wasSuspended = context.isSuspended();
  const trail = context.openTrail();
  try {
    const asked = trail.record('tenant', { stage: `${word}_asked`, actor: context.actor, reason });
    if (word === 'suspend') context.suspend(reason);
    else context.resume();
    trail.record('tenant', { stage: word === 'suspend' ? 'suspended' : 'resumed', asked, actor: context.actor });
  } finally {
    const unsealed = trail.close();
    if (unsealed !== undefined) io.stderr.write(`mcp-guard: ${makeInert(unsealed)}\n`);
  }
  const shown = makeInert(tenant);
  if (word === 'suspend') {
    const again = wasSuspended ? ' (it was already)' : '';
    io.stdout.write(`${paint('warn', 'SUSPENDED')} ${shown}${again}\n`);
    io.stdout.write('no session begins, and those that run end within a second\n');
    io.stdout.write(`let it in again with \`mcp-guard tenant resume ${shown} --reason …\`\n`);
    return 0;
  }
  io.stdout.write(
    wasSuspended ? `${paint('good', 'resumed')} ${shown}: sessions may begin\n` : `${shown} was not suspended\n`,
  );
  return 0;
}
