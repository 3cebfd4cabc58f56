// The first page of the limits file: its header, and the records that are in use now, so that a call costs one read and one write however
// many counts it asks. Only for the one who holds the lock. Knows no bucket and no clock.
//
// A record here is the one that counts; where it stands in the table there is an older one of the same key, which keeps the place. The
// directory says for each of the 15: 0 the place in the table, in records, plus 1 (uint32; 0: none) · 4 when it was last put, in s (uint32).
// INVARIANT: the page is written with one write of one page, so who is killed meanwhile has written all of a call or nothing.
import * as fs from 'node:fs';
import type { CountRecord } from '../policy/limits/counts.ts';
import {
  DIRECTORY_AT,
  decodeHeader,
  encodeHeader,
  HEADER_LENGTH,
  type Header,
  type HeaderReading,
  sealHeader,
} from './limit-header.ts';
import { DAMAGED, type Decoded, decodeRecord, encodeRecord, isSound, RECORD_BYTES } from './limit-record.ts';

export const FRONT_BYTES = 4_096;
const RECORDS_AT = RECORD_BYTES;
export const MOST_FRONT = (FRONT_BYTES - RECORDS_AT) / RECORD_BYTES;
const ENTRY_BYTES = 8;
/** Who has not been put for so long makes way. */
const IDLE_S = 1;

export interface FrontEntry {
  readonly key: string;
  /** Offset of its place in the table. */
  readonly at: number;
  readonly bytes: Buffer;
}

export class FrontPage {
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(FRONT_BYTES);
  /** What was read of the page in the turn `#turn` of the file `#salt`. */
  readonly #decoded = new Map<number, Decoded>();
  readonly #indexes = new Map<string, number>();
  /** Whether `#indexes` holds all that stand here. */
  #isIndexed = false;
  #turn = -1;
  #salt = '';
  #nowS = 0;
  /** Bytes that must be written; 0: none. */
  #dirty = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** As it stands in the file now. @throws the file system's error */
  load(): HeaderReading {
    const read = fs.readSync(this.#fd, this.#bytes, 0, FRONT_BYTES, 0);
    const reading: HeaderReading = read === FRONT_BYTES ? decodeHeader(this.#bytes) : { kind: 'damaged' };
    this.#dirty = 0;
    if (reading.kind !== 'header') this.forget();
    else this.#follow(reading.header);
    return reading;
  }

  /** A page without records: what is flushed next. */
  begin(header: Header): void {
    this.forget();
    this.#bytes.fill(0);
    this.setHeader(header);
  }

  setHeader(header: Header): void {
    encodeHeader(this.#bytes, header);
    this.#touch(HEADER_LENGTH);
  }

  /** @param us the store's time, for what is put from now on */
  setNow(us: number): void {
    this.#nowS = Math.floor(us / 1e6) >>> 0;
  }

  /** Which of the records it is; undefined: none. */
  indexOf(key: string): number | undefined {
    if (!this.#isIndexed) {
      for (let index = 0; index < MOST_FRONT; index += 1)
        if (this.#atOf(index) !== 0) this.#indexes.set(this.#keyOf(index), index);
      this.#isIndexed = true;
    }
    return this.#indexes.get(key);
  }

  recordAt(index: number): Decoded {
    const at = RECORDS_AT + index * RECORD_BYTES;
    const known = this.#decoded.get(index);
    // What was decoded once is only looked at for damage.
    if (known !== undefined) return isSound(this.#bytes, at) ? known : DAMAGED;
    const decoded = decodeRecord(this.#bytes, at);
    this.#decoded.set(index, decoded);
    return decoded;
  }

  /** Whether the place at this offset of the table belongs to a record that stands here. */
  keepsPlace(at: number): boolean {
    const slot = at / RECORD_BYTES + 1;
    for (let index = 0; index < MOST_FRONT; index += 1)
      if (this.#bytes.readUInt32LE(DIRECTORY_AT + index * ENTRY_BYTES) === slot) return true;
    return false;
  }

  /** Where another record may stand: what has to be put back into the table before. Undefined: nowhere. */
  vacancy(): { readonly index: number; readonly leaving: FrontEntry | undefined } | undefined {
    let oldest: number | undefined;
    let longest = IDLE_S;
    for (let index = 0; index < MOST_FRONT; index += 1) {
      if (this.#atOf(index) === 0) return { index, leaving: undefined };
      const idle = (this.#nowS - this.#bytes.readUInt32LE(DIRECTORY_AT + index * ENTRY_BYTES + 4)) | 0;
      // A time ahead of now is none of this file's.
      if (idle >= 0 && idle < longest) continue;
      longest = Math.abs(idle);
      oldest = index;
    }
    if (oldest === undefined) return undefined;
    const from = RECORDS_AT + oldest * RECORD_BYTES;
    const bytes = Buffer.from(this.#bytes.subarray(from, from + RECORD_BYTES));
    return { index: oldest, leaving: { key: this.#keyOf(oldest), at: this.#atOf(oldest), bytes } };
  }

  /** @param at its place in the table; undefined: as it is */
  put(index: number, key: string, record: CountRecord, pages: number, at = this.#atOf(index)): void {
    const entry = DIRECTORY_AT + index * ENTRY_BYTES;
    const to = RECORDS_AT + index * RECORD_BYTES;
    if (this.#indexes.get(key) !== index) this.#rename(index, key);
    this.#bytes.writeUInt32LE(at / RECORD_BYTES + 1, entry);
    this.#bytes.writeUInt32LE(this.#nowS, entry + 4);
    encodeRecord(this.#bytes, to, key, record, pages);
    // The leases of a place with pages stand on those.
    const shown = record.kind === 'place' && pages > 0 ? { ...record, leases: [] } : record;
    this.#decoded.set(index, { kind: 'record', record: shown, pages, lastUs: 0 });
    this.#touch(to + RECORD_BYTES);
  }

  /** @throws the file system's error: the page in the file is as before, or cannot be known */
  flush(): void {
    if (this.#dirty === 0) return;
    const turn = sealHeader(this.#bytes);
    const length = this.#dirty;
    this.#dirty = 0;
    this.#turn = -1;
    if (fs.writeSync(this.#fd, this.#bytes, 0, length, 0) !== length) throw new Error('the disk took only a part');
    this.#turn = turn;
  }

  /** What is in memory is not what is in the file. */
  forget(): void {
    this.#turn = -1;
    this.#dirty = 0;
    this.#decoded.clear();
    this.#indexes.clear();
    this.#isIndexed = false;
  }

  #follow({ turn, salt }: Header): void {
    if (turn === this.#turn && salt === this.#salt) return;
    this.forget();
    this.#turn = turn;
    this.#salt = salt;
  }

  #rename(index: number, key: string): void {
    for (const [other, one] of this.#indexes) if (one === index) this.#indexes.delete(other);
    this.#indexes.set(key, index);
  }

  #touch(end: number): void {
    this.#dirty = Math.max(this.#dirty, end);
  }

  /** 0: there is no record. */
  #atOf(index: number): number {
    const slot = this.#bytes.readUInt32LE(DIRECTORY_AT + index * ENTRY_BYTES);
    return slot === 0 ? 0 : (slot - 1) * RECORD_BYTES;
  }

  #keyOf(index: number): string {
    const from = RECORDS_AT + index * RECORD_BYTES;
    return this.#bytes.toString('hex', from, from + 16);
  }
}
