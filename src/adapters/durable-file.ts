// Replaces a small file so that a reader, or a machine that lost power, sees the old text or the new one, never a part.
// openat(tmp, O_EXCL) · write · fsync(tmp) · link(old → bak) · rename(tmp → file) · fsync(directory). Knows no format.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { quoteWord } from '../config/shell-word.ts';
import { codeOf } from './state-paths.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_WRONLY } = fs.constants;

/**
 * Durable once it returns. @param old `keep`: the text that was there before stays beside it as `<path>.bak`; `drop`: it was
 * worth nothing, and the backup stays what it was. @param sync false: whole after any death of any process, but a machine that
 * loses power may lose it, or leave it empty. @param atCommit the last moment to throw: then everything is as it was. Throws the
 * file system's error.
 */
export function replaceFile(
  path: string,
  text: string,
  old: 'keep' | 'drop',
  sync = true,
  atCommit = (): void => {},
): void {
  const draft = draftName(path);
  const bytes = Buffer.from(text);
  try {
    const fd = fs.openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      writeAll(fd, bytes);
      if (sync) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    atCommit();
    if (old === 'keep') keepBackup(path);
    fs.renameSync(draft, path);
  } catch (error) {
    fs.rmSync(draft, { force: true });
    throw error;
  }
  if (sync) syncDirectory(dirname(path));
}

/**
 * Makes durable what `replaceFile` wrote without `sync`, while the process goes on. Between the two a loss of power may leave
 * the file empty. @throws the file system's error
 */
export async function syncReplaced(path: string): Promise<void> {
  for (const one of process.platform === 'win32' ? [path] : [path, dirname(path)]) {
    const handle = await fs.promises.open(one, O_RDONLY | O_NOFOLLOW);
    try {
      await handle.sync();
    } catch (error) {
      // some file systems do not sync directories; the rename is atomic all the same
      if (codeOf(error) !== 'EINVAL') throw error;
    } finally {
      await handle.close();
    }
  }
}

/** A file that is there and must not be believed. `message` says why, `mend` what a person can do about it. */
export class UnfitFileError extends Error {
  override readonly name = 'UnfitFileError';
  readonly mend: string;

  constructor(message: string, mend: string) {
    super(message);
    this.mend = mend;
  }
}

/** Drafts of writers that were killed. Only for the one who holds the lock over `path`: then no draft has a writer. */
export function removeDrafts(path: string): void {
  const prefix = `${basename(path)}.draft-`;
  for (const name of fs.readdirSync(dirname(path))) {
    if (name.startsWith(prefix)) fs.rmSync(join(dirname(path), name), { force: true });
  }
}

/**
 * The bytes of a private file; undefined where there is none. A link, a FIFO, another user's file or one that is larger
 * than `maxBytes` throws. @throws UnfitFileError, or the file system's error
 */
export function readPrivateFile(path: string, maxBytes: number): Buffer | undefined {
  let fd: number;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw new UnfitFileError('it is no regular file', 'move it away');
    if (stat.size > maxBytes) throw new UnfitFileError(`it is larger than ${maxBytes} bytes`, 'move it away');
    if (process.getuid !== undefined && stat.uid !== process.getuid())
      throw new UnfitFileError('it belongs to another user', 'give it to this user, or move it away');
    if (process.getuid !== undefined && (stat.mode & 0o022) !== 0)
      throw new UnfitFileError(
        'others can write it',
        `look at what it says, then run \`chmod go-w ${quoteWord(path)}\``,
      );
    return fs.readFileSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function draftName(path: string): string {
  return `${path}.draft-${process.pid}-${randomBytes(6).toString('hex')}`;
}

/** A full disk takes less than it was given, without an error. */
function writeAll(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) {
    const taken = fs.writeSync(fd, bytes, written);
    if (taken === 0) throw new Error('the disk took nothing');
    written += taken;
  }
}

/** A second name for the old text: atomic, and nothing is copied. */
function keepBackup(path: string): void {
  const link = draftName(path);
  try {
    fs.linkSync(path, link);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  fs.renameSync(link, `${path}.bak`);
  // rename(2) leaves both names where they are one file already, as after a replacement that failed half-way
  fs.rmSync(link, { force: true });
}

function syncDirectory(path: string): void {
  // Windows opens no directory
  if (process.platform === 'win32') return;
  const fd = fs.openSync(path, O_RDONLY);
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    // some file systems do not sync directories; the rename is atomic all the same
    if (codeOf(error) !== 'EINVAL') throw error;
  } finally {
    fs.closeSync(fd);
  }
}
