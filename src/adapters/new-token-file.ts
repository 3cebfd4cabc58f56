// A file that holds one token and that only this user can read. Knows no format; a byte of the text is in no error.
import * as fs from 'node:fs';
import { GuardError } from '../guard-error.ts';
import { replaceFile } from './durable-file.ts';
import { codeOf } from './state-paths.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_WRONLY } = fs.constants;
/** More than any token has: what is longer is another file. */
const LOOKED_AT = 1_024;

/** Whether nothing stands at `path`, or a file (no link) with nothing in it but the text for which `isToken`. */
export function mayReplaceFile(path: string, isToken: (text: string) => boolean): boolean {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fs.fstatSync(fd).isFile()) return false;
    const buffer = Buffer.alloc(LOOKED_AT);
    const length = fs.readSync(fd, buffer, 0, LOOKED_AT, 0);
    return length < LOOKED_AT && isToken(buffer.toString('latin1', 0, length).replace(/\r?\n$/, ''));
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Whether nothing stands at `path`, not even a link that leads nowhere. */
export function isFreePath(path: string): boolean {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    // what is in the way is said by who writes
    return true;
  }
}

const WHYS: Readonly<Record<string, string>> = {
  EEXIST: 'something stands there already',
  ENOENT: 'its directory does not exist',
  ENOTDIR: 'its directory is none',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'nobody can write there',
  ENOSPC: 'the disk is full',
};

/** `new`: there must be none yet. `replace`: the new text or the old one stands there, never a part. @throws GuardError state_unusable */
export function writeTokenFile(path: string, text: string, how: 'new' | 'replace'): void {
  try {
    if (how === 'replace') {
      replaceFile(path, text, 'drop');
      return;
    }
    const fd = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      fs.writeFileSync(fd, text);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    const code = codeOf(error) ?? 'it failed';
    throw new GuardError('state_unusable', `cannot write the token to \`${path}\`: ${WHYS[code] ?? code}`, {
      hint: 'name a new file in a directory that you may write to',
    });
  }
}
