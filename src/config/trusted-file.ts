// Reads a small file that only its owner can have written (and, for a secret, read). Knows nothing of what is in it.
// TRUST: what is returned was written by this user or by root. Another process of the same user may still have done it.
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { walkKeptPath } from './kept-path.ts';

export type TrustedRead =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'untrusted'; readonly why: string; readonly mend: string };

export interface TrustedReadOptions {
  /** The user who may own it, beside root; undefined where the platform has no users (then nothing is checked). */
  readonly uid: number | undefined;
  readonly maxBytes: number;
  /** Refuse a file that others can read, too, and one that another could be put in place of: by whom it is asked for, decides who gets it. */
  readonly secret: boolean;
  /** Where servers write, absolute: of a secret. */
  readonly writable?: readonly string[] | undefined;
}

const MAX_LINKS = 16;

/**
 * Everything is checked on the open descriptor that is then read, so nothing can be swapped in between. A symlink is
 * followed if it, too, belongs to this user or root. A FIFO or device never blocks the open.
 */
export function readTrustedFile(path: string, options: TrustedReadOptions): TrustedRead {
  let fd: number | undefined;
  try {
    const foreign = findForeignLink(path, options.uid);
    if (foreign !== undefined) return foreign;
    const kept = options.secret ? walkSecret(path, options) : path;
    if (typeof kept !== 'string') return kept;
    fd = openSync(kept, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
    const stat = fstatSync(fd);
    if (!stat.isFile()) return { kind: 'unreadable', why: 'it is no regular file' };
    if (options.uid !== undefined) {
      if (stat.uid !== options.uid && stat.uid !== 0)
        return untrusted(`it belongs to user ${stat.uid}`, `chown it to user ${options.uid}`);
      if ((stat.mode & 0o022) !== 0) return untrusted('its group or everybody can write it', 'run `chmod go-w` on it');
      if (options.secret && (stat.mode & 0o044) !== 0)
        return untrusted('its group or everybody can read it', 'run `chmod 600` on it');
    }
    return readAll(fd, Math.min(stat.size, options.maxBytes), options.maxBytes);
  } catch (error) {
    // only errors of the file system calls above come here; they carry a code
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    return { kind: 'unreadable', why: code };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The file itself, behind all links. @throws an error of the file system */
function walkSecret(path: string, { uid, writable = [] }: TrustedReadOptions): string | TrustedRead {
  const walked = walkKeptPath(resolve(path), { uid, writable });
  if (walked.kind === 'kept') return walked.real;
  return untrusted(
    `another file could be put in its place: ${walked.why}`,
    'keep it where only root and this user can write, in every directory above',
  );
}

function untrusted(why: string, mend: string): TrustedRead {
  return { kind: 'untrusted', why, mend };
}

/** Who can replace a link decides what is read: each link of the chain must be ours or root's. */
function findForeignLink(path: string, uid: number | undefined): TrustedRead | undefined {
  if (uid === undefined) return undefined;
  let at = path;
  for (let hops = 0; hops < MAX_LINKS; hops += 1) {
    const stat = lstatSync(at);
    if (!stat.isSymbolicLink()) return undefined;
    if (stat.uid !== uid && stat.uid !== 0) {
      return untrusted(`the link \`${at}\` belongs to user ${stat.uid}`, 'name the file itself');
    }
    at = resolve(dirname(at), readlinkSync(at));
  }
  return { kind: 'unreadable', why: 'it is a chain of too many links' };
}

/**
 * One byte more than expected is asked for: a file that grew meanwhile is read on, and refused where it is more than allowed.
 * The memory is that of the file: what is allowed may be many times of it.
 */
function readAll(fd: number, expected: number, maxBytes: number): TrustedRead {
  let buffer = Buffer.allocUnsafe(expected + 1);
  let length = 0;
  while (length <= maxBytes) {
    const count = readSync(fd, buffer, length, buffer.length - length, null);
    if (count === 0) return { kind: 'read', bytes: buffer.subarray(0, length) };
    length += count;
    if (length === buffer.length && length <= maxBytes) {
      const grown = Buffer.allocUnsafe(Math.min(2 * length, maxBytes) + 1);
      buffer.copy(grown);
      buffer = grown;
    }
  }
  return { kind: 'unreadable', why: `it is larger than ${maxBytes} bytes` };
}
