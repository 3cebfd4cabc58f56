// `mcp-guard tenant erase <id> --reason R`: after a yes, everything of a tenant but the proof that its record was not rewritten. On record
// before and after. Knows no file.
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import { type Consent, confirm, refuseFromServer } from './consent.ts';
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import type { OneShotTrail } from './one-shot-trail.ts';
import { readReason } from './read-reason.ts';
import type { TenantFacts } from './tenant-screen.ts';

interface Erased {
  readonly segments: number;
  /** That lost something. */
  readonly records: number;
}

export interface EraseContext {
  readonly facts: TenantFacts;
  readonly actor: string;
  readonly consent: Consent;
  readonly openTrail: () => OneShotTrail;
  /** @throws the error of the file system */
  readonly erase: () => Erased;
  /** Durable when it returns. @throws the error of the file system */
  readonly leaveTombstone: (erased: Erased & { readonly reason: string }) => void;
}

/** @returns the exit code: 0 @throws GuardError usage, tenant_active, approval_declined, audit_unwritable; the error of the file system */
export async function runTenantErase(
  given: { readonly reason?: string | undefined; readonly yes?: boolean | undefined },
  io: CliIo,
  { facts, actor, consent, openTrail, erase, leaveTombstone }: EraseContext,
): Promise<number> {
  const id = makeInert(facts.id);
  refuseFromServer(consent);
  const reason = readReason(
    given.reason,
    'it goes on record, and that record stays',
    `mcp-guard tenant erase ${id} --reason 'asked for by the customer'`,
  );
  // INVARIANT: nobody of the tenant writes meanwhile, and none begins to
  if (!facts.isSuspended || facts.sessions.length > 0) {
    const why = facts.isSuspended ? `${facts.sessions.length} of its sessions run` : 'it is not suspended';
    throw new GuardError('tenant_active', `\`${id}\` cannot be erased: ${why}`, {
      hint: `run \`mcp-guard tenant suspend ${quoteWord(id)} --reason …\` first`,
    });
  }
  io.stdout.write(
    `${id}: what ${facts.segments} segments say, its homes, caches, keys and state go.\nheaders, hashes and this order stay.\n`,
  );
  if (given.yes !== true)
    await confirm(consent, `erase all of that, for good?`, 'give `--yes`, or run it in a terminal of your own');
  const first = openTrail();
  try {
    first.record('tenant', { stage: 'erase_asked', actor, reason });
  } finally {
    first.close();
  }
  const { segments, records } = erase();
  leaveTombstone({ reason, segments, records });
  const last = openTrail();
  try {
    last.record('tenant', { stage: 'erased', actor, segments, records });
  } finally {
    last.close();
  }
  io.stdout.write(`erased: ${records} records in ${segments} segments hold nothing but their headers now\n`);
  io.stdout.write(`every chain still holds: \`mcp-guard audit verify --tenant ${id}\`\n`);
  return 0;
}
