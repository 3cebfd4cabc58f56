// Removes a directory with everything in it while somebody else may still write there. Every step goes by descriptors of directories that were
// opened without following a link, so that a link put in the place of one leads nowhere. Knows no tenant. On systems without /proc: by names.
import * as fs from 'node:fs';
import { codeOf } from './state-paths.ts';

const { O_DIRECTORY = 0, O_NOFOLLOW = 0 } = fs.constants;
/** Linux: a descriptor that needs no right to read; Node has no name for it. */
const O_PATH = 0o10000000;
const DESCRIPTORS = '/proc/self/fd';
/** What lies deeper is moved up first: neither descriptors nor the stack run out. */
const DEEPEST = 32;
/** Each round takes away all that was there: more are needed only for what is very deep, or while somebody still writes. */
const ROUNDS = 4_096;
/** In a row without anything to move up: somebody writes faster than this removes. */
const VAIN_ROUNDS = 64;

type Path = string | Buffer;

/** The directory that everything is in. */
interface Top {
  fd: number;
  moved: number;
}

/**
 * INVARIANT: nothing outside of `path` is removed or changed, whatever is done inside of it meanwhile. TRUST: nobody else writes in the
 * directory that `path` stands in.
 *
 * @throws the error of the file system; an error where somebody goes on writing
 */
export function removeTree(path: string): void {
  if (!fs.existsSync(DESCRIPTORS)) {
    fs.rmSync(path, { recursive: true, force: true });
    return;
  }
  removeEntry(path, 0, undefined);
}

function removeEntry(path: Path, depth: number, top: Top | undefined): void {
  const own: Top = top ?? { fd: -1, moved: 0 };
  for (let round = 0, vain = 0; round < ROUNDS && vain < VAIN_ROUNDS; round += 1) {
    if (isGone(() => fs.unlinkSync(path), ['EISDIR', 'EPERM'])) return;
    const fd = openDirectory(path);
    // it is none any more: unlinked in the next round
    if (fd === undefined) {
      vain += 1;
      continue;
    }
    try {
      if (top !== undefined && depth >= DEEPEST) {
        if (isGone(() => fs.renameSync(path, below(top.fd, Buffer.from(`.moved-${top.moved}`))), [])) {
          top.moved += 1;
          return;
        }
      }
      if (top === undefined) own.fd = fd;
      const before = own.moved;
      for (const name of fs.readdirSync(`${DESCRIPTORS}/${fd}`, 'buffer')) removeEntry(below(fd, name), depth + 1, own);
      vain = own.moved === before ? vain + 1 : 0;
    } finally {
      fs.closeSync(fd);
    }
    if (isGone(() => fs.rmdirSync(path), ['ENOTEMPTY', 'ENOTDIR', 'EEXIST'])) return;
  }
  // a name inside is not shown: it is whoever writes there who chooses it
  const what = typeof path === 'string' ? `\`${path}\`` : 'a directory inside';
  throw new Error(`${what} is written to while it is removed: end what runs there, and give the order again`);
}

/** Undefined for what is no directory, and for a link. Its owner can read and change it afterwards. */
function openDirectory(path: Path): number | undefined {
  let fd: number;
  try {
    fd = fs.openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    if ((fs.fstatSync(fd).mode & 0o700) !== 0o700) fs.chmodSync(`${DESCRIPTORS}/${fd}`, 0o700);
    return fd;
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/** `name` in the very directory that is open, wherever that is called now. A name is bytes: it need not be text. */
function below(fd: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${DESCRIPTORS}/${fd}/`), name]);
}

/** False for an error of `others`. What is not there is gone, too. */
function isGone(remove: () => void, others: readonly string[]): boolean {
  try {
    remove();
    return true;
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (code === 'ENOENT') return true;
    if (others.includes(code)) return false;
    throw error;
  }
}
