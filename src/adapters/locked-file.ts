// Mutual exclusion between processes over one path, by a lock file beside it. Knows nothing of what is protected.
//
// The lock is a file made with O_EXCL (through link(2), so it is never seen empty) that names its holder. Only two may
// remove it: its holder, and a breaker that holds the lock *of the lock* (`<lock>.b`, taken in the same way) and has seen,
// while holding it, that the holder is dead. INVARIANT: so a live lock is never removed by anybody but its holder, which
// the usual "stale, so unlink, so create" does not give: between the first two steps a third process may have locked.
// A holder that cannot be judged (other machine, other pid namespace, a container that is gone) is broken only where the caller
// says after how long (`unknown`): a lock is held for milliseconds, and such a caller asks before it commits whether it still is.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { GuardError } from '../guard-error.ts';
import { judgeLiveness, type Liveness, readIdentity, readOwnIdentity } from './process-identity.ts';
import { codeOf } from './state-paths.ts';

export interface LockOptions {
  /** How long to wait for a live holder. */
  readonly timeoutMs: number;
  /**
   * Absent: a holder that cannot be judged is waited for like a live one. Else its lock is broken once it is older than
   * `olderThanMs` by the clock of its file system, and this caller has looked at it for `seenForMs`, so that no step of that clock
   * does it. INVARIANT: only for an `action` that asks `isHeld` right before it commits.
   */
  readonly unknown?: { readonly olderThanMs: number; readonly seenForMs: number };
}

/** What one caller has seen while it waits. */
interface Watch {
  readonly unknown: LockOptions['unknown'];
  /** By path: a lock, and since when (monotonic ms) it has been the same one. */
  readonly seen: Map<string, { readonly text: string; readonly sinceMs: number }>;
  /** The file system's clock at the last attempt, ms since the epoch. */
  fileNowMs: number;
}

interface HeldLock {
  readonly path: string;
  /** The exact text of the lock file: names this process and this taking of the lock. */
  readonly text: string;
}

const DEEPEST = 3;
const MAX_LOCK_BYTES = 4096;

/**
 * Runs `action` while no other process (and no other caller of this one) runs one under the same `path`. `path` is the
 * lock file itself; its directory must exist and be private. `action` is synchronous, so that a lock is held for
 * milliseconds; it is told whether the lock is still its own. @throws GuardError `state_locked` after `timeoutMs`, or what
 * `action` throws
 */
export async function withFileLock<T>(
  path: string,
  options: LockOptions,
  action: (isHeld: () => boolean) => T,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  const watch: Watch = { unknown: options.unknown, seen: new Map(), fileNowMs: Number.NEGATIVE_INFINITY };
  for (let round = 0; ; round += 1) {
    const held = tryLock(path, 0, watch);
    if (held !== undefined) {
      try {
        return action(() => isStillOwn(held));
      } finally {
        unlock(held);
      }
    }
    if (performance.now() >= deadline) throw lockedError(path, options.timeoutMs);
    await delay(1 + Math.random() * Math.min(20, 2 + round));
  }
}

/** One attempt, breaking a dead holder's lock where there is one; undefined where somebody else has it. */
function tryLock(path: string, depth: number, watch: Watch): HeldLock | undefined {
  const taken = takeLock(path, watch);
  if (taken !== undefined || depth >= DEEPEST || !isAbandoned(path, watch)) return taken;
  const breaking = tryLock(`${path}.b`, depth + 1, watch);
  if (breaking === undefined) return undefined;
  try {
    // looked at again: the lock that was abandoned may have been broken, and taken, since
    if (isAbandoned(path, watch)) removeFile(path);
    return takeLock(path, watch);
  } finally {
    unlock(breaking);
  }
}

function takeLock(path: string, watch: Watch): HeldLock | undefined {
  const nonce = randomBytes(8).toString('hex');
  const text = `${JSON.stringify({ ...readOwnIdentity(), host: hostname(), nonce })}\n`;
  const draft = `${path}.${process.pid}-${nonce}`;
  try {
    fs.writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
    if (watch.unknown !== undefined) watch.fileNowMs = fs.lstatSync(draft).mtimeMs;
    fs.linkSync(draft, path);
    return { path, text };
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  } finally {
    removeFile(draft);
  }
}

/** True where the holder is known to be dead, or where nobody can know and the caller has waited for long enough. */
function isAbandoned(path: string, watch: Watch): boolean {
  const text = readLock(path);
  if (text === undefined) return false;
  const liveness = judgeHolder(text);
  return liveness === 'unknown' ? isOutlived(path, text, watch) : liveness === 'dead';
}

function judgeHolder(text: string): Liveness {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return 'unknown';
  }
  const holder = readIdentity(content);
  if (holder === undefined || typeof content !== 'object' || content === null) return 'unknown';
  // another boot id is an earlier boot of this machine only if it is this machine
  if (!('host' in content) || content.host !== hostname()) return 'unknown';
  return judgeLiveness(holder);
}

function isOutlived(path: string, text: string, { unknown, seen, fileNowMs }: Watch): boolean {
  if (unknown === undefined) return false;
  const nowMs = performance.now();
  const first = seen.get(path);
  if (first?.text !== text) {
    seen.set(path, { text, sinceMs: nowMs });
    return false;
  }
  if (nowMs - first.sinceMs < unknown.seenForMs) return false;
  const heldSinceMs = fs.lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
  return fileNowMs - heldSinceMs >= unknown.olderThanMs;
}

function unlock(held: HeldLock): void {
  if (isStillOwn(held)) removeFile(held.path);
}

function isStillOwn({ path, text }: HeldLock): boolean {
  return readLock(path) === text;
}

function readLock(path: string): string | undefined {
  try {
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || stat.size > MAX_LOCK_BYTES) return undefined;
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function removeFile(path: string): void {
  fs.rmSync(path, { force: true });
}

function lockedError(path: string, timeoutMs: number): GuardError {
  const holder = readLock(path)?.trim();
  const who = holder === undefined ? 'somebody' : holder;
  return new GuardError('state_locked', `\`${path}\` was held for more than ${timeoutMs} ms by ${who}`, {
    hint: 'wait for that process; if it no longer exists on any machine, remove the lock file',
  });
}
