// Locks a config that never was locked, once everything is there that a run of it starts with: a start that fails locks nothing. Says what
// came of it; what a lock means stands in policy/lock.
import { type LockPlace, lockError, openMachineKey, rememberName, writeLock } from '../adapters/lock-file.ts';
import type { EventEntry } from '../audit/entry.ts';
import { messageOf } from '../error-text.ts';
import { GuardError, isGuardError } from '../guard-error.ts';
import { approveCommand } from '../policy/lock/lock-command.ts';
import { numberOf, type SignedLock } from '../policy/lock/lock-document.ts';
import type { LockJudgement } from '../policy/lock/lock-judgement.ts';
import { isSameJson } from '../wire/same-json.ts';
import type { LockContext, ReadConfig } from './locked-policy.ts';

export interface FirstUse {
  /** For the record; none before it is locked. */
  readonly events: readonly EventEntry['detail'][];
  /** The number of the approval; undefined before it is locked, and where it cannot be. */
  readonly approval: number | undefined;
  /**
   * Once, right before anything is started. Where it cannot be locked nothing is lost that there was: it goes on as it is.
   * @returns a line that says what came of it @throws GuardError lock_… (77): another guard has locked something else meanwhile
   */
  lock(): Promise<string>;
}

/** @param read the whole config, every tenant of it, as this start goes by it @param judge what its lock is worth by now */
export function createFirstUse(
  { place, document, judgement: judged, commandOptions: options }: ReadConfig,
  { nowMs, actor }: Pick<LockContext, 'nowMs'> & { readonly actor: string },
  judge: () => LockJudgement,
): FirstUse {
  let made: SignedLock | undefined;
  const late = (): string => {
    const found = judge();
    if (found.kind === 'refused') throw lockError(place, found.refusal);
    // INVARIANT: what another guard has locked holds; this start goes by what it has read, so the two must be one
    if (found.kind !== 'holds' || !isSameJson(found.policy, document)) throw moved(place);
    return `\`${place.lock}\` was made by another guard just now`;
  };
  return {
    get events() {
      return made === undefined ? [] : [describeLock('first_use', made, place)];
    },
    get approval() {
      return made === undefined ? undefined : numberOf(made.body);
    },
    async lock() {
      // INVARIANT: only what was never locked is locked: over a lock that has come meanwhile this would be an approval that nobody gave
      if (judged.kind !== 'first_use') return late();
      try {
        const key = openMachineKey(place);
        const wish = { judged, policy: document, pins: new Map(), who: actor, why: 'first use' };
        made = await writeLock(place, { ...wish, nowMs, untilMs: undefined, key });
        return `locked \`${place.config}\` as it stands in \`${place.lock}\`: from now on it grows only by \`${approveCommand(options)}\``;
      } catch (error) {
        if (isGuardError(error) && error.code === 'lock_changed') return late();
        const why = [messageOf(error), ...keepName(place)].join('; ');
        return `the policy is not locked, and whoever edits it widens it: ${why}`;
      }
    },
  };
}

export function describeLock(stage: string, { body, signature }: SignedLock, place: LockPlace): EventEntry['detail'] {
  const newest = body.approvals.at(-1);
  return {
    ...{ stage, number: numberOf(body), digest: newest?.digest ?? null, key: signature.key, config: place.config },
    ...{ who: newest?.who ?? null, why: newest?.why ?? null, until: newest?.until ?? null },
  };
}

function moved({ lock }: LockPlace): GuardError {
  return new GuardError(
    'lock_changed',
    `another guard has locked something else in \`${lock}\` while this one started`,
    {
      hint: 'start the server anew',
    },
  );
}

/** Even where nothing is locked the name must not lead to another config while the session runs. */
function keepName(place: LockPlace): readonly string[] {
  try {
    rememberName(place);
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}
