// Where the lock does not count: an approval, or a lock that is taken over, against the last lock that this machine accepted; against nothing
// where that is not known. Pure; knows no file.
// INVARIANT: one picture is both what is shown and what is written, and nothing is in force by a lock that was only kept: an approval is a step
// from it as from one that holds, its ends and its pins included, and is given by a person or a key.
import type { HeldLock, LastLock } from '../adapters/last-lock.ts';
import { listPinSubjects } from '../config/pin-key.ts';
import { GuardError } from '../guard-error.ts';
import type { LockBody } from '../policy/lock/lock-document.ts';
import { policyAt } from '../policy/lock/lock-judgement.ts';
import { resolveServerPins } from '../policy/pins/pin-settings.ts';
import { type ApprovalPicture, drawApproval, type PictureInput, type Unpinned } from './approval-picture.ts';

export interface Compared {
  /** With which approval, or why with none; undefined: none was ever seen here. */
  readonly note: string | undefined;
  readonly isCompared: boolean;
  /** The same against nothing, for the record. */
  readonly whole: ApprovalPicture;
}

export interface Repair {
  readonly picture: ApprovalPicture;
  readonly compared: Compared;
}

const LOST =
  'none of its definitions is pinned: what was approved of them, if anything was, is lost with that lock, and from then on what is seen first is gone by';
const LEFT_OUT = 'its definitions were pinned by the last lock that this machine accepted, and are not by this one';

/** @param input its judgement is that of a lock that does not count @throws GuardError usage */
export function drawRepair(input: PictureInput, last: LastLock): Repair {
  if (last.kind !== 'kept' && input.isPolicyOnly === true) throw nothingPinned(last);
  const whole = drawApproval(input);
  if (last.kind !== 'kept') {
    const picture = { ...whole, unpinned: isFirst(input) ? [] : listLost(whole) };
    return { picture, compared: { note: describeLost(last), isCompared: false, whole: picture } };
  }
  const { held } = last;
  // INVARIANT: by the same steps as against a lock that holds, so with one server alone the rest stays as it was accepted
  const drawn = drawApproval({ ...input, judgement: held });
  const { policy, pins, passing } = drawn;
  const note = input.only === undefined ? describe(held) : `${describe(held)}; the rest stays as that lock has it`;
  return {
    picture: { ...drawn, ...STANDING },
    compared: { note, isCompared: true, whole: { ...whole, policy, pins, passing } },
  };
}

/** @param input its document is what `taken` permits now */
export function drawTaken(input: PictureInput, taken: LockBody, last: LastLock, nowMs: number): Repair {
  if (last.kind !== 'kept') {
    const whole = drawApproval({ ...input, knownOf: () => ({ last: undefined, first: undefined, tools: [] }) });
    return { picture: whole, compared: { note: describeLost(last), isCompared: false, whole } };
  }
  const { held } = last;
  const { untilMs } = policyAt(taken, nowMs);
  const ends = taken.base === null || !Number.isFinite(untilMs) ? undefined : { untilMs, base: taken.base };
  const drawn = drawApproval({ ...input, judgement: held, only: undefined, keep: true, ends });
  const unpinned = listPinSubjects(input.document)
    .filter(({ key }) => held.lock.body.pins.has(key) && !taken.pins.has(key))
    .map(({ server, key, tenants }): Unpinned => ({ server, key, tenants, why: LEFT_OUT }));
  const picture = { ...drawn, ...STANDING, unpinned };
  return { picture, compared: { note: describe(held), isCompared: true, whole: picture } };
}

/** Nothing may start, however little differs: there is something to approve. */
const STANDING = { isUpToDate: false, waits: true } as const;

/** Nothing was approved yet, for nothing was locked. */
function isFirst({ judgement }: PictureInput): boolean {
  return judgement.kind === 'refused' && judgement.refusal.code === 'lock_required';
}

function listLost({ policy, pins, servers }: ApprovalPicture): readonly Unpinned[] {
  const split = new Set(servers.filter(({ gap }) => gap === 'split').map(({ key }) => key));
  return listPinSubjects(policy)
    .filter(({ key, entry }) => !pins.has(key) && !split.has(key) && resolveServerPins(entry).mode !== 'off')
    .map(({ server, key, tenants }) => ({ server, key, tenants, why: LOST }));
}

function nothingPinned(last: Exclude<LastLock, { readonly kind: 'kept' }>): GuardError {
  const why = last.kind === 'lost' ? last.why : 'none is known to this machine';
  return new GuardError(
    'usage',
    `\`--policy-only\` leaves definitions as the last lock that was accepted has them, and there is no telling how: ${why}`,
    { hint: 'leave it out: what is pinned then is shown; or bring back a lock that holds' },
  );
}

function describeLost(last: Exclude<LastLock, { readonly kind: 'kept' }>): string | undefined {
  if (last.kind === 'none') return undefined;
  return `all is shown as new, for there is no telling what the last lock that this machine accepted says: ${last.why}`;
}

function describe({ lock }: HeldLock): string {
  const newest = lock.body.approvals.at(-1);
  return `compared with the last lock that this machine accepted: approval ${newest?.number}, ${newest?.at.slice(0, 10)} by ${newest?.who}: ${newest?.why}`;
}
