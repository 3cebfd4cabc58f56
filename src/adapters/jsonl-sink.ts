// The trail's writing end: which segment takes a batch, and what happens where none can. Knows no format and no system call.

import type { AuditEntry, IntentEntry } from '../audit/entry.ts';
import { createQuoter } from '../audit/header-text.ts';
import type { Masker } from '../audit/redact/masker.ts';
import { formatSegmentId } from '../audit/segment-id.ts';
import type { SegmentClaim, SegmentOrigin, Succession, SystemRecord } from '../audit/system-header.ts';
import { messageOf } from '../error-text.ts';
import type { AuditSink } from '../ports/audit-sink.ts';
import type { Clock, Instant } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import type { PayloadPolicy } from './payload-store.ts';
import { type ProcessIdentity, readOwnIdentity } from './process-identity.ts';
import { createRecordQuota } from './record-quota.ts';
import { enforceRetention, type RetentionLimits } from './retention.ts';
import { openSegment, type SegmentFile } from './segment-file.ts';
import { createSaltSource, randomInteger, sha256Digest } from './sha256-digest.ts';
import { claimStale, type StaleSegment } from './stale-segments.ts';
import { codeOf } from './state-paths.ts';
import { createSyncSchedule, type Later, type SyncMode } from './sync-schedule.ts';
import { nodeTrailFiles, type TrailFiles } from './trail-files.ts';

const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
/** Payloads outside of a segment leave together with it: it must not hold too many of them. */
const PAYLOAD_RATIO = 4;

export interface JsonlSinkOptions {
  /** Of `resolveStateDir`. Nothing is created in it before the first append. */
  readonly stateDir: string;
  readonly tenant: string;
  /** What every segment's first record says; the process is added here. */
  readonly origin: Omit<SegmentOrigin, 'tenant' | 'pid' | 'startTime' | 'bootId'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Default `full`. */
  readonly payload?: PayloadPolicy | undefined;
  /** Default `group`. */
  readonly sync?: SyncMode | undefined;
  /** Default `deny`: `append` returns false. `allow-and-count`: it returns true, and a gap record says how many were lost. */
  readonly onFailure?: 'deny' | 'allow-and-count' | undefined;
  /** Default 64 MiB. */
  readonly maxSegmentBytes?: number | undefined;
  /** What no record may hold: the secrets of this session's servers. */
  readonly masker?: Masker | undefined;
  /** Absent: nothing is ever removed. */
  readonly retention?: RetentionLimits | undefined;
  /** What the record of the tenant may take, of all its guards; more is not written. Absent: no bound. */
  readonly quotaBytes?: number | undefined;
  /** The system underneath; given by tests. */
  readonly files?: TrailFiles | undefined;
  readonly later?: Later | undefined;
  readonly holder?: ProcessIdentity | undefined;
}

export interface JsonlSink extends AuditSink {
  /** Puts what `findStale` found on record, with the next write at the latest, and removes the markers. */
  recover(stale: readonly StaleSegment[]): void;
  /** Settles once no sync and no retention is under way. Never rejects. */
  idle(): Promise<void>;
}

/** @throws StatePathError where `tenant` is no name for one. Everything else is told by `append`. */
export function createJsonlSink(options: JsonlSinkOptions): JsonlSink {
  const { clock, log, tenant, stateDir } = options;
  const files = options.files ?? nodeTrailFiles;
  const maxBytes = options.maxSegmentBytes ?? MAX_SEGMENT_BYTES;
  const policy = options.onFailure ?? 'deny';
  const paths = trailPaths(tenantDir(stateDir, tenant));
  const holder = options.holder ?? readOwnIdentity();
  const sync = createSyncSchedule(files, options.sync ?? 'group', options.later ?? unrefTimer, retireForSync);
  // INVARIANT: an outcome never points at the place of an intent that is not there.
  const unwritten = new WeakSet<IntentEntry>();
  const settings = {
    files,
    digest: sha256Digest,
    nextSalt: createSaltSource(),
    sync,
    encode: {
      digest: sha256Digest,
      quote: createQuoter(),
      isWritten: (intent: IntentEntry) => !unwritten.has(intent),
      mask: options.masker?.maskText,
    },
    masker: options.masker,
    paths,
    stateDir,
    tenant,
    payload: options.payload ?? 'full',
    origin: { ...options.origin, tenant, pid: holder.pid, startTime: holder.startTime, bootId: holder.bootId },
    holder,
  };
  const quota = options.quotaBytes === undefined ? undefined : createRecordQuota(paths, options.quotaBytes);
  /** Of segments that are no longer written to. */
  let leftBytes = 0;
  let current: SegmentFile | undefined;
  let retiredFor: Succession = 'write_failed';
  let after: (SegmentClaim & { readonly why: Succession }) | null = null;
  let lastIdMs = 0;
  let plannedId: string | undefined;
  let stale: readonly StaleSegment[] = [];
  let pending: readonly SystemRecord[] = [];
  let gap: { lost: number; since: number; why: string } | undefined;
  let isClosed = false;
  let isFull = false;
  let retention: Promise<void> = Promise.resolve();

  /** INVARIANT: a guard's segments sort in the order in which it wrote them, even where the clock steps back. */
  function nextId(at: Instant): string {
    lastIdMs = Math.max(at.wallMs, lastIdMs + 1);
    return formatSegmentId(lastIdMs, randomInteger());
  }
  function retireForSync(error: Error): void {
    log.write('error', `the audit trail could not be synced to disk: ${error.message}; a new segment is begun`);
    retiredFor = 'sync_failed';
    current?.retire();
  }
  function leave(segment: SegmentFile, why: Succession, sealed: boolean): void {
    leftBytes += segment.bytes() + segment.payloadBytes();
    const head = segment.head();
    if (head.seq > 0) after = { ...head, sealed, why };
    current = undefined;
  }
  /** The segment that takes a batch of now: the open one, or a new one. Throws where none can be had. */
  function segmentFor(at: Instant): SegmentFile {
    if (current !== undefined && !current.isUsable()) {
      current.abandon();
      leave(current, retiredFor, false);
      retiredFor = 'write_failed';
    }
    if (current !== undefined) {
      const dayIsOver = at.wallMs >= current.endsAt;
      const isLong = current.bytes() >= maxBytes || current.payloadBytes() >= maxBytes * PAYLOAD_RATIO;
      if (dayIsOver || isLong) rotate(current, dayIsOver ? 'rotated_day' : 'rotated_size', at);
    }
    current ??= begin(at);
    return current;
  }
  function begin(at: Instant): SegmentFile {
    plannedId ??= nextId(at);
    let segment: SegmentFile;
    try {
      segment = openSegment(settings, plannedId, at, after);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      // The name is taken, perhaps by what a fault left behind: another one.
      plannedId = nextId(at);
      segment = openSegment(settings, plannedId, at, after);
    }
    plannedId = undefined;
    return segment;
  }
  function rotate(segment: SegmentFile, why: Succession, at: Instant): void {
    const fault = segment.seal(why, at);
    leave(segment, fault === undefined ? why : 'write_failed', fault === undefined);
    if (fault === undefined) retain();
  }
  function retain(): void {
    const limits = options.retention;
    if (limits === undefined) return;
    const now = clock.now().wallMs;
    retention = retention
      .then(() => enforceRetention({ paths, limits, now, holder }))
      .then(
        (removed) => removed.length > 0 && log.write('info', `${removed.length} old audit segments were removed`),
        (error: unknown) => log.write('warn', `old audit segments could not be removed: ${String(error)}`),
      )
      .then(() => undefined);
  }

  /** Undefined, or why nothing was written. */
  function write(entries: readonly AuditEntry[], at: Instant): string | undefined {
    const written = leftBytes + (current === undefined ? 0 : current.bytes() + current.payloadBytes());
    const full = quota?.refuse(written, at.monoMs);
    // a record that is full begins no segment, so no end of one would make room
    if (full !== undefined && !isFull) retain();
    isFull = full !== undefined;
    if (full !== undefined) return full;
    let segment: SegmentFile;
    try {
      segment = segmentFor(at);
    } catch (error) {
      return messageOf(error);
    }
    if (stale.length > 0) {
      pending = [...pending, ...claimStale(files, paths, stale)];
      stale = [];
    }
    const system: readonly SystemRecord[] = gap === undefined ? pending : [{ type: 'gap', policy, ...gap }, ...pending];
    const fault = segment.append(system, at, entries);
    if (fault !== undefined) return fault;
    if (gap !== undefined) log.write('warn', `the audit trail is written again; ${gap.lost} records are missing`);
    gap = undefined;
    pending = [];
    return undefined;
  }
  function fail(entries: readonly AuditEntry[], at: Instant, why: string): boolean {
    if (gap === undefined)
      log.write(
        'error',
        `the audit trail cannot be written: ${why}; calls are ${policy === 'deny' ? 'denied' : 'let pass and counted'}`,
      );
    // The first record of what is missing: what a denial names will show the gap, once there is one.
    const head = current?.head();
    const seq = (head?.seq ?? 0) + (head === undefined || head.seq === 0 ? 2 : 1);
    for (const entry of entries) {
      if (entry.type === 'intent') unwritten.add(entry);
      entry.ref = policy === 'deny' ? { segment: current?.segment ?? plannedId ?? '', seq } : undefined;
    }
    gap = { lost: (gap?.lost ?? 0) + entries.length, since: gap?.since ?? at.wallMs, why };
    return policy === 'allow-and-count';
  }

  return {
    append: (entries) => {
      const first = entries[0];
      if (first === undefined) return true;
      const at = entries[entries.length - 1]?.at ?? first.at;
      if (isClosed) return fail(entries, at, 'it was closed');
      for (const entry of entries) if (entry.type === 'intent') unwritten.delete(entry);
      const fault = write(entries, at);
      return fault === undefined ? true : fail(entries, at, fault);
    },
    recover: (found) => {
      stale = [...stale, ...found];
      if (current !== undefined && !isClosed) write([], clock.now());
    },
    close: (reason) => {
      if (isClosed) return;
      isClosed = true;
      const at = clock.now();
      if (gap !== undefined || (pending.length > 0 && current !== undefined)) write([], at);
      const fault = current?.isUsable() === true ? current.seal(reason, at) : undefined;
      if (current?.isUsable() === false && fault === undefined) current.abandon();
      if (fault !== undefined) log.write('error', `the audit segment could not be sealed: ${fault}`);
      sync.flush();
      if (current !== undefined && fault === undefined) retain();
      current = undefined;
    },
    idle: async () => {
      await sync.idle();
      await retention;
    },
  };
}

function unrefTimer(action: () => void, ms: number): void {
  setTimeout(action, ms).unref();
}
