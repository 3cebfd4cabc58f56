// The newest approval where it ends by itself: its number, when, and what holds from then on. Reads the same files as if it were that
// late already; writes nothing.
import type { ConfigPlace } from '../config/find-config.ts';
import { isGuardError } from '../guard-error.ts';
import { numberOf } from '../policy/lock/lock-document.ts';
import { type LockContext, type LockedPolicy, loadLockedPolicy, type ReadConfig } from './locked-policy.ts';
import type { Standing } from './scope-standing.ts';

export interface EndingApproval {
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly endMs: number;
  /** What is made of a server from then on. */
  readonly standingOf: (server: string) => Standing;
}

/** @param standingOf of a server under that policy @returns undefined where nothing ends */
export async function findEnding(
  { judgement }: Pick<ReadConfig, 'judgement'>,
  place: ConfigPlace,
  context: LockContext,
  standingOf: (later: LockedPolicy, server: string) => Standing,
): Promise<EndingApproval | undefined> {
  if (judgement.kind !== 'holds' || !Number.isFinite(judgement.untilMs)) return undefined;
  const { untilMs: endMs, lock } = judgement;
  let later: LockedPolicy | undefined;
  try {
    later = await loadLockedPolicy(place, { ...context, nowMs: endMs });
  } catch (error) {
    // then nothing is permitted any more: a session closes, too
    if (!isGuardError(error)) throw error;
  }
  return {
    number: numberOf(lock.body),
    endMs,
    standingOf: (server) => (later === undefined ? { kind: 'refused' } : standingOf(later, server)),
  };
}
