// The last calls over all segments, merged by time. Reads from the end and only as far as it must. Knows no chain.
import { type CallFilter, matchesFilter } from '../audit/call-filter.ts';
import { showRef } from '../audit/entry.ts';
import {
  type Call,
  intentOf,
  type OutcomeView,
  type PlacedRecord,
  timeAt,
  viewCall,
  viewOutcome,
} from '../audit/query.ts';
import { readWithheld, type Withheld } from '../audit/withheld.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { readBackward, type SegmentSource } from './segment-reader.ts';
import { listDays, listSegments, listTenants } from './trail-listing.ts';
import { createWitness } from './trail-witness.ts';

interface Cursor {
  readonly records: Iterator<PlacedRecord>;
  readonly next: PlacedRecord;
  readonly at: number;
}

const timeOf = (placed: PlacedRecord) => timeAt(placed.record.header);

/** At most `limit` calls that match, oldest first. A filter that nothing matches reads the whole trail, or back to `since`. */
export function readRecentCalls(stateDir: string, limit: number, filter: CallFilter): Call[] {
  const calls: Call[] = [];
  const outcomes = new Map<string, OutcomeView[]>();
  const withheld = new Map<string, Withheld>();
  const since = filter.since ?? Number.NEGATIVE_INFINITY;
  if (limit <= 0) return calls;
  const witness = createWitness(stateDir);
  for (const placed of readNewestFirst(stateDir, filter.tenant, since)) {
    const { type } = placed.record.header;
    if (type === 'outcome') {
      const intent = intentOf(placed.record);
      if (intent !== undefined) keep(outcomes, showRef(intent), viewOutcome(placed, witness));
    } else if (type === 'intent') {
      const key = showRef(placed.ref);
      const call = viewCall(placed, outcomes.get(key)?.reverse() ?? [], witness, withheld.get(key));
      outcomes.delete(key);
      withheld.delete(key);
      if (matchesFilter(call, filter)) calls.push(call);
      if (calls.length === limit) break;
    } else {
      const held = readWithheld(placed.record);
      if (held !== undefined) withheld.set(showRef(held.intent), held);
    }
  }
  return calls.reverse();
}

/** Every record at or after `since` (ms since the epoch), over all segments. @param tenant undefined for all */
export function readNewestFirst(stateDir: string, tenant: string | undefined, since: number): Generator<PlacedRecord> {
  return newestFirst(sourcesByDay(stateDir, tenant), since);
}

/** Newest first, as they are read. */
function keep(outcomes: Map<string, OutcomeView[]>, key: string, outcome: OutcomeView): void {
  const known = outcomes.get(key);
  if (known === undefined) outcomes.set(key, [outcome]);
  else known.push(outcome);
}

/** A segment lies in the day of its opening and is left when the day is over: days need no merging with one another. */
function sourcesByDay(stateDir: string, tenant: string | undefined): SegmentSource[][] {
  const byDay = new Map<string, SegmentSource[]>();
  for (const name of tenant === undefined ? listTenants(stateDir) : [tenant]) {
    const paths = trailPaths(tenantDir(stateDir, name));
    for (const day of listDays(paths)) {
      const sources = listSegments(paths, day).map((place) => ({ ...place, tenant: name }));
      byDay.set(day, [...(byDay.get(day) ?? []), ...sources]);
    }
  }
  return [...byDay].sort(([a], [b]) => (a < b ? 1 : -1)).map(([, sources]) => sources);
}

function* newestFirst(days: readonly SegmentSource[][], since: number): Generator<PlacedRecord> {
  for (const sources of days) {
    const cursors: Cursor[] = [];
    for (const source of sources) advance(cursors, readBackward(source), since);
    for (let newest = cursors.pop(); newest !== undefined; newest = cursors.pop()) {
      yield newest.next;
      advance(cursors, newest.records, since);
    }
    // What a younger day leaves open may have begun in an older one; with `since` in this day, nothing older matters.
    if (sources.length > 0 && cursors.length === 0 && isBefore(sources, since)) return;
  }
}

const isBefore = (sources: readonly SegmentSource[], since: number) =>
  Date.parse(`${sources[0]?.day}T00:00:00Z`) <= since;

/** Puts the cursor back at its place: `cursors` is sorted, the newest last. */
function advance(cursors: Cursor[], records: Iterator<PlacedRecord>, since: number): void {
  const step = records.next();
  if (step.done === true) return;
  const at = timeOf(step.value);
  if (at < since) return;
  let low = 0;
  for (let high = cursors.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((cursors[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  cursors.splice(low, 0, { records, next: step.value, at });
}
