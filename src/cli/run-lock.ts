// What a `run` under a config has beside it: the lock, the pins, and whether a person has paused a server. Loaded only where there is
// a config. Puts together and says; what a lock means stands in policy/lock, what drifts in policy/pins.

import { type LockPlace, rememberJudgement } from '../adapters/lock-file.ts';
import type { EventEntry } from '../audit/entry.ts';
import type { ConfigPlace } from '../config/find-config.ts';
import { pinKeyOf, pinsOfTenant } from '../config/pin-key.ts';
import { quoteWord } from '../config/shell-word.ts';
import { GuardError } from '../guard-error.ts';
import type { Difference } from '../policy/lock/difference.ts';
import { approveCommand, type CommandOptions, diffCommand } from '../policy/lock/lock-command.ts';
import { numberOf } from '../policy/lock/lock-document.ts';
import { describeEnded, type LockJudgement } from '../policy/lock/lock-judgement.ts';
import type { PinSet } from '../policy/pins/pin-set.ts';
import type { IdentityAsker } from './ask-identity.ts';
import { authInForce } from './auth-in-force.ts';
import { describeBlocked } from './blocked-server.ts';
import { createFirstUse, describeLock, type FirstUse } from './first-use.ts';
import {
  applyLock,
  judge,
  type LockContext,
  type LockedPolicy,
  type ReadConfig,
  readLockedConfig,
} from './locked-policy.ts';
import { narrowToRoles } from './narrow-to-roles.ts';
import { listKnownFiles } from './own-files.ts';
import { openRunPins, type RunPins, type RunPinsParts } from './run-pins.ts';
import { seeAsTenant } from './tenant-policy.ts';

export interface RunLock extends LockedPolicy {
  /** Absolute: what no tool may touch. */
  readonly ownFiles: readonly string[];
  /** For stderr, once the guard's log is open. */
  readonly notes: readonly string[];
  /** What has no effect until approved, with the command that shows it; undefined: nothing. A server that waits is none of it: it says so itself. */
  readonly waiting?: string | undefined;
  /** For the record, once the session has begun. */
  readonly events: readonly EventEntry['detail'][];
  /** What was approved of each server's definitions. */
  readonly approvedPins: ReadonlyMap<string, PinSet>;
  /** Absolute: the files that all this was read from. A reload is due when one of them is another. */
  readonly watched: readonly string[];
  /** Wall clock, ms: from then on it is to be read again, since an approval ends; Infinity for never. */
  readonly untilMs: number;
  /** The number of the newest approval; undefined where nothing is locked. */
  readonly approval: number | undefined;
  /** The newest approval where it has ended, in words; undefined: it has not. */
  readonly ended?: string | undefined;
  /**
   * To be asked once, when nothing keeps the run from starting any more: locks a config that never was. INVARIANT: before anything is
   * started. Does nothing where there is a lock. @param say told what came of it @throws GuardError lock_… (77)
   */
  lockFirst(say: (note: string) => void): Promise<void>;
  /** @param how for the text @throws GuardError server_unapproved (77) where this server must not start */
  refuseUnapproved(server: string | undefined, how?: 'running'): void;
  /** Under which what this tenant runs by that name is pinned, and kept. */
  pinKeyOf(server: string): string;
  openPins(parts: Omit<RunPinsParts, 'place' | 'approved' | 'keyOf' | 'commandOptions'>): RunPins;
}

/**
 * Reads the config and its lock. Nothing is started yet, and a config that never was locked is not locked yet (`lockFirst`).
 *
 * @param context `actor`: the local user. `isReload`: a session runs under a policy already, so nothing is locked by itself: what is
 * locked at its first use is what a person found there when the session began, not what it has become since
 * `isGuarded`: this guard was started by a guarded server, which may lock nothing for whoever comes after it
 * `identify`: asked before anything of a tenant is looked at; its tenant and its roles are part of what comes out
 * @throws GuardError config_… (78), lock_…, key_unusable, auth_refused (77)
 */
export async function openRunLock(
  place: ConfigPlace,
  given: LockContext & {
    readonly actor: string;
    readonly isReload?: boolean;
    readonly isGuarded?: boolean;
    readonly identify: IdentityAsker['identify'];
  },
): Promise<RunLock> {
  let context = given;
  // the blocks of other tenants are no business of this start: an error in one must not keep this one out
  let read = await readLockedConfig(place, { ...context, isWithoutTenants: true });
  const notes: string[] = [];
  const events: EventEntry['detail'][] = [];
  let first: FirstUse | undefined;
  if (read.judgement.kind === 'first_use') {
    if (context.isReload === true) throw unlocked(read.place);
    if (context.isGuarded === true) throw lockedFromServer(read.place);
    // what will be locked is the whole, so all of it must be right; and this start goes by what it locks
    read = await readLockedConfig(place, context);
  }
  if (read.judgement.kind === 'first_use') {
    const whole = read;
    first = createFirstUse(whole, context, () => judge(whole.place, whole.document, context));
  } else if (read.judgement.kind === 'holds') {
    if (read.judgement.isFirstSight) {
      // a session never goes over to a lock that this machine does not know: whoever puts one there would choose what it approves
      if (context.isReload === true) throw unseen(read.place);
      notes.push(`\`${read.place.lock}\` is seen here for the first time: from now on it says what is approved here`);
      events.push(describeLock('first_sight', read.judgement.lock, read.place));
    }
    await rememberJudgement(read.place, read.judgement);
    notes.push(...describeClock(read.judgement.clockWasMs));
  }
  const { judgement: whole, document: wholeDocument } = read;
  const { identity } = (await context.identify(authInForce(read))) ?? {};
  if (identity?.tenant !== undefined) context = { ...context, tenant: identity.tenant };
  read = await seeAsTenant({ ...read, place: { ...read.place, tenant: context.tenant } }, context);
  const applied = await applyLock(read, context);
  const locked = { ...applied, policy: narrowToRoles(applied, identity?.roles) };
  if (context.isReload !== true && applied.policy.roles !== undefined && identity?.roles !== undefined)
    notes.push(...describeRoles(identity.principal, identity.roles, applied.policy.roles.names));
  const { judgement, commandOptions: options } = read;
  const approved = whole.kind === 'holds' ? whole : { policy: wholeDocument, lock: undefined };
  const approvedPins = pinsOfTenant(
    approved.policy,
    context.tenant,
    approved.lock?.body.pins ?? new Map<string, PinSet>(),
  );
  const keyOf = (server: string): string => pinKeyOf(approved.policy, context.tenant, server);
  const waits = await listWaiting(judgement, read);
  // a server that waits is named by itself where the session is to go over
  const beside = waits.filter((one) => one !== 'blocked');
  const waiting = describeWaiting(context.isReload === true ? beside : waits, read);
  const ended = describeEnded(judgement);
  // a session in which it ends is told so by itself
  if (ended !== undefined && waiting !== undefined && context.isReload !== true) notes.push(ended);
  if (waiting !== undefined) notes.push(waiting);
  return {
    ...locked,
    ownFiles: listKnownFiles(context.stateDir, { config: place.path, lock: read.place.lock }),
    notes,
    waiting: describeUnapproved(beside, read),
    get events() {
      return [...events, ...(first?.events ?? [])];
    },
    approvedPins,
    watched: [place.path, read.place.lock],
    untilMs: judgement.kind === 'holds' ? judgement.untilMs : Number.POSITIVE_INFINITY,
    get approval() {
      return judgement.kind === 'holds' ? numberOf(judgement.lock.body) : first?.approval;
    },
    ended,
    lockFirst: async (say) => void (first && say(await first.lock())),
    refuseUnapproved: (server, how) => refuseUnapproved(judgement, server, options, how),
    pinKeyOf: keyOf,
    openPins: (parts) =>
      openRunPins({ ...parts, place: read.place, approved: approvedPins, keyOf, commandOptions: options }),
  };
}

function unlocked({ config, lock }: LockPlace): GuardError {
  return new GuardError('lock_required', `\`${config}\` has no lock, so a change of it could widen what runs`, {
    hint: `let this user write \`${lock}\`, or start the server anew`,
  });
}

function unseen({ named, lock }: LockPlace): GuardError {
  return new GuardError(
    'lock_required',
    `this machine has not seen \`${lock}\` before, and a session takes over no lock that is new here`,
    {
      hint: `look at it, then approve it (\`mcp-guard scope approve --config ${quoteWord(named)} --reason …\`), or start the server anew`,
    },
  );
}

function lockedFromServer({ named }: LockPlace): GuardError {
  return new GuardError(
    'lock_required',
    `\`${named}\` was never locked, and this runs inside a server behind mcp-guard, which locks no policy`,
    { hint: `in a terminal of your own: \`mcp-guard scope approve --config ${quoteWord(named)} --reason …\`` },
  );
}

/** Nothing where one of the roles is known. attacker-controlled: names out of a token. */
export function describeRoles(
  principal: string,
  roles: readonly string[],
  known: ReadonlySet<string>,
): readonly string[] {
  if (roles.some((role) => known.has(role))) return [];
  const named = roles.map((role) => `\`${role}\``).join(', ');
  const why = roles.length === 0 ? 'has no role' : `has no role that the config knows (${named})`;
  return [`\`${principal}\` ${why}, so nothing is granted: see \`roles\` of the config and \`token create --roles\``];
}

/** Nothing where the clock is not behind, or no approval ends. */
function describeClock(clockWasMs: number | undefined): readonly string[] {
  if (clockWasMs === undefined) return [];
  const at = new Date(clockWasMs).toISOString();
  return [
    `the clock is behind what this machine has seen: approvals end as if it were ${at}; mend the clock, or approve anew`,
  ];
}

/** What an approval would give effect. What scopes that differ add is only decided for each request; whether they can add anything is compared. */
async function listWaiting(judgement: LockJudgement, { document }: ReadConfig): Promise<readonly Direction[]> {
  if (judgement.kind !== 'holds') return [];
  const all = judgement.combination.differences.map(({ direction }) => direction);
  const addsByScope =
    all.includes('layered') && (await import('../policy/lock/policy-diff.ts')).widensScopes(document, judgement.policy);
  return all.filter((one) => one !== 'narrower' && (one !== 'layered' || addsByScope));
}

type Direction = Difference['direction'];

function describeWaiting(
  waits: readonly Direction[],
  { place: { config }, commandOptions: options }: ReadConfig,
): string | undefined {
  const mend = `look with \`${diffCommand(options)}\`, then \`${approveCommand(options)}\``;
  if (waits.length === 0) return undefined;
  if (waits.every((one) => one === 'layered'))
    return `whatever the scopes and roles of \`${config}\` let through beyond what was approved has no effect until approved: ${mend}`;
  return `${countChanges(waits)} of \`${config}\` ${haveNoEffect(waits)}: ${mend}`;
}

/** As `describeWaiting`, for who sees the config beside it. */
function describeUnapproved(waits: readonly Direction[], { commandOptions: options }: ReadConfig): string | undefined {
  if (waits.length === 0) return undefined;
  const what = waits.every((one) => one === 'layered')
    ? 'what its scopes and roles let through beyond what was approved has no effect until approved'
    : `${countChanges(waits)} ${haveNoEffect(waits)}`;
  return `${what}: look with \`${diffCommand(options)}\``;
}

function countChanges({ length }: readonly Direction[]): string {
  return length === 1 ? 'a change' : `${length} changes`;
}

function haveNoEffect({ length }: readonly Direction[]): string {
  return `${length === 1 ? 'has' : 'have'} no effect until approved`;
}

function refuseUnapproved(
  judgement: LockJudgement,
  server: string | undefined,
  options: CommandOptions,
  how?: 'running',
): void {
  if (server === undefined) return;
  const why = describeBlocked(judgement, server, how === 'running' ? 'nothing is sent to it' : 'is not started');
  if (why === undefined) return;
  throw new GuardError('server_unapproved', why, {
    hint: `look with \`${diffCommand(options, server)}\`, then run \`${approveCommand(options, server)}\``,
  });
}
