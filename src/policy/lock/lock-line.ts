// The line of a lock: which approvals follow from which. What this machine remembers of it, whether a lock continues that, and how the
// next approval does. Pure; checks no signature and knows no file.
// INVARIANT: a good signature alone makes no successor: the lock of another project, or of another branch, is signed as well.
import { isSameJson } from '../../wire/same-json.ts';
import { type Approval, type LockBody, MOST_APPROVALS, numberOf } from './lock-document.ts';

/** What this machine has seen of the lock of one config, kept in the state directory. */
export interface LockMemory {
  /** Of the line, `LockBody.id`. */
  readonly id: string;
  /** The highest that was seen, as it stood in the lock. */
  readonly newest: Approval;
  /**
   * Every approval of this line that was seen, `newest` included, as each stood in its lock; at most 200. Undefined: an earlier version
   * kept `newest` alone.
   */
  readonly seen?: readonly Approval[] | undefined;
  /** SHA-256, hex, of the text of that lock. */
  readonly digest: string;
  /** Who could approve by it: a key must have been known *before* it approves. */
  readonly approvers: readonly string[];
  /**
   * The newest approval among what was seen that an approver's key gave: what this machine approved by itself stands below the next one.
   * Undefined: `newest`, where an approver gave that; else there is none.
   */
  readonly anchor?: Approval | undefined;
  /** The latest wall clock that was seen with it, whole ms: a clock that is set back gives no approval a longer life. */
  readonly latestMs: number;
}

export interface LeftLine {
  readonly code: 'lock_foreign' | 'lock_older';
  readonly detail: string;
}

/**
 * Why a lock is not the remembered one or a successor of it; undefined: it is.
 *
 * @param digest of its text @param isByApprover a key has signed it that the last lock that was seen names in `approvers`
 */
export function leavesLine(
  body: LockBody,
  digest: string,
  memory: LockMemory,
  isByApprover: boolean,
): LeftLine | undefined {
  const { newest } = memory;
  if (body.id !== memory.id) return { code: 'lock_foreign', detail: 'it began as the lock of another config' };
  if (isByApprover && outranks(body, memory)) return undefined;
  const number = numberOf(body);
  if (number < newest.number) {
    return { code: 'lock_older', detail: `approval ${number}, and this machine has seen ${newest.number}` };
  }
  if (!body.approvals.some((one) => one.number === newest.number)) {
    return { code: 'lock_older', detail: `it does not say that it follows approval ${newest.number}, which was seen` };
  }
  // of the newest the whole text counts, of an earlier one what was approved, by whom, until when
  const isAnother = number === newest.number ? digest !== memory.digest : !holdsApproval(body.approvals, newest);
  if (!isAnother) return undefined;
  return { code: 'lock_older', detail: `another approval ${newest.number} than this machine has seen` };
}

/**
 * What this machine has approved with its own key gives way to the next word of an approver.
 * INVARIANT: of an approver's own words only a newer one, and one that follows the last that was seen: no older lock comes back by it.
 */
function outranks(body: LockBody, memory: LockMemory): boolean {
  const anchor = anchorOf(memory);
  return anchor !== undefined && numberOf(body) > anchor.number && holdsApproval(body.approvals, anchor);
}

/** As it stood: two branches that one lock follows may have used one number each. */
function holdsApproval(approvals: readonly Approval[], wanted: Approval): boolean {
  return approvals.some((one) => isSameJson({ ...one }, { ...wanted }));
}

/** All of either, each once, by number, of one number those of `other` last; the highest 200. */
export function uniteApprovals(one: readonly Approval[], other: readonly Approval[]): readonly Approval[] {
  const more = other.filter((approval) => !holdsApproval(one, approval));
  return [...one, ...more].sort((a, b) => a.number - b.number).slice(-MOST_APPROVALS);
}

export function anchorOf({ anchor, newest, approvers }: LockMemory): Approval | undefined {
  return anchor ?? (approvers.includes(newest.key) ? newest : undefined);
}

/** What is remembered of an approver's word once this lock was seen. @param approvers those of this lock @param known what was seen before */
export function nextAnchor(
  body: LockBody,
  approvers: readonly string[],
  known: LockMemory | undefined,
): Approval | undefined {
  const own = body.approvals.findLast(({ key }) => approvers.includes(key));
  const kept = known?.id === body.id ? anchorOf(known) : undefined;
  return (own?.number ?? 0) >= (kept?.number ?? 0) ? own : kept;
}

/**
 * Whether a person may take over an approver's lock of another branch as it is, without a lock of their own: not one below what an
 * approver gave that was seen here.
 */
export function isTakeable(body: LockBody, memory: LockMemory): boolean {
  return body.id === memory.id && numberOf(body) >= (anchorOf(memory) ?? memory.newest).number;
}

/** What the next approval continues. */
export interface LockLine {
  readonly id: string;
  readonly approvals: readonly Approval[];
}

/**
 * So that other machines take the next lock for a successor of what they saw: the lock, where it holds or is well signed, and what was seen
 * here; of two lines the well signed one, if it is not older; else a line of its own.
 * INVARIANT: no repair drops an approval that this machine has seen of that line: a machine that saw nothing else would be locked out.
 *
 * @param signed well signed by a trusted key, whether it holds or not @param freshId 32 hex digits
 */
export function lineFor(signed: LockBody | undefined, memory: LockMemory | undefined, freshId: () => string): LockLine {
  if (memory === undefined) return signed ?? { id: freshId(), approvals: [] };
  const { id, newest } = memory;
  const seen = uniteApprovals(memory.seen ?? [], [newest]);
  if (signed?.id === id) return { id, approvals: uniteApprovals(seen, signed.approvals) };
  return signed !== undefined && numberOf(signed) >= newest.number ? signed : { id, approvals: seen };
}
