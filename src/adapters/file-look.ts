// Whether files are others than before: a cheap look at their inodes, times and sizes, then their bytes. Follows links, as whoever
// reads them does; knows no format. TRUST: what the files say is judged by whoever reads them; this only says when to read again.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { codeOf } from './state-paths.ts';

const { O_NONBLOCK = 0, O_RDONLY } = fs.constants;
/** What is larger is no file of ours: it counts as changed whenever its inode says so. */
const MOST_BYTES = 67_108_864;

/** Equal where nothing was written, replaced, linked elsewhere, made or removed in between. Never throws. */
export function signFiles(paths: readonly string[]): string {
  return paths.map(signFile).join('\n');
}

function signFile(path: string): string {
  try {
    const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
    // the time of the inode cannot be set back, unlike that of the content
    if (stat === undefined) return 'none';
    // moved behind a link, it is the same file, and a config that the machine knows by its real path is another one
    const real = fs.realpathSync.native(path);
    return `${stat.dev}:${stat.ino}:${stat.mtimeNs}:${stat.ctimeNs}:${stat.size}:${real}`;
  } catch (error) {
    return String(codeOf(error));
  }
}

/** Its owner, who may do what with it, and where its name leads; a word that is none of it where that cannot be had. Never throws. */
export function modeOfFile(path: string): string {
  try {
    const stat = fs.statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return 'none';
    return `${stat.uid}:${stat.gid}:${stat.mode.toString(8)}:${fs.realpathSync.native(path)}`;
  } catch (error) {
    return String(codeOf(error));
  }
}

/** SHA-256 of the bytes, hex; a word that is no digest where they cannot be had. Never throws. */
export function digestFile(path: string): string {
  let fd: number | undefined;
  try {
    // a FIFO in its place must not hold the guard up
    fd = fs.openSync(path, O_RDONLY | O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile() || stat.size > MOST_BYTES) return 'unreadable';
    return crypto.createHash('sha256').update(fs.readFileSync(fd)).digest('hex');
  } catch (error) {
    return codeOf(error) ?? 'unreadable';
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}
