// The open file of the limits: one step over it under the lock, with the time that holds in it. A file that cannot be trusted is
// copied aside and begun anew in place, so that every guard that has it open goes on with the same one. Knows no charge.
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Shelf, StoreTime } from '../policy/limits/counts.ts';
import type { Moment } from '../ports/breaker-store.ts';
import { readTime } from './limit-clock.ts';
import {
  bootWord,
  HEADER_LENGTH,
  type Header,
  type LockKind,
  makeSalt,
  readHeader,
  writeHeader,
} from './limit-header.ts';
import { DamagedTable, FILE_BYTES, LimitTable } from './limit-table.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDWR } = fs.constants;
/** How often it is looked whether the path still leads to the file that is open. */
const LOOK_EVERY_MS = 1_000;

export interface LimitFileOptions {
  /** Private, and there. */
  readonly directory: string;
  readonly lock: LockKind;
  /** The system's time, now. */
  readonly moment: () => Moment;
  /** What is said once: a damaged file. */
  readonly say: (text: string) => void;
}

export class LimitFile {
  readonly #options: LimitFileOptions;
  readonly #path: string;
  readonly #page = Buffer.alloc(HEADER_LENGTH);
  #fd: number | undefined;
  #table: LimitTable | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #boot: { readonly id: string; readonly word: string } | undefined;

  constructor(options: LimitFileOptions) {
    this.#options = options;
    this.#path = join(options.directory, 'counts');
  }

  /** The file that is to be locked before `step`. @throws the file system's error */
  open(): number {
    const nowMs = this.#options.moment().monoMs;
    if (this.#fd !== undefined && nowMs - this.#lookedMs < LOOK_EVERY_MS) return this.#fd;
    // INVARIANT: only a look puts off the next one: calls that come closer together than looks do not.
    this.#lookedMs = nowMs;
    if (this.#fd !== undefined && !this.#isStillThere(this.#fd)) {
      this.close();
      this.#options.say(
        `\`${this.#path}\` was removed or replaced while it was in use: every limit counts from what is there now`,
      );
    }
    this.#fd ??= this.#openOrMake();
    return this.#fd;
  }

  /**
   * Runs `action` over the records; what it puts is written when it returns. INVARIANT: the caller holds the lock, and `fd` is what
   * `open` gave before it was taken. @throws FullTable, the file system's error
   */
  step<T>(fd: number, action: (shelf: Shelf, now: StoreTime, table: LimitTable) => T): T {
    try {
      return this.#run(fd, action);
    } catch (error) {
      if (!(error instanceof DamagedTable)) throw error;
      this.#setAside(fd, error.message);
      return this.#run(fd, action);
    }
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
    this.#table = undefined;
  }

  #run<T>(fd: number, action: (shelf: Shelf, now: StoreTime, table: LimitTable) => T): T {
    const { base, lock, salt } = this.#headerOf(fd);
    const moment = this.#options.moment();
    const time = readTime(base, { ...moment, bootId: this.#wordOf(moment.bootId) });
    if (time.base !== base) writeHeader(fd, { base: time.base, lock, salt });
    const now: StoreTime = { us: time.us, wallMs: moment.wallMs };
    this.#table ??= new LimitTable(fd);
    const shelf = this.#table.open(now, salt);
    const result = action(shelf, now, this.#table);
    shelf.flush();
    return result;
  }

  #headerOf(fd: number): Header {
    const { lock } = this.#options;
    const header = readHeader(fd, this.#page);
    if (header.kind === 'newer') throw new Error(`\`${this.#path}\` was written by a newer version of mcp-guard`);
    // INVARIANT: a file that is empty was emptied: it comes into being whole.
    if (header.kind === 'damaged') throw new DamagedTable('it is no limits file');
    // INVARIANT: one kind of lock for all: two kinds exclude nobody.
    if (header.lock !== lock)
      throw new Error(
        `\`${this.#path}\` is locked by ${header.lock === 'kernel' ? 'the kernel' : 'a lock file'} by other guards, which this installation ${header.lock === 'kernel' ? 'cannot do' : 'does not do'}: use the same build for all, or remove that file while none runs`,
      );
    return header;
  }

  /** An empty table, and its time. @throws the file system's error */
  #begin(fd: number): void {
    const moment = this.#options.moment();
    const { base } = readTime(undefined, { ...moment, bootId: this.#wordOf(moment.bootId) });
    fs.ftruncateSync(fd, 0);
    fs.ftruncateSync(fd, FILE_BYTES);
    writeHeader(fd, { base, lock: this.#options.lock, salt: makeSalt() });
  }

  #openOrMake(): number {
    const there = openPrivate(this.#path);
    if (there !== undefined) return there;
    const draft = `${this.#path}.${makeSalt()}.new`;
    const fd = fs.openSync(draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      this.#begin(fd);
      linkNew(draft, this.#path);
    } finally {
      fs.closeSync(fd);
      fs.unlinkSync(draft);
    }
    const made = openPrivate(this.#path);
    if (made === undefined) throw new Error(`\`${this.#path}\` does not stay where it is put`);
    return made;
  }

  #wordOf(id: string): string {
    if (this.#boot?.id !== id) this.#boot = { id, word: bootWord(id) };
    return this.#boot.word;
  }

  /** Every count begins anew, which admits more than was allowed: so it is said. */
  #setAside(fd: number, why: string): void {
    const aside = `${this.#path}.damaged`;
    try {
      fs.copyFileSync(this.#path, aside);
    } finally {
      this.#begin(fd);
    }
    this.#options.say(
      `\`${this.#path}\` is damaged (${why}): every limit counts from the beginning; what was there is in \`${aside}\``,
    );
  }

  #isStillThere(fd: number): boolean {
    const there = fs.statSync(this.#path, { throwIfNoEntry: false });
    const open = fs.fstatSync(fd);
    return there !== undefined && there.ino === open.ino && there.dev === open.dev;
  }
}

/** Undefined: there is none. */
function openPrivate(path: string): number | undefined {
  let fd: number;
  try {
    fd = fs.openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const stat = fs.fstatSync(fd);
  const uid = process.getuid?.();
  if (stat.isFile() && (uid === undefined || (stat.uid === uid && (stat.mode & 0o077) === 0))) return fd;
  fs.closeSync(fd);
  throw new Error(`\`${path}\` is no private file of this user: move it away`);
}

/** Where another guard was first, its file is the one. */
function linkNew(draft: string, path: string): void {
  try {
    fs.linkSync(draft, path);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
