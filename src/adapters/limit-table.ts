// The records of the limits file as a hash table: 1024 buckets of 16 slots behind the first page. A key has its place in one of the
// eight buckets from its home on. Where that is nobody knows without the file's salt, and of those slots the keys of one owner get
// a part only. Only for the one who holds the lock. Knows no lock, no header and no clock.
// INVARIANT: a place whose record stands on the first page (limit-front.ts) is nobody else's, whatever its older copy here says.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import { type CountRecord, isFirstState, type Shelf, type StoreTime } from '../policy/limits/counts.ts';
import { FRONT_BYTES, type FrontEntry } from './limit-front.ts';
import { type Decoded, decodeRecord, KIND_AT, KINDS, RECORD_BYTES } from './limit-record.ts';

const BUCKETS = 1_024;
const BUCKET_BYTES = 4_096;
const SLOTS = BUCKET_BYTES / RECORD_BYTES;
export const MOST_RECORDS = BUCKETS * SLOTS;
export const FILE_BYTES = FRONT_BYTES + BUCKETS * BUCKET_BYTES;
/** Buckets that one key is looked for in: its own, and those after it. */
const REACH = 8;
/** Of the slots that a key may have, so many may be in use by its owner's keys: nobody takes the room of all others. */
const MOST_OWN = (REACH * SLOTS) / 4;
const MOST_HOMES = 1_024;
const KEY_BYTES = 16;

/** What stands in the file is not what was written there. */
export class DamagedTable extends Error {
  override readonly name = 'DamagedTable';
}

/** All slots that a key may have are in use. */
export class FullTable extends Error {
  override readonly name = 'FullTable';
}

export interface Slot {
  /** Offset in the file; undefined: there is none for a key that is not there yet. */
  readonly at: number | undefined;
  /** Undefined: the key is not there; `at` is a slot that it may have. */
  readonly decoded: Decoded | undefined;
  /** What stands there now. */
  readonly before: Buffer;
}

export class LimitTable {
  readonly #fd: number;
  readonly #isKept: (at: number) => boolean;
  readonly #bucket = Buffer.alloc(BUCKET_BYTES);
  readonly #homes = new Map<string, number>();
  #now: StoreTime = { us: 0, wallMs: 0 };
  #salt = '';

  /** @param isKept whether the record that has its place at this offset stands elsewhere */
  constructor(fd: number, isKept: (at: number) => boolean) {
    this.#fd = fd;
    this.#isKept = isKept;
  }

  /** Before each step. */
  begin(now: StoreTime, salt: string): void {
    this.#now = now;
    if (salt !== this.#salt) this.#homes.clear();
    this.#salt = salt;
  }

  /** Every record, during a step. @throws DamagedTable */
  all(shelf: Shelf): readonly (readonly [key: string, record: CountRecord])[] {
    const keys: string[] = [];
    for (let index = 0; index < BUCKETS; index += 1) {
      this.#read(index);
      for (let slot = 0; slot < BUCKET_BYTES; slot += RECORD_BYTES) {
        const kind = this.#bucket[slot + KIND_AT];
        if (kind !== KINDS.empty && kind !== KINDS.page) keys.push(this.#bucket.toString('hex', slot, slot + 16));
      }
    }
    return keys.flatMap((key) => {
      const record = shelf.find(key);
      return record === undefined ? [] : [[key, record] as const];
    });
  }

  /** Where the key stands; else a slot that it may have: an empty one, or one whose record is in its first state. */
  locate(key: string): Slot {
    const bytes = Buffer.from(key, 'hex');
    const owner = bytes.readUInt32LE(0);
    const home = this.#homeOf(key);
    const bucket = this.#bucket;
    let free: Slot | undefined;
    let own = 0;
    for (let step = 0; step < REACH; step += 1) {
      const index = (home + step) % BUCKETS;
      this.#read(index);
      for (let at = 0; at < BUCKET_BYTES; at += RECORD_BYTES) {
        const isEmpty = bucket[at + KIND_AT] === KINDS.empty;
        const isSame = !isEmpty && bucket.compare(bytes, 0, 16, at, at + 16) === 0;
        if (isSame || (free === undefined && (isEmpty || this.#mayLeave(index, at)))) {
          const before = Buffer.from(bucket.subarray(at, at + RECORD_BYTES));
          const place = { at: FRONT_BYTES + index * BUCKET_BYTES + at, before };
          if (isSame) return { ...place, decoded: sound(decodeRecord(before, 0)) };
          free = { ...place, decoded: undefined };
        }
        if (!isEmpty && bucket.readUInt32LE(at) === owner) own += 1;
      }
    }
    // Most of them may be long out of use: counted again only where it matters.
    return free === undefined || (own >= MOST_OWN && this.#liveOf(owner, home) >= MOST_OWN) ? NOWHERE : free;
  }

  /** How many keys of one owner are in use where a key of this home may stand. */
  #liveOf(owner: number, home: number): number {
    let live = 0;
    for (let step = 0; step < REACH; step += 1) {
      const index = (home + step) % BUCKETS;
      this.#read(index);
      for (let at = 0; at < BUCKET_BYTES; at += RECORD_BYTES) {
        const isEmpty = this.#bucket[at + KIND_AT] === KINDS.empty;
        if (!isEmpty && this.#bucket.readUInt32LE(at) === owner && !this.#mayLeave(index, at)) live += 1;
      }
    }
    return live;
  }

  #homeOf(key: string): number {
    const known = this.#homes.get(key);
    if (known !== undefined) return known;
    const home = Number.parseInt(crypto.hash('sha256', this.#salt + key).slice(0, 8), 16) % BUCKETS;
    if (this.#homes.size >= MOST_HOMES) this.#homes.clear();
    this.#homes.set(key, home);
    return home;
  }

  /** A record that has stood elsewhere comes back to its place, or to another one where that is not its own any more. */
  takeBack({ key, at, bytes }: FrontEntry): void {
    const there = Buffer.alloc(KEY_BYTES);
    const isOwn = fs.readSync(this.#fd, there, 0, KEY_BYTES, at) === KEY_BYTES && there.toString('hex') === key;
    const place = isOwn ? at : this.locate(key).at;
    if (place !== undefined) this.write(place, bytes);
  }

  /** @throws the file system's error */
  write(at: number, bytes: Buffer): void {
    if (fs.writeSync(this.#fd, bytes, 0, RECORD_BYTES, at) !== RECORD_BYTES)
      throw new Error('the disk took only a part');
  }

  #mayLeave(index: number, at: number): boolean {
    const { us } = this.#now;
    if (this.#isKept(FRONT_BYTES + index * BUCKET_BYTES + at)) return false;
    const decoded = sound(decodeRecord(this.#bucket, at));
    if (decoded.kind === 'page') return decoded.leases.every(({ untilUs }) => untilUs <= us);
    if (decoded.kind !== 'record') return false;
    return decoded.record.kind === 'place' ? decoded.lastUs <= us : isFirstState(decoded.record, this.#now);
  }

  #read(index: number): void {
    const read = fs.readSync(this.#fd, this.#bucket, 0, BUCKET_BYTES, FRONT_BYTES + index * BUCKET_BYTES);
    if (read !== BUCKET_BYTES) throw new DamagedTable('it is too short');
  }
}

const NOWHERE: Slot = { at: undefined, decoded: undefined, before: Buffer.alloc(0) };

export function sound(decoded: Decoded): Decoded {
  if (decoded.kind === 'damaged') throw new DamagedTable('a record has a wrong checksum');
  return decoded;
}
