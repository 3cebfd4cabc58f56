// The line of a lock: which approvals follow from which. What this machine remembers of it, whether a lock continues that, and how the
// next approval does. Pure; checks no signature and knows no file.
// INVARIANT: a good signature alone makes no successor: the lock of another project, or of another branch, is signed as well.
import { isSameJson } from '../../wire/same-json.ts';
import { type Approval, type LockBody, numberOf } from './lock-document.ts';

/** What this machine has seen of the lock of one config, kept in the state directory. */
export interface LockMemory {
  /** Of the line, `LockBody.id`. */
  readonly id: string;
  /** The highest that was seen, as it stood in the lock. */
  readonly newest: Approval;
  /** SHA-256, hex, of the text of that lock. */
  readonly digest: string;
  /** Who could approve by it: a key must have been known *before* it approves. */
  readonly approvers: readonly string[];
  /** The latest wall clock that was seen with it, whole ms: a clock that is set back gives no approval a longer life. */
  readonly latestMs: number;
}

export interface LeftLine {
  readonly code: 'lock_foreign' | 'lock_older';
  readonly detail: string;
}

/** Why a lock is not the remembered one or a successor of it; undefined: it is. @param digest of its text */
export function leavesLine(body: LockBody, digest: string, memory: LockMemory): LeftLine | undefined {
  const { newest } = memory;
  if (body.id !== memory.id) return { code: 'lock_foreign', detail: 'it began as the lock of another config' };
  const number = numberOf(body);
  if (number < newest.number) {
    return { code: 'lock_older', detail: `approval ${number}, and this machine has seen ${newest.number}` };
  }
  const same = body.approvals.find((one) => one.number === newest.number);
  if (same === undefined) {
    return { code: 'lock_older', detail: `it does not say that it follows approval ${newest.number}, which was seen` };
  }
  // of the newest the whole text counts, of an earlier one what was approved, by whom, until when
  const isAnother = number === newest.number ? digest !== memory.digest : !isSameJson({ ...same }, { ...newest });
  if (!isAnother) return undefined;
  return { code: 'lock_older', detail: `another approval ${newest.number} than this machine has seen` };
}

/** What the next approval continues. */
export interface LockLine {
  readonly id: string;
  readonly approvals: readonly Approval[];
}

/**
 * So that other machines take the next lock for a successor of what they saw: the lock that holds; else one that is well signed and not
 * older than what was seen; else what was seen; else a line of its own.
 *
 * @param signed well signed by a trusted key, whether it holds or not @param freshId 32 hex digits
 */
export function lineFor(signed: LockBody | undefined, memory: LockMemory | undefined, freshId: () => string): LockLine {
  if (signed !== undefined && numberOf(signed) >= (memory?.newest.number ?? 0)) return signed;
  if (memory !== undefined) return { id: memory.id, approvals: [memory.newest] };
  return signed ?? { id: freshId(), approvals: [] };
}
