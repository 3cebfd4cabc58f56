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
import { wrapWords } from './text-width.ts';

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
  readonly erase: () => Erased | Promise<Erased>;
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
  const text = `${id}: what ${facts.segments} segments say, its homes, caches, keys and state go.`;
  const again = facts.erased === undefined ? '' : ` It was erased on ${facts.erased.at} already.`;
  for (const line of wrapWords(`${text} Headers, hashes and this order stay.${again}`, io.columns))
    io.stdout.write(`${line}\n`);
  if (given.yes !== true)
    await confirm(consent, `erase all of that, for good?`, 'give `--yes`, or run it in a terminal of your own');
  const first = openTrail();
  let asked: string;
  try {
    asked = first.record('tenant', { stage: 'erase_asked', actor, reason });
  } finally {
    first.close();
  }
  const { segments, records } = await erase();
  leaveTombstone({ reason, segments, records });
  const last = openTrail();
  try {
    last.record('tenant', { stage: 'erased', asked, actor, segments, records });
  } finally {
    last.close();
  }
  const added = facts.erased === undefined ? '' : ' (it was erased before)';
  const done = `erased: ${records} records in ${segments} segments hold nothing but their headers now${added}`;
  for (const text of [done, `every chain still holds: \`mcp-guard audit verify --tenant ${id}\``])
    for (const line of wrapWords(text, io.columns)) io.stdout.write(`${line}\n`);
  return 0;
}
