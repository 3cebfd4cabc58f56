// `mcp-guard tenant suspend|resume <id> --reason R`: shuts a tenant out, ends what runs, and lets it in again. On record before it
// holds. Knows no file.

import { isTakenTenant } from '../config/tenant-names.ts';
import { GuardError } from '../guard-error.ts';
import { isTenant } from '../tenant/tenant-scope.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { readReason } from './read-reason.ts';
import { makePaint } from './render.ts';
import { wrapWords } from './text-width.ts';

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
  /** What is said of it; undefined where it is not, or nobody can read why. */
  readonly since: () => { readonly since: string; readonly actor: string; readonly reason: string } | undefined;
  /** Durable when it returns. @throws */
  readonly suspend: (reason: string) => void;
  readonly resume: () => void;
  readonly openTrail: () => OneShotTrail;
}

const EXAMPLES = { suspend: 'the contract has ended', resume: 'the contract goes on' } as const;

/** @throws GuardError usage */
export function requireTenant(tenant: string): string {
  if (isTenant(tenant)) return tenant;
  if (isTakenTenant(tenant)) {
    throw new GuardError('usage', `no tenant can be called \`${tenant}\`: the name is taken`, {
      hint: 'it is a directory of the guard’s own or a device of Windows; give another name',
    });
  }
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
  if (word === 'resume' && !wasSuspended) {
    // an order that changes nothing would stand in its history as if it had let somebody in
    write(io, `${tenant} is not suspended, so there is nothing to resume; nothing is recorded`);
    return 0;
  }
  const first = context.since();
  const trail = context.openTrail();
  try {
    const asked = trail.record('tenant', { stage: `${word}_asked`, actor: context.actor, reason });
    if (word === 'resume') context.resume();
    // since when, by whom and why it is shut out is what the first order says; the second is on record
    else if (first === undefined) context.suspend(reason);
    trail.record('tenant', { stage: word === 'suspend' ? 'suspended' : 'resumed', asked, actor: context.actor });
  } finally {
    const unsealed = trail.close();
    if (unsealed !== undefined) io.stderr.write(`mcp-guard: ${makeInert(unsealed)}\n`);
  }
  const shown = makeInert(tenant);
  if (word === 'suspend') {
    const again = wasSuspended ? ' (it was already)' : '';
    io.stdout.write(`${paint('warn', 'SUSPENDED')} ${shown}${again}\n`);
    if (first !== undefined) write(io, `since ${first.since} by ${first.actor}, and that stands: ${first.reason}`);
    write(io, 'no session begins, and those that run end within a second');
    write(io, `let it in again with \`mcp-guard tenant resume ${shown} --reason …\``);
    return 0;
  }
  io.stdout.write(`${paint('good', 'resumed')} ${shown}: sessions may begin\n`);
  return 0;
}

function write(io: CliIo, text: string): void {
  for (const line of wrapWords(makeInert(text), io.columns)) io.stdout.write(`${line}\n`);
}
