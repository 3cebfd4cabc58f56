// Everything that a run takes its policy from, read and put together: config, lock, ceilings. Asked at the start, and again at each reload.
// INVARIANT: whatever narrows the policy of a run does so in here: what were applied to its result alone would be lost at a reload.
import { signFiles } from '../adapters/file-look.ts';
import { findCeilings, systemDirectories } from '../config/find-ceilings.ts';
import type { ConfigPlace } from '../config/find-config.ts';
import type { Policy } from '../config/policy.ts';
import type { IdentityAsker } from './ask-identity.ts';
import { openCeilings, restrictBareRun } from './ceilings-here.ts';
import type { LockContext } from './locked-policy.ts';
import { type Allowance, allowedAgain, openAllowance } from './project-allowance.ts';
import type { RunLock } from './run-lock.ts';

/** What a run is kept to, as it was read at one time. */
export interface HeldPolicy {
  /** Undefined: a bare run. */
  readonly lock: RunLock | undefined;
  /** Undefined: a bare run without a ceiling. */
  readonly policy: Policy | undefined;
  /** Absolute: a change of one of these is a reason to read again. Also what is not there yet. */
  readonly watched: readonly string[];
  /** `signFiles` of them, and of the record of `allowance` behind them. INVARIANT: from before they were read, the lock's excepted, which a start may write. */
  readonly signature: string;
  /** Wall clock, ms: then it is to be read again, whatever the files say; Infinity for never. */
  readonly untilMs: number;
  /** Of a project's config: what else may change without a file of the policy being another. */
  readonly allowance?: Allowance | undefined;
}

export interface PolicySources {
  readonly place: ConfigPlace | undefined;
  readonly context: Omit<LockContext, 'nowMs' | 'ceilings'> & {
    readonly actor: string;
    /** This guard was started by a guarded server. */
    readonly isGuarded?: boolean;
    readonly identify: IdentityAsker['identify'];
  };
  readonly cwd: string;
  /** Wall clock, ms. */
  nowMs(): number;
}

/** @param isReload a session runs under a policy already: nothing is locked by itself @throws GuardError as `openCeilings` and `openRunLock` */
export async function openPolicy(
  { place: found, context, cwd, nowMs }: PolicySources,
  isReload: boolean,
): Promise<HeldPolicy> {
  const { env, uid, stateDir } = context;
  const record = found === undefined ? undefined : openAllowance(found, stateDir)?.path;
  const own = [found?.path, record].filter((path) => path !== undefined);
  const signs = new Map([...own, ...listCeilingPlaces(env, cwd)].map(signOne));
  // what was allowed at the start may have been allowed anew since: by a person who has looked at what it has become
  const place = found === undefined || !isReload ? found : allowedAgain(found, stateDir);
  const signatureOf = (paths: readonly string[]): string =>
    paths.map((path) => signs.get(path) ?? signFiles([path])).join('\n');
  const ceilings = await openCeilings({ env, uid, cwd });
  const around = listCeilingPlaces(env, cwd);
  if (place === undefined) {
    const policy = await restrictBareRun(ceilings);
    return {
      lock: undefined,
      policy,
      watched: around,
      signature: signatureOf(around),
      untilMs: Number.POSITIVE_INFINITY,
    };
  }
  const { openRunLock } = await import('./run-lock.ts');
  const lock = await openRunLock(place, { ...context, nowMs: nowMs(), ceilings, isReload });
  const watched = [...lock.watched, ...around];
  const allowance = openAllowance(place, stateDir);
  // locked only after this: read once more then, lest a lock that goes at once is taken for one that never was
  const signature =
    lock.approval === undefined
      ? UNREAD
      : signatureOf([...watched, ...(allowance === undefined ? [] : [allowance.path])]);
  return { lock, policy: lock.policy, watched, signature, untilMs: lock.untilMs, allowance };
}

/** Equals no signature. */
const UNREAD = '';

function signOne(path: string): readonly [path: string, signature: string] {
  return [path, signFiles([path])];
}

/** The directories, too: a file that appears in one is a ceiling. */
function listCeilingPlaces(env: PolicySources['context']['env'], cwd: string): readonly string[] {
  const { platform } = process;
  const named = findCeilings({ env, cwd, platform }).map(({ path }) => path);
  return [...systemDirectories(platform, env.ProgramData), ...named];
}
