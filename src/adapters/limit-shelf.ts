// The records of the limits file during one step: found once, changed in memory, and written when the step is over, all or nothing. What
// is in use comes to stand on the first page. Only for the one who holds the lock. Knows no lock, no header and no clock.
import type { CountRecord, PlaceRecord, Shelf } from '../policy/limits/counts.ts';
import type { FrontPage } from './limit-front.ts';
import { encodePage, encodeRecord, LEASES_PER_PAGE, pagesOf, RECORD_BYTES } from './limit-record.ts';
import { FullTable, type LimitTable, MOST_RECORDS, type Slot, sound } from './limit-table.ts';

type Leases = PlaceRecord['leases'];
type Place = Slot & { readonly at: number };

/** Where a key stands is looked for once, as nobody else writes meanwhile. Its methods throw DamagedTable. */
export class LimitShelf implements Shelf {
  readonly #front: FrontPage;
  readonly #table: LimitTable;
  readonly #slots = new Map<string, Slot>();
  readonly #changed = new Map<string, CountRecord>();
  /** What the table was given, in order. */
  readonly #written: Place[] = [];
  /** The places that records of this step have come to have, by offset. */
  readonly #taken = new Set<number>();

  constructor(front: FrontPage, table: LimitTable) {
    this.#front = front;
    this.#table = table;
  }

  find(key: string): CountRecord | undefined {
    const changed = this.#changed.get(key);
    if (changed !== undefined) return changed;
    const decoded = this.#decodedOf(key);
    if (decoded?.kind !== 'record') return undefined;
    const { record, pages } = decoded;
    if (record.kind !== 'place' || pages === 0) return record;
    const leases: Leases[number][] = [];
    for (let page = 0; page < pages; page += 1) {
      const part = this.#slotOf(pageKey(key, page)).decoded;
      if (part?.kind === 'page') leases.push(...part.leases);
    }
    return { ...record, leases };
  }

  put(key: string, record: CountRecord): void {
    this.#changed.set(key, record);
  }

  /** @throws FullTable, the file system's error */
  flush(): void {
    try {
      for (const [key, record] of this.#changed) this.#write(key, record);
      this.#front.flush();
    } catch (error) {
      // INVARIANT: all or nothing, also where the table or the disk is full.
      this.#front.forget();
      for (const { at, before } of this.#written.reverse()) this.#table.write(at, before);
      throw error;
    }
  }

  #write(key: string, record: CountRecord): void {
    const pages = record.kind === 'place' ? this.#writePages(key, record) : 0;
    const known = this.#front.indexOf(key);
    if (known !== undefined) {
      this.#front.put(known, key, record, pages);
      return;
    }
    const place = this.#placeFor(key);
    const vacancy = this.#front.vacancy();
    // A key that is new takes its place in the table in any case.
    if (vacancy === undefined || place.decoded === undefined)
      this.#give(place, (bytes) => encodeRecord(bytes, 0, key, record, pages));
    if (vacancy === undefined) return;
    if (vacancy.leaving !== undefined) this.#table.takeBack(vacancy.leaving);
    this.#front.put(vacancy.index, key, record, pages, place.at);
  }

  /** Pages are never given up: one that is no longer used has no leases, so that it makes way. @returns how many are in use */
  #writePages(key: string, record: PlaceRecord): number {
    const before = this.#decodedOf(key);
    const known = before?.kind === 'record' ? before.pages : 0;
    const pages = pagesOf(record);
    for (let page = 0; page < Math.max(pages, known); page += 1) {
      const name = pageKey(key, page);
      const leases = record.leases.slice(page * LEASES_PER_PAGE, (page + 1) * LEASES_PER_PAGE);
      this.#give(this.#placeFor(name), (bytes) => encodePage(bytes, 0, name, leases));
    }
    return pages;
  }

  #decodedOf(key: string): Slot['decoded'] {
    const index = this.#front.indexOf(key);
    return index === undefined ? this.#slotOf(key).decoded : sound(this.#front.recordAt(index));
  }

  /** @throws FullTable */
  #placeFor(key: string): Place {
    let slot = this.#slotOf(key);
    // Two keys may have been shown the same slot: as a free one, or as one's own whose record was full again.
    if (slot.at !== undefined && this.#taken.has(slot.at)) slot = this.#table.locate(key);
    const { at, decoded, before } = slot;
    if (at === undefined)
      throw new FullTable(`too many counts are in use (${MOST_RECORDS} at most, a quarter of them by one principal)`);
    this.#taken.add(at);
    return { at, decoded, before };
  }

  #give(place: Place, encode: (bytes: Buffer) => void): void {
    const bytes = Buffer.allocUnsafe(RECORD_BYTES);
    encode(bytes);
    this.#written.push(place);
    this.#table.write(place.at, bytes);
  }

  #slotOf(key: string): Slot {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot = this.#table.locate(key);
    this.#slots.set(key, slot);
    return slot;
  }
}

/** INVARIANT: no subject's key, as far as hashes go. */
function pageKey(key: string, page: number): string {
  const last = (Number.parseInt(key.slice(24), 16) ^ (page + 1)) >>> 0;
  return key.slice(0, 24) + last.toString(16).padStart(8, '0');
}
