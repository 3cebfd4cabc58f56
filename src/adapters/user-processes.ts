// Ends every process of one user of the system. Knows no tenant: whoever calls has made sure whose the user is, and that nobody else is it.
// Linux, since it reads /proc; elsewhere it finds nobody.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolveCommand } from './command-path.ts';
import { closeInherited } from './inherited-descriptors.ts';
import { signalProcess } from './process-sweep.ts';
import { keyringPrefix } from './session-keyring.ts';
import type { Timers } from './shutdown-ladder.ts';
import { userPrefix } from './start-prefix.ts';

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** The system's own directories. */
const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
/** Looks in a row that find nobody: what forks while it is looked for is missed by one. */
const QUIET_LOOKS = 3;
const PAUSE_MS = 5;
/** About a second. What lives then is stuck in the kernel, or starts others faster than it is killed. */
const MOST_LOOKS = 200;
const KILLER_MS = 2_000;

/**
 * As that user: so the kernel itself holds it to that user's processes, and lets no fork slip between.
 * INVARIANT: whoever has not become that user kills nobody.
 * INVARIANT: it has nothing of the host's, no descriptor and no keyring: what it is to end can stop it and reach into it.
 */
const KILLER = '[ "$1" -gt 0 ] && [ "$(id -ru)" = "$1" ] && [ "$(id -u)" = "$1" ] && kill -s KILL -- -1';

/**
 * @returns how many were found. INVARIANT: none of root's, and none that is another user in any respect.
 * @throws Error where some live on
 */
export async function endProcessesOf({ uid, gid }: SystemUser, timers: Timers): Promise<number> {
  if (!(uid > 0) || uid === process.getuid?.()) throw new Error(`processes of user ${uid} are not ended`);
  const seen = new Set<number>();
  for (let look = 0, quiet = 0; look < MOST_LOOKS; look += 1) {
    const found = listProcessesOf(uid);
    quiet = found.length === 0 ? quiet + 1 : 0;
    if (quiet >= QUIET_LOOKS) return seen.size;
    for (const pid of found) seen.add(pid);
    if (found.length > 0) kill({ uid, gid });
    await new Promise<void>((wake) => timers.after(PAUSE_MS, wake));
  }
  throw new Error(`${listProcessesOf(uid).length} processes of user ${uid} go on`);
}

function kill(user: SystemUser): void {
  closeInherited();
  const [program, ...args] = killerWords(user);
  if (program !== undefined)
    spawnSync(program, args, {
      ...{ cwd: '/', env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore' },
      ...{ timeout: KILLER_MS, killSignal: 'SIGKILL' },
    });
  // one of them may have killed the killer first
  for (const pid of listProcessesOf(user.uid)) if (isOf(pid, user.uid)) signalProcess(pid, 'SIGKILL');
}

/** Empty where nothing on this machine makes another user of it: then each is ended by itself. */
export function killerWords(user: SystemUser): readonly string[] {
  const setpriv = resolveCommand('setpriv', SYSTEM_PATH, '/');
  if (!setpriv.found) return [];
  const asUser = [...keyringPrefix(), ...userPrefix(setpriv.path, user)];
  return [...asUser, '/bin/sh', '-c', KILLER, 'mcp-guard-killer', String(user.uid)];
}

export function listProcessesOf(uid: number): readonly number[] {
  return listPids()
    .map(Number)
    .filter((pid) => isOf(pid, uid));
}

/** In every respect, and alive: of one whose first thread has ended others may run. Source: proc_pid_status(5). */
function isOf(pid: number, uid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const users = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/) ?? [];
    if (users.length === 0 || users.some((one) => Number(one) !== uid)) return false;
    return !/^State:\s+[ZX]/m.test(status) || readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false; // it has ended
  }
}

function listPids(): readonly string[] {
  try {
    return readdirSync('/proc').filter((name) => /^[1-9][0-9]*$/.test(name));
  } catch {
    return [];
  }
}
