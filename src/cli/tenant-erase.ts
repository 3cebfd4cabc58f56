// `mcp-guard tenant erase <id> --reason R`: after a yes, everything of a tenant but the proof that its record was not rewritten. On record
// before and after. Knows no file.
import type { ErasureClaim } from '../adapters/erasure-claim.ts';
import type { EventEntry } from '../audit/entry.ts';
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
  /** From now on nothing begins, whoever lifts the suspension. @throws GuardError tenant_active, state_locked; the error of the file system */
  readonly claim: () => Promise<ErasureClaim>;
  /** As it is now. */
  readonly look: () => Pick<TenantFacts, 'isSuspended' | 'sessions'>;
  /** @throws GuardError tenant_active, audit_unwritable */
  readonly endLeftovers: () => Promise<void>;
  /** @throws the error of the file system */
  readonly erase: () => Erased & { readonly hadMore: boolean };
  /** Durable when it returns. @throws the error of the file system */
  readonly leaveTombstone: (erased: Erased & { readonly reason: string }) => void;
}

/** @returns the exit code: 0 @throws GuardError usage, tenant_active, approval_declined, audit_unwritable; the error of the file system */
export async function runTenantErase(
  given: { readonly reason?: string | undefined; readonly yes?: boolean | undefined },
  io: CliIo,
  { facts, actor, consent, openTrail, claim, look, endLeftovers, erase, leaveTombstone }: EraseContext,
): Promise<number> {
  const id = makeInert(facts.id);
  refuseFromServer(consent);
  const reason = readReason(
    given.reason,
    'it goes on record, and that record stays',
    `mcp-guard tenant erase ${id} --reason 'asked for by the customer'`,
  );
  refuseActive(facts);
  const text = `${id}: what ${facts.segments} segments say, its homes, caches, keys and state go.`;
  const again = facts.erased === undefined ? '' : ` It was erased on ${facts.erased.at} already.`;
  for (const line of wrapWords(`${text} Headers, hashes and this order stay.${again}`, io.columns))
    io.stdout.write(`${line}\n`);
  if (given.yes !== true)
    await confirm(consent, `erase all of that, for good?`, 'give `--yes`, or run it in a terminal of your own');
  // INVARIANT: nobody of the tenant writes meanwhile, and none begins to: a yes may take long, so it is looked at again behind the claim
  const { release, cancel } = await claim();
  let asked: string;
  try {
    refuseActive({ ...look(), id: facts.id });
    asked = recordOnce(openTrail, { stage: 'erase_asked', actor, reason });
    await endLeftovers();
    refuseActive({ ...look(), id: facts.id });
  } catch (error) {
    cancel();
    throw error;
  }
  // what is cut short from here on keeps its claim: half a tenant is let in by nobody
  const { segments, records, hadMore } = erase();
  // when, by whom and why it was erased is what the order says that found something; the second is on record
  const first = records > 0 || hadMore ? undefined : facts.erased;
  if (first === undefined) leaveTombstone({ reason, segments, records });
  recordOnce(openTrail, { stage: 'erased', asked, actor, segments, records });
  release();
  const added = facts.erased === undefined ? '' : ' (it was erased before)';
  const done =
    first === undefined
      ? `erased: ${records} records in ${segments} segments hold nothing but their headers now${added}`
      : `nothing of it was left: what \`tenant show\` says of its erasure stays (${first.at} by ${first.actor}: ${makeInert(first.reason)})`;
  for (const text of [
    done,
    `the chains are as they were: \`mcp-guard audit verify --tenant ${id}\` says what it said before`,
  ])
    for (const line of wrapWords(text, io.columns)) io.stdout.write(`${line}\n`);
  return 0;
}

/** @throws GuardError tenant_active */
function refuseActive({ id, isSuspended, sessions }: Pick<TenantFacts, 'id' | 'isSuspended' | 'sessions'>): void {
  if (isSuspended && sessions.length === 0) return;
  const why = isSuspended ? `${sessions.length} of its sessions run` : 'it is not suspended';
  throw new GuardError('tenant_active', `\`${makeInert(id)}\` cannot be erased: ${why}`, {
    hint: `run \`mcp-guard tenant suspend ${quoteWord(id)} --reason …\` first`,
  });
}

/** @returns its id @throws GuardError audit_unwritable */
function recordOnce(openTrail: () => OneShotTrail, detail: EventEntry['detail']): string {
  const trail = openTrail();
  try {
    return trail.record('tenant', detail);
  } finally {
    trail.close();
  }
}
