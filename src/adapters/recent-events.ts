// The last events of certain names over all segments, merged by time. Knows no call and no meaning of a detail.
import type { EventEntry } from '../audit/entry.ts';
import type { PlacedRecord } from '../audit/query.ts';
import { readNewestFirst } from './recent-calls.ts';
import { createWitness } from './trail-witness.ts';

export interface FoundEvent {
  readonly placed: PlacedRecord;
  /** Why the record is not what was written, where that shows in the record itself. */
  readonly fault: string | undefined;
}

export interface EventSearch {
  /** Undefined: over the trails of all. */
  readonly tenant: string | undefined;
  readonly names: readonly EventEntry['name'][];
  /** Milliseconds since the epoch; undefined: from the beginning. */
  readonly since: number | undefined;
  /** attacker-controlled: the record. */
  wants(placed: PlacedRecord): boolean;
}

/** At most `limit`, oldest first. Reads back until it has them, or to `since`. */
export function readRecentEvents(stateDir: string, limit: number, search: EventSearch): readonly FoundEvent[] {
  const found: FoundEvent[] = [];
  if (limit <= 0) return found;
  const witness = createWitness(stateDir);
  const names: readonly unknown[] = search.names;
  for (const placed of readNewestFirst(stateDir, search.tenant, search.since ?? Number.NEGATIVE_INFINITY)) {
    // only events have a name
    const { header } = placed.record;
    if (!names.includes(header.name) || !search.wants(placed)) continue;
    found.push({ placed, fault: witness.faultOf(placed) });
    if (found.length === limit) break;
  }
  return found.reverse();
}
