// The records of the limits file as a hash table: 1024 buckets of 16 slots behind one page of header. A key stands in one of the
// eight buckets from its home on. Where that is nobody knows without the file's salt, and of those slots the keys of one owner get
// a part only. Only for the one who holds the lock. Knows no lock, no header and no clock.
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import {
  type CountRecord,
  isFirstState,
  type PlaceRecord,
  type Shelf,
  type StoreTime,
} from '../policy/limits/counts.ts';
import {
  type Decoded,
  decodeRecord,
  encodePage,
  encodeRecord,
  KIND_AT,
  KINDS,
  LEASES_PER_PAGE,
  pagesOf,
  RECORD_BYTES,
} from './limit-record.ts';

export const HEADER_BYTES = 4_096;
const BUCKETS = 1_024;
const BUCKET_BYTES = 4_096;
const SLOTS = BUCKET_BYTES / RECORD_BYTES;
export const MOST_RECORDS = BUCKETS * SLOTS;
export const FILE_BYTES = HEADER_BYTES + BUCKETS * BUCKET_BYTES;
/** Buckets that one key is looked for in: its own, and those after it. */
const REACH = 8;
/** Of the slots that a key may have, so many may be in use by its owner's keys: nobody takes the room of all others. */
const MOST_OWN = (REACH * SLOTS) / 4;
const MOST_HOMES = 1_024;

/** What stands in the file is not what was written there. */
export class DamagedTable extends Error {
  override readonly name = 'DamagedTable';
}

/** All slots that a key may have are in use. */
export class FullTable extends Error {
  override readonly name = 'FullTable';
}

interface Slot {
  /** Offset in the file; undefined: there is none for a key that is not there yet. */
  readonly at: number | undefined;
  /** Undefined: the key is not there; `at` is a slot that it may have. */
  readonly decoded: Decoded | undefined;
  /** What stands there now. */
  readonly before: Buffer;
}

/** The records during one step: where a key stands is looked for once, as nobody else writes meanwhile. */
class OpenShelf implements Shelf {
  readonly #table: LimitTable;
  readonly #slots = new Map<string, Slot>();
  readonly #dirty = new Map<string, CountRecord>();
  readonly #written: Slot[] = [];

  constructor(table: LimitTable) {
    this.#table = table;
  }

  find(key: string): CountRecord | undefined {
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined) return dirty;
    const decoded = this.#slotOf(key).decoded;
    if (decoded?.kind !== 'record') return undefined;
    const { record, pages } = decoded;
    if (record.kind !== 'place' || pages === 0) return record;
    const leases: PlaceRecord['leases'][number][] = [];
    for (let page = 0; page < pages; page += 1) {
      const part = this.#slotOf(pageKey(key, page)).decoded;
      if (part?.kind === 'page') leases.push(...part.leases);
    }
    return { ...record, leases };
  }

  put(key: string, record: CountRecord): void {
    this.#dirty.set(key, record);
  }

  /** @throws FullTable, the file system's error */
  flush(): void {
    try {
      for (const [key, record] of this.#dirty) this.#write(key, record);
    } catch (error) {
      // INVARIANT: all or nothing, also where the table or the disk is full.
      for (const { at, before } of this.#written.reverse()) if (at !== undefined) this.#table.write(at, before);
      throw error;
    }
  }

  #write(key: string, record: CountRecord): void {
    if (record.kind !== 'place') {
      this.#put(key, encodeRecord(key, record, 0));
      return;
    }
    // Pages are never given up: one that is no longer used has no leases, so that it makes way.
    const before = this.#slotOf(key).decoded;
    const known = before?.kind === 'record' ? before.pages : 0;
    const pages = pagesOf(record);
    for (let page = 0; page < Math.max(pages, known); page += 1) {
      const name = pageKey(key, page);
      this.#put(name, encodePage(name, record.leases.slice(page * LEASES_PER_PAGE, (page + 1) * LEASES_PER_PAGE)));
    }
    this.#put(key, encodeRecord(key, record, pages));
  }

  #put(key: string, bytes: Buffer): void {
    let slot = this.#slotOf(key);
    // Two keys that are new may have been shown the same free slot.
    if (slot.decoded === undefined && this.#written.some(({ at }) => at === slot.at)) slot = this.#table.locate(key);
    if (slot.at === undefined)
      throw new FullTable(`too many counts are in use (${MOST_RECORDS} at most, a quarter of them by one principal)`);
    this.#written.push(slot);
    this.#table.write(slot.at, bytes);
  }

  #slotOf(key: string): Slot {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#table.locate(key);
    this.#slots.set(key, slot);
    return slot;
  }
}

export class LimitTable {
  readonly #fd: number;
  readonly #bucket = Buffer.alloc(BUCKET_BYTES);
  readonly #homes = new Map<string, number>();
  #now: StoreTime = { us: 0, wallMs: 0 };
  #salt = '';

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** One step: what is put is written by `flush`, in order, each record with one write. Its methods throw DamagedTable. */
  open(now: StoreTime, salt: string): Shelf & { flush(): void } {
    this.#now = now;
    if (salt !== this.#salt) this.#homes.clear();
    this.#salt = salt;
    return new OpenShelf(this);
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
        if (isSame || (free === undefined && (isEmpty || this.#mayLeave(at)))) {
          const before = Buffer.from(bucket.subarray(at, at + RECORD_BYTES));
          const place = { at: HEADER_BYTES + index * BUCKET_BYTES + at, before };
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
      this.#read((home + step) % BUCKETS);
      for (let at = 0; at < BUCKET_BYTES; at += RECORD_BYTES)
        if (
          this.#bucket[at + KIND_AT] !== KINDS.empty &&
          this.#bucket.readUInt32LE(at) === owner &&
          !this.#mayLeave(at)
        )
          live += 1;
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

  /** @throws the file system's error */
  write(at: number, bytes: Buffer): void {
    if (fs.writeSync(this.#fd, bytes, 0, RECORD_BYTES, at) !== RECORD_BYTES)
      throw new Error('the disk took only a part');
  }

  #mayLeave(at: number): boolean {
    const { us } = this.#now;
    const decoded = sound(decodeRecord(this.#bucket, at));
    if (decoded.kind === 'page') return decoded.leases.every(({ untilUs }) => untilUs <= us);
    if (decoded.kind !== 'record') return false;
    return decoded.record.kind === 'place' ? decoded.lastUs <= us : isFirstState(decoded.record, this.#now);
  }

  #read(index: number): void {
    const read = fs.readSync(this.#fd, this.#bucket, 0, BUCKET_BYTES, HEADER_BYTES + index * BUCKET_BYTES);
    if (read !== BUCKET_BYTES) throw new DamagedTable('it is too short');
  }
}

const NOWHERE: Slot = { at: undefined, decoded: undefined, before: Buffer.alloc(0) };

function sound(decoded: Decoded): Decoded {
  if (decoded.kind === 'damaged') throw new DamagedTable('a record has a wrong checksum');
  return decoded;
}

/** INVARIANT: no subject's key, as far as hashes go. */
function pageKey(key: string, page: number): string {
  const last = (Number.parseInt(key.slice(24), 16) ^ (page + 1)) >>> 0;
  return key.slice(0, 24) + last.toString(16).padStart(8, '0');
}
