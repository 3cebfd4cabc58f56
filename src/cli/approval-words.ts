// The words of an approval's lines, in the order of the screen, and what each means in which state. Texts only; knows no policy.
import type { ApprovalLine } from './approval-screen.ts';
import type { Tone } from './render.ts';

export const TONES: Readonly<Record<ApprovalLine['kind'], Tone>> = {
  possible: 'warn',
  starts: 'warn',
  lasts: 'warn',
  drift: 'bad',
  unpinned: 'bad',
  hidden: 'bad',
  alike: 'bad',
  pins: 'plain',
  until: 'quiet',
  ceiling: 'quiet',
  holds: 'quiet',
  same: 'quiet',
};
export const ORDER = Object.keys(TONES);
const MEANINGS: Readonly<Record<ApprovalLine['kind'], string>> = {
  possible: 'becomes possible with an approval',
  starts: 'the server does not start as it is now written before an approval',
  lasts: 'approved until a time so far; would not end any more',
  drift: 'a definition that is not the approved one; an approval pins it as it is now',
  unpinned: 'definitions that an approval cannot pin',
  hidden: 'text that a person does not see and a model reads',
  alike: 'a name that may be taken for that of another tool',
  pins: 'definitions that an approval pins',
  until: 'approved until a time, and ends then',
  ceiling: 'kept back on this machine by a ceiling, whatever is approved',
  holds: 'narrower, and in effect already',
  same: 'written otherwise than in the lock, and decides nothing else',
};
/** Where nothing is locked, nothing keeps a server from what the config grants. */
const AT_FIRST = {
  possible: 'what the config grants, once it is locked',
  starts: 'a server that may start, once it is locked',
};
/** Against a lock that is no more in force. */
const SINCE_THEN = {
  possible: 'what that lock did not permit, and an approval makes possible',
  starts: 'a server that is not written as in that lock; none starts before an approval',
  holds: 'narrower than in that lock',
  same: 'decides nothing else than that lock',
  drift: 'a definition that is not that of that lock; an approval pins it as it is now',
};

/** @param isCompared with a lock that is not in force */
export function meaningsOf(isFirst: boolean, isCompared: boolean): Readonly<Record<string, string>> {
  return { ...MEANINGS, ...(isFirst ? AT_FIRST : isCompared ? SINCE_THEN : {}) };
}
