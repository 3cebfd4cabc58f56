// The cursor of a merged list: where each server that has more goes on, sealed. Opaque to the client; one that was not made here,
// or for another list, is none. Pure: the seal comes in.
import type { Json } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';
import type { LaneId } from './events.ts';
import type { ListKind } from './settings.ts';

/** By lane, the cursor that its server gave; `""` is one. */
export type Places = ReadonlyMap<LaneId, string>;

/** Of one server, in UTF-16 units: the merged one has to come back in one line of the client. */
const LONGEST_PLACE = 8_192;
const MOST_PAGES = 1_000;

export interface Page {
  readonly places: Places;
  /** Of the merged list; the first one is 0, and has no cursor. */
  readonly page: number;
}

/** attacker-controlled: `next`. INVARIANT: no server's paging keeps the client from the ends of the others' lists. */
export function mayGoOn(next: string, page: number): boolean {
  return next.length <= LONGEST_PLACE && page + 1 < MOST_PAGES;
}

export function writeCursor(kind: ListKind, { places, page }: Page, seal: (text: string) => string): string {
  const body = Buffer.from(JSON.stringify({ kind, page, places: [...places] })).toString('base64url');
  return `${body}.${seal(body)}`;
}

/** attacker-controlled: `cursor`. Undefined where it was not made here for this kind of list. */
export function readCursor(cursor: string, kind: ListKind, seal: (text: string) => string): Page | undefined {
  const dot = cursor.indexOf('.');
  if (dot === -1) return undefined;
  const body = cursor.slice(0, dot);
  // INVARIANT: nothing is decoded that this process has not sealed. A seal is random enough that comparing it leaks nothing of use.
  if (seal(body) !== cursor.slice(dot + 1)) return undefined;
  // what comes out of `JSON.parse` is JSON; that it has this shape is checked, not believed
  const value = JSON.parse(Buffer.from(body, 'base64url').toString()) as Json;
  if (!isJsonObject(value) || value.kind !== kind || !Array.isArray(value.places)) return undefined;
  if (typeof value.page !== 'number') return undefined;
  const places = new Map<LaneId, string>();
  for (const place of value.places) {
    if (!Array.isArray(place)) return undefined;
    const [lane, inner] = place;
    if (typeof lane !== 'string' || typeof inner !== 'string') return undefined;
    places.set(lane, inner);
  }
  return { places, page: value.page };
}
