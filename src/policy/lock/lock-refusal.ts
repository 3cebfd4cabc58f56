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
  lock_unreadable: { what: 'the lock cannot be read', mend: 'mend the file, its owner and its mode' },
  lock_memory: {
    what: 'the state directory does not say which lock was seen last',
    mend: 'mend the state directory, or look at the config and approve it anew',
  },
  lock_newer: { what: 'the lock was written by a newer version', mend: 'use that version of mcp-guard' },
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
} as const satisfies Record<string, { readonly what: string; readonly mend: string }>;

export interface LockRefusal {
  readonly code: keyof typeof LOCK_REFUSALS;
  /** One sentence, lower case, inert. */
  readonly what: string;
  readonly mend: string;
}

const LONGEST = 200;
const MERGED =
  'merge the config first; then look at what it permits, and approve that: the new lock takes the place of both';

/** @param detail may hold text of the lock. attacker-controlled. */
export function explainRefusal(code: LockRefusal['code'], detail?: string): LockRefusal {
  const { what, mend: usual } = LOCK_REFUSALS[code];
  const mend = detail === CONFLICT ? MERGED : usual;
  return { code, what: detail === undefined ? what : `${what} (${showInert(detail.slice(0, LONGEST))})`, mend };
}
