// Where the lock does not count: the same approval against the last lock that this machine accepted, for the screen. Pure; knows no file.
// INVARIANT: what would be approved, and written, is the other picture's: nothing is in force by a lock that was only kept.
import type { HeldLock, LastLock } from '../adapters/last-lock.ts';
import { type ApprovalPicture, drawApproval, type PictureInput } from './approval-picture.ts';

export interface Compared {
  /** What is shown. */
  readonly picture: ApprovalPicture;
  /** With which approval, or why with none; undefined: none was ever seen here. */
  readonly note: string | undefined;
  readonly isCompared: boolean;
}

/** @param wish as `picture` was drawn @param knownOf for the definitions on the screen */
export function compareWithLast(
  picture: ApprovalPicture,
  last: LastLock,
  wish: Pick<PictureInput, 'tenant' | 'isPolicyOnly' | 'knownOf'>,
): Compared {
  if (last.kind === 'none') return { picture, note: undefined, isCompared: false };
  if (last.kind === 'lost') {
    const note = `all is shown as new, for there is no telling what the last lock that this machine accepted says: ${last.why}`;
    return { picture, note, isCompared: false };
  }
  const { held } = last;
  // what is not approved along is gone: it is shown as that, even if only one server was asked about
  const { diff, servers, shadows } = drawApproval({
    ...wish,
    ...{ document: picture.policy, judgement: held, only: undefined, keep: true },
  });
  return { picture: { ...picture, diff, servers, shadows }, note: describe(held), isCompared: true };
}

function describe({ lock }: HeldLock): string {
  const newest = lock.body.approvals.at(-1);
  return `compared with the last lock that this machine accepted: approval ${newest?.number}, ${newest?.at.slice(0, 10)} by ${newest?.who}: ${newest?.why}`;
}
