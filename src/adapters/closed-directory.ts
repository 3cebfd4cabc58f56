// Which directory on the way to a place is closed to a user that has one group and no capability, by owner and mode. Only looks; an access
// list may say otherwise: whoever needs to be sure tries it.
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { ServerUser } from './tenant-places.ts';

/** As root looks: the topmost that is closed; undefined where none is. Links are resolved. @throws the error of the file system */
export function findClosed(path: string, user: ServerUser): string | undefined {
  const way: string[] = [];
  for (let at = fs.realpathSync(path); way[0] !== at; at = dirname(at)) way.unshift(at);
  return way.find((directory) => !isOpen(fs.statSync(directory), user));
}

function isOpen({ mode, uid, gid }: fs.Stats, user: ServerUser): boolean {
  if (uid === user.uid) return (mode & 0o100) !== 0;
  return (mode & (gid === user.gid ? 0o010 : 0o001)) !== 0;
}
