// New calls as they are recorded, of all guards. Watches directories and looks again by itself where nobody tells. Knows no chain.
import * as fs from 'node:fs';
import { type CallFilter, matchesFilter } from '../audit/call-filter.ts';
import { showRef } from '../audit/entry.ts';
import { type Call, intentOf, type PlacedRecord, timeAt, viewCall, viewOutcome, type Witness } from '../audit/query.ts';
import { readWithheld, type Withheld } from '../audit/withheld.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { readForward, type SegmentSource } from './segment-reader.ts';
import { systemClock } from './system-clock.ts';
import { listDays, listSegments, listTenants } from './trail-listing.ts';
import { findRecord } from './trail-reader.ts';
import { createWitness } from './trail-witness.ts';

const POLL_MS = 1000;
/** A call without an outcome for this long is told of once more. */
const OVERDUE_MS = 5000;
/** Calls that wait for their outcome in memory; beyond it the oldest is read again from its file. */
const MAX_OPEN = 4096;

export interface FollowOptions {
  readonly stateDir: string;
  readonly filter: CallFilter;
  /**
   * Once when a call's intent is on record (state `pending` or `denied`), and again with each outcome. `isOverdue`: there
   * still is none after five seconds (`pending`), or its guard has gone without one (`lost`).
   */
  readonly onCall: (call: Call, isOverdue: boolean) => void;
  readonly signal: AbortSignal;
  /** Looks again this often, whatever the watchers say; default one second. */
  readonly pollMs?: number | undefined;
  readonly overdueMs?: number | undefined;
}

interface OpenCall {
  readonly placed: PlacedRecord;
  /** On the clock that never steps back. */
  readonly seenMs: number;
  isTold: boolean;
}

/** Begins at the end of what is there. Returns at once; ends when `signal` is aborted. Keeps the process alive. */
export function followCalls(options: FollowOptions): void {
  const { stateDir, filter, signal } = options;
  const offsets = new Map<string, number>();
  const open = new Map<string, OpenCall>();
  const watched = new Map<string, fs.FSWatcher | undefined>();

  /** Segments of the last two days: an older one is never written to any more. */
  function sources(): SegmentSource[] {
    return (filter.tenant === undefined ? listTenants(stateDir) : [filter.tenant]).flatMap((tenant) => {
      const paths = trailPaths(tenantDir(stateDir, tenant));
      const days = listDays(paths).slice(-2);
      for (const directory of [stateDir, paths.audit, paths.open, ...days.map(paths.day)]) watch(directory);
      return days.flatMap((day) => listSegments(paths, day).map((place) => ({ ...place, tenant })));
    });
  }
  function watch(directory: string): void {
    if (watched.has(directory)) return;
    try {
      const watcher = fs.watch(directory, look);
      watcher.on('error', () => forget(directory));
      watched.set(directory, watcher);
    } catch {
      // Not there yet, or no watches left on this system: the next look tries again.
    }
  }
  function forget(directory: string): void {
    watched.get(directory)?.close();
    watched.delete(directory);
  }
  function look(): void {
    if (signal.aborted) return;
    const found: PlacedRecord[] = [];
    for (const source of sources()) {
      const from = offsets.get(source.path) ?? 0;
      if (sizeOf(source.path) <= from) continue;
      for (const placed of readForward(source, from, (end) => offsets.set(source.path, end))) found.push(placed);
    }
    const at = (placed: PlacedRecord) => timeAt(placed.record.header);
    // stands behind the outcome that it is about: a call that is told of as `ok` must not have been withheld
    const held = new Map<string, Withheld>();
    for (const { record } of found) {
      const one = readWithheld(record);
      if (one !== undefined) held.set(showRef(one.intent), one);
    }
    for (const placed of found.sort((a, b) => at(a) - at(b))) tell(placed, held);
  }
  function tell(placed: PlacedRecord, held: Map<string, Withheld>): void {
    const { type } = placed.record.header;
    const call = type === 'intent' ? began(placed) : type === 'outcome' ? ended(placed, held) : heldLater(placed, held);
    if (call !== undefined && matchesFilter(call, filter)) options.onCall(call, false);
  }
  function lookAgain(): void {
    const latestMs = systemClock.now().monoMs - (options.overdueMs ?? OVERDUE_MS);
    const isLate = ({ seenMs }: OpenCall) => seenMs <= latestMs;
    // Before the look: what a guard wrote before it went is then seen, and the call is not lost.
    const witness = [...open.values()].some(isLate) ? createWitness(stateDir) : undefined;
    look();
    if (witness === undefined) return;
    for (const [key, late] of open) {
      if (!isLate(late)) continue;
      const call = viewCall(late.placed, [], witness);
      if (call.state === 'lost') open.delete(key);
      const isNew = !late.isTold || call.state === 'lost';
      late.isTold = true;
      if (isNew && matchesFilter(call, filter)) options.onCall(call, true);
    }
  }
  function began(placed: PlacedRecord): Call {
    const oldest = open.keys().next();
    if (open.size >= MAX_OPEN && oldest.done !== true) open.delete(oldest.value);
    const call = viewCall(placed, [], fresh);
    if (call.state === 'pending') {
      open.set(showRef(placed.ref), { placed, seenMs: systemClock.now().monoMs, isTold: false });
    }
    return call;
  }
  /** The outcome was told of before this could be read. */
  function heldLater({ record, tenant }: PlacedRecord, held: Map<string, Withheld>): Call | undefined {
    const { intent } = readWithheld(record) ?? {};
    if (intent === undefined || !held.has(showRef(intent))) return undefined;
    const found = findRecord(stateDir, intent, tenant);
    return found?.kind === 'call' ? found.call : undefined;
  }
  function ended(placed: PlacedRecord, held: Map<string, Withheld>): Call | undefined {
    const ref = intentOf(placed.record);
    if (ref === undefined) return undefined;
    const intent = open.get(showRef(ref));
    const outcome = viewOutcome(placed, fresh);
    const withheld = held.get(showRef(ref));
    held.delete(showRef(ref));
    if (intent !== undefined) {
      if (outcome.resultType !== 'task') open.delete(showRef(ref));
      return viewCall(intent.placed, [outcome], fresh, withheld);
    }
    const found = findRecord(stateDir, ref, placed.tenant);
    return found?.kind === 'call' ? found.call : undefined;
  }

  // What was just written, its guard still has in hand.
  const fresh: Witness = { ...createWitness(stateDir), isAwaited: () => true };
  for (const source of sources()) offsets.set(source.path, sizeOf(source.path));
  const timer = setInterval(lookAgain, options.pollMs ?? POLL_MS);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    for (const directory of [...watched.keys()]) forget(directory);
  });
}

function sizeOf(path: string): number {
  try {
    return fs.lstatSync(path).size;
  } catch {
    return 0;
  }
}
