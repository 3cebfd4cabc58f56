// Why a lock lets nothing start, in words for the person who must mend it. One table; decides nothing, knows no path.
import { showInert } from '../../wire/inert-text.ts';
import { CONFLICT } from './lock-document.ts';

export const LOCK_REFUSALS = {
  lock_required: {
    what: 'the policy is not locked, and a ceiling or the config requires a lock',
    mend: 'look at the config, then approve it',
  },
  lock_vanished: {
    what: 'the lock is gone, and this machine has seen one',
    mend: 'put it back (it belongs beside the config, in version control), or look at the config and approve it anew',
  },
  lock_unreadable: {
    what: 'the lock cannot be read',
    mend: 'mend the file, its owner and its mode: it must belong to this user, and nobody else may write it',
    isElsewhere: true,
  },
  lock_memory: {
    what: 'the state directory does not say which lock was seen last',
    mend: 'mend the state directory, or look at the config and approve it anew',
  },
  lock_newer: {
    what: 'the lock was written by a newer version',
    mend: 'use that version of mcp-guard',
    isElsewhere: true,
  },
  lock_edited: {
    what: 'the lock was changed by somebody else than an approval',
    mend: 'restore it from version control, or look at the config and approve it anew',
  },
  lock_foreign: {
    what: 'the lock belongs to another config',
    mend: 'put back the config and the lock that belong together, or look at this config and approve it',
  },
  lock_untrusted: {
    what: 'the lock is signed by a key that this machine has no reason to trust',
    mend: 'look at the config, then approve it here with a key that counts: that of this machine, or of an approver that was approved',
  },
  lock_older: {
    what: 'the lock is older than one that this machine has seen, and may permit what was taken back since',
    mend: 'restore the newest lock, or look at the config and approve it anew',
  },
} as const satisfies Record<string, { readonly what: string; readonly mend: string; readonly isElsewhere?: true }>;

export interface LockRefusal {
  readonly code: keyof typeof LOCK_REFUSALS;
  /** One sentence, lower case, inert. */
  readonly what: string;
  readonly mend: string;
  /** `scope approve --take` mends it, too. */
  readonly isTakeable?: boolean;
  /** No approval mends it. */
  readonly isElsewhere?: boolean;
}

const LONGEST = 200;
const MERGED =
  'merge the config first; then look at what it permits, and approve that: the new lock takes the place of both';

const ASIDE = {
  what: 'the lock is signed by an approver, and does not follow what this machine has seen',
  mend: 'if it is the one that everybody goes by, take it over as it is, without a lock of your own',
};

/**
 * @param detail may hold text of the lock. attacker-controlled.
 * @param isTakeable an approver signed it, and it is not older than what an approver gave that was seen here
 */
export function explainRefusal(code: LockRefusal['code'], detail?: string, isTakeable = false): LockRefusal {
  const { what, mend: usual } = isTakeable ? ASIDE : LOCK_REFUSALS[code];
  const isElsewhere = 'isElsewhere' in LOCK_REFUSALS[code];
  const mend = detail === CONFLICT ? MERGED : usual;
  const shown = detail === undefined ? what : `${what} (${showInert(detail.slice(0, LONGEST))})`;
  return { code, what: shown, mend, ...(isTakeable && { isTakeable }), ...(isElsewhere && { isElsewhere }) };
}
