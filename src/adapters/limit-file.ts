// The open file of the limits: one step over it under the lock, with the time that holds in it. A file that cannot be trusted is
// copied aside and begun anew in place, so that every guard that has it open goes on with the same one. Knows no charge.
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Shelf, StoreTime } from '../policy/limits/counts.ts';
import type { Moment } from '../ports/breaker-store.ts';
import { readTime } from './limit-clock.ts';
import { FrontPage } from './limit-front.ts';
import { bootWord, type Header, type LockKind, makeSalt } from './limit-header.ts';
import { LimitShelf } from './limit-shelf.ts';
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
  /** That every count was lost: a file that is damaged, or was taken away. */
  readonly say: (text: string) => void;
}

export class LimitFile {
  readonly #options: LimitFileOptions;
  readonly #path: string;
  #fd: number | undefined;
  /** Of the file that is open. */
  #parts: { readonly front: FrontPage; readonly table: LimitTable } | undefined;
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
    this.#parts = undefined;
  }

  #run<T>(fd: number, action: (shelf: Shelf, now: StoreTime, table: LimitTable) => T): T {
    const { front, table } = this.#partsOf(fd);
    const header = this.#headerOf(front);
    const moment = this.#options.moment();
    const time = readTime(header.base, { ...moment, bootId: this.#wordOf(moment.bootId) });
    if (time.base !== header.base) front.setHeader({ ...header, base: time.base });
    const now: StoreTime = { us: time.us, wallMs: moment.wallMs };
    front.setNow(time.us);
    table.begin(now, header.salt);
    const shelf = new LimitShelf(front, table);
    const result = action(shelf, now, table);
    shelf.flush();
    return result;
  }

  #partsOf(fd: number): { readonly front: FrontPage; readonly table: LimitTable } {
    if (this.#parts === undefined) {
      const front = new FrontPage(fd);
      this.#parts = { front, table: new LimitTable(fd, (at) => front.keepsPlace(at)) };
    }
    return this.#parts;
  }

  #headerOf(front: FrontPage): Header {
    const { lock } = this.#options;
    const reading = front.load();
    if (reading.kind === 'newer') throw new Error(`\`${this.#path}\` was written by a newer version of mcp-guard`);
    if (reading.kind === 'older') throw new DamagedTable('an older version of mcp-guard has written it');
    // INVARIANT: a file that is empty was emptied: it comes into being whole.
    if (reading.kind === 'damaged') throw new DamagedTable('it is no limits file');
    const { header } = reading;
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
    const front = new FrontPage(fd);
    front.begin({ base, lock: this.#options.lock, salt: makeSalt(), turn: 0 });
    front.flush();
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
