// The cursor of a merged list: where each server that has more goes on, sealed. Opaque to the client; one that was not made here,
// or for another list, is none. Pure: the seal comes in.
import type { Json } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';
import type { LaneId } from './events.ts';
import type { ListKind } from './settings.ts';

/** By lane, the cursor that its server gave; `""` is one. */
export type Places = ReadonlyMap<LaneId, string>;

export function writeCursor(kind: ListKind, places: Places, seal: (text: string) => string): string {
  const body = Buffer.from(JSON.stringify({ kind, places: [...places] })).toString('base64url');
  return `${body}.${seal(body)}`;
}

/** attacker-controlled: `cursor`. Undefined where it was not made here for this kind of list. */
export function readCursor(cursor: string, kind: ListKind, seal: (text: string) => string): Places | undefined {
  const dot = cursor.indexOf('.');
  if (dot === -1) return undefined;
  const body = cursor.slice(0, dot);
  // INVARIANT: nothing is decoded that this process has not sealed. A seal is random enough that comparing it leaks nothing of use.
  if (seal(body) !== cursor.slice(dot + 1)) return undefined;
  // what comes out of `JSON.parse` is JSON; that it has this shape is checked, not believed
  const value = JSON.parse(Buffer.from(body, 'base64url').toString()) as Json;
  if (!isJsonObject(value) || value.kind !== kind || !Array.isArray(value.places)) return undefined;
  const places = new Map<LaneId, string>();
  for (const place of value.places) {
    if (!Array.isArray(place)) return undefined;
    const [lane, inner] = place;
    if (typeof lane !== 'string' || typeof inner !== 'string') return undefined;
    places.set(lane, inner);
  }
  return places;
}
