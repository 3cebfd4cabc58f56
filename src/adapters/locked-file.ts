// Mutual exclusion between processes over one path, by a lock file beside it. Knows nothing of what is protected.
//
// The lock is a file made with O_EXCL (through link(2), so it is never seen empty) that names its holder. Only two may
// remove it: its holder, and a breaker that holds the lock *of the lock* (`<lock>.b`, taken in the same way) and has seen,
// while holding it, that the holder is dead. INVARIANT: so a live lock is never removed by anybody but its holder, which
// the usual "stale, so unlink, so create" does not give: between the first two steps a third process may have locked.
// A holder that cannot be judged (other machine, other pid namespace) is never broken: the wait ends with an error.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { GuardError } from '../guard-error.ts';
import { judgeLiveness, readIdentity, readOwnIdentity } from './process-identity.ts';
import { codeOf } from './state-paths.ts';

export interface LockOptions {
  /** How long to wait for a live holder. */
  readonly timeoutMs: number;
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
 * milliseconds. @throws GuardError `state_locked` after `timeoutMs`, or what `action` throws
 */
export async function withFileLock<T>(path: string, options: LockOptions, action: () => T): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (let round = 0; ; round += 1) {
    const held = tryLock(path, 0);
    if (held !== undefined) {
      try {
        return action();
      } finally {
        unlock(held);
      }
    }
    if (performance.now() >= deadline) throw lockedError(path, options.timeoutMs);
    await delay(1 + Math.random() * Math.min(20, 2 + round));
  }
}

/** One attempt, breaking a dead holder's lock where there is one; undefined where somebody else has it. */
function tryLock(path: string, depth: number): HeldLock | undefined {
  const taken = takeLock(path);
  if (taken !== undefined || depth >= DEEPEST || !isAbandoned(path)) return taken;
  const breaking = tryLock(`${path}.b`, depth + 1);
  if (breaking === undefined) return undefined;
  try {
    // looked at again: the lock that was abandoned may have been broken, and taken, since
    if (isAbandoned(path)) removeFile(path);
    return takeLock(path);
  } finally {
    unlock(breaking);
  }
}

function takeLock(path: string): HeldLock | undefined {
  const nonce = randomBytes(8).toString('hex');
  const text = `${JSON.stringify({ ...readOwnIdentity(), host: hostname(), nonce })}\n`;
  const draft = `${path}.${process.pid}-${nonce}`;
  try {
    fs.writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
    fs.linkSync(draft, path);
    return { path, text };
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  } finally {
    removeFile(draft);
  }
}

/** True only where the holder is known to be dead. */
function isAbandoned(path: string): boolean {
  const text = readLock(path);
  if (text === undefined) return false;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return false;
  }
  const holder = readIdentity(content);
  if (holder === undefined || typeof content !== 'object' || content === null) return false;
  // another boot id is an earlier boot of this machine only if it is this machine
  if (!('host' in content) || content.host !== hostname()) return false;
  return judgeLiveness(holder) === 'dead';
}

function unlock(held: HeldLock): void {
  if (readLock(held.path) === held.text) removeFile(held.path);
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
