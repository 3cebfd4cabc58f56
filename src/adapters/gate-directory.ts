// A directory for the sockets of one gate to the network, and its end. INVARIANT: it lies in a directory of the guard's own, so nobody can
// put another in its place; what lies in it is the server's user's, and is taken away name by name, never followed.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './state-paths.ts';
import type { ServerUser } from './tenant-places.ts';

/**
 * Makes one, and takes away those of guards that were killed.
 *
 * @param parent the guard's own, absolute @param user undefined: the guard's own @param pid the guard's
 */
export function makeGateDirectory(parent: string, user: ServerUser | undefined, pid = process.pid): string {
  for (const name of fs.readdirSync(parent)) {
    const [owner = ''] = name.split('-');
    if (/^[1-9]\d*$/.test(owner) && !isAlive(Number(owner))) removeGateDirectory(join(parent, name));
  }
  const path = fs.mkdtempSync(join(parent, `${pid}-`));
  if (user !== undefined) fs.lchownSync(path, user.uid, user.gid);
  return path;
}

/** As far as it can be taken away: what is left is taken away by the next start. */
export function removeGateDirectory(path: string): void {
  try {
    for (const name of fs.readdirSync(path)) fs.unlinkSync(join(path, name));
    fs.rmdirSync(path);
  } catch {
    // It is gone, or somebody has put a directory into it.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}
