// What a `run` under a config has beside it: the lock, the pins, and whether a person has paused a server. Loaded only where there is
// a config. Puts together and says; what a lock means stands in policy/lock, what drifts in policy/pins.

import { type LockPlace, openMachineKey, rememberJudgement, writeLock } from '../adapters/lock-file.ts';
import type { EventEntry } from '../audit/entry.ts';
import type { ConfigPlace } from '../config/find-config.ts';
import { GuardError, isGuardError } from '../guard-error.ts';
import { numberOf, type SignedLock } from '../policy/lock/lock-document.ts';
import type { LockJudgement } from '../policy/lock/lock-judgement.ts';
import {
  applyLock,
  judge,
  type LockContext,
  type LockedPolicy,
  type ReadConfig,
  readLockedConfig,
} from './locked-policy.ts';
import { openRunPins, type RunPins, type RunPinsParts } from './run-pins.ts';

export interface RunLock extends LockedPolicy {
  /** Absolute: what no tool may touch. */
  readonly ownFiles: readonly string[];
  /** For stderr, once the guard's log is open. */
  readonly notes: readonly string[];
  /** For the record, once the session has begun. */
  readonly events: readonly EventEntry['detail'][];
  /** @throws GuardError server_unapproved (77) where this server must not start */
  refuseUnapproved(server: string | undefined): void;
  openPins(parts: Omit<RunPinsParts, 'place' | 'approved'>): RunPins;
}

/**
 * Reads the config and its lock; locks a config that never was. Nothing is started yet.
 *
 * @param actor the local user @throws GuardError config_… (78), lock_…, key_unusable (77)
 */
export async function openRunLock(
  place: ConfigPlace,
  context: LockContext & { readonly actor: string },
): Promise<RunLock> {
  let read = await readLockedConfig(place, context);
  const notes: string[] = [];
  const events: EventEntry['detail'][] = [];
  if (read.judgement.kind === 'first_use') {
    const { note, lock, isLate } = await lockFirst(read, context);
    notes.push(note);
    if (lock !== undefined) events.push(describeLock('first_use', lock, read.place));
    // what another guard has locked meanwhile holds
    if (isLate) read = { ...read, judgement: judge(read.place, read.document, context.nowMs) };
  } else if (read.judgement.kind === 'holds' && read.judgement.remember !== undefined) {
    if (read.judgement.isFirstSight) {
      notes.push(`\`${read.place.lock}\` is seen here for the first time: it is gone by from now on`);
      events.push(describeLock('first_sight', read.judgement.lock, read.place));
    }
    await rememberJudgement(read.place, read.judgement);
  }
  const locked = await applyLock(read, context);
  const { judgement } = read;
  const waiting = countWaiting(judgement);
  if (waiting > 0) {
    notes.push(
      `${waiting === 1 ? 'a change' : `${waiting} changes`} of \`${read.place.config}\` ${waiting === 1 ? 'has' : 'have'} no effect until approved: look with \`mcp-guard scope diff\`, then \`mcp-guard scope approve\``,
    );
  }
  return {
    ...locked,
    ownFiles: [context.stateDir, place.path, read.place.lock],
    notes,
    events,
    refuseUnapproved: (server) => refuseUnapproved(judgement, server),
    openPins: (parts) => {
      const approved = judgement.kind === 'holds' ? judgement.lock.body.pins : new Map();
      return openRunPins({ ...parts, place: read.place, approved });
    },
  };
}

/** A line that says what came of it. Where it cannot be locked nothing is lost that there was: it goes on as it is. */
async function lockFirst(
  { place, document, judgement: judged }: ReadConfig,
  { nowMs, actor }: LockContext & { readonly actor: string },
): Promise<{ readonly note: string; readonly lock?: SignedLock; readonly isLate: boolean }> {
  try {
    const key = openMachineKey(place);
    const wish = { judged, policy: document, pins: new Map(), who: actor, why: 'first use' };
    const lock = await writeLock(place, { ...wish, nowMs, untilMs: undefined, key });
    return {
      note: `locked \`${place.config}\` as it stands in \`${place.lock}\`: from now on it grows only by \`mcp-guard scope approve\``,
      lock,
      isLate: false,
    };
  } catch (error) {
    if (isGuardError(error) && error.code === 'lock_changed')
      return { note: `\`${place.lock}\` was made by another guard just now`, isLate: true };
    const why = error instanceof Error ? error.message : String(error);
    return { note: `the policy is not locked, and whoever edits it widens it: ${why}`, isLate: false };
  }
}

function describeLock(stage: string, { body, signature }: SignedLock, place: LockPlace): EventEntry['detail'] {
  const newest = body.approvals.at(-1);
  return {
    ...{ stage, number: numberOf(body), digest: newest?.digest ?? null, key: signature.key, config: place.config },
    ...{ who: newest?.who ?? null, why: newest?.why ?? null, until: newest?.until ?? null },
  };
}

/** Differences that an approval would give effect. */
function countWaiting(judgement: LockJudgement): number {
  if (judgement.kind !== 'holds') return 0;
  return judgement.combination.differences.filter(({ direction }) => direction !== 'narrower').length;
}

function refuseUnapproved(judgement: LockJudgement, server: string | undefined): void {
  if (judgement.kind !== 'holds' || server === undefined) return;
  const blocked = judgement.combination.blocked.get(server);
  if (blocked === undefined) return;
  const keys = blocked.flatMap(({ path }) => (path.length > 2 ? [`\`${path[2]}\``] : []));
  const what = keys.length === 0 ? 'is new' : `has another ${keys.join(', ')} than was approved`;
  throw new GuardError('server_unapproved', `\`${server}\` ${what}, and is not started before somebody approves that`, {
    hint: `look with \`mcp-guard scope diff --server ${server}\`, then run \`mcp-guard scope approve --server ${server} --reason …\``,
  });
}
