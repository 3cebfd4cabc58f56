// One segment while it is written: its file, its marker, its chain. Knows no failure policy, no rotation rule, no clock.

import type { ChainHead, Digest } from '../audit/chain.ts';
import { startChain } from '../audit/chain.ts';
import { type EncodeTools, startBatch } from '../audit/encode.ts';
import type { AuditEntry } from '../audit/entry.ts';
import type { Masker } from '../audit/redact/masker.ts';
import { dayOf } from '../audit/segment-id.ts';
import type { SegmentClaim, SegmentOrigin, Succession, SystemRecord } from '../audit/system-header.ts';
import { messageOf } from '../error-text.ts';
import type { Instant } from '../ports/clock.ts';
import { tenantSteps } from '../tenant/tenant-scope.ts';
import type { TrailPaths } from '../tenant/trail-paths.ts';
import { readLastSeal, writeLastSeal } from './last-seal.ts';
import { createPayloadStore, type KeptFile, type PayloadPolicy } from './payload-store.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { writeMarker } from './segment-markers.ts';
import type { SyncSchedule } from './sync-schedule.ts';
import type { TrailFiles } from './trail-files.ts';

const DAY_MS = 86_400_000;

export interface SegmentSettings {
  readonly files: TrailFiles;
  readonly digest: Digest;
  readonly nextSalt: () => string;
  readonly sync: SyncSchedule;
  readonly encode: EncodeTools;
  readonly paths: TrailPaths;
  readonly stateDir: string;
  readonly tenant: string;
  readonly payload: PayloadPolicy;
  readonly origin: SegmentOrigin;
  readonly holder: ProcessIdentity;
  readonly masker?: Masker | undefined;
}

export interface SegmentFile {
  readonly segment: string;
  /** When its day is over, in milliseconds since the epoch. */
  readonly endsAt: number;
  head(): ChainHead;
  bytes(): number;
  /** Bytes of the payloads that stand outside. */
  payloadBytes(): number;
  /** False once its end is no longer certain, or a sync failed: nothing is ever written to it again. */
  isUsable(): boolean;
  /** All records in one write, or none of them. Returns undefined, or why it could not be. Never throws. */
  append(system: readonly SystemRecord[], at: Instant, entries: readonly AuditEntry[]): string | undefined;
  /** Seals, removes the marker, closes. A segment without records leaves nothing. Returns why it could not be sealed. */
  seal(reason: string, at: Instant): string | undefined;
  /** Closes as it stands. The marker stays: the end is unclean, and the next guard says so. */
  abandon(): void;
  /** Called, among others, by the sync schedule before it throws. */
  retire(): void;
}

/** Creates marker and file, in this order, so that no segment is ever without one. Throws where it cannot. */
export function openSegment(
  settings: SegmentSettings,
  segment: string,
  at: Instant,
  after: (SegmentClaim & { readonly why: Succession }) | null,
): SegmentFile {
  const { files, sync, paths } = settings;
  const day = dayOf(at.wallMs);
  files.makeDir(settings.stateDir, tenantSteps(settings.tenant, 'audit', 'open'));
  const directory = files.makeDir(settings.stateDir, tenantSteps(settings.tenant, 'audit', day));
  writeMarker(files, paths.marker(segment), { segment, day, holder: settings.holder });
  const fd = createOrUnmark();
  const payloads = createPayloadStore({
    ...settings,
    policy: settings.payload,
    root: settings.stateDir,
    parts: tenantSteps(settings.tenant, 'audit', 'payload', segment),
  });
  const open: SystemRecord = { type: 'open', segment, origin: settings.origin, after, link: readLastSeal(paths) };
  let head = startChain(segment, settings.digest);
  let bytes = 0;
  let payloadBytes = 0;
  let usable = true;

  function createOrUnmark(): number {
    let created: number | undefined;
    try {
      created = files.create(paths.segment(day, segment));
      syncDirectory();
      return created;
    } catch (error) {
      const half = created;
      if (half !== undefined) quietly(() => files.close(half));
      if (half !== undefined) quietly(() => files.remove(paths.segment(day, segment)));
      quietly(() => files.remove(paths.marker(segment)));
      throw error;
    }
  }
  function syncDirectory(): void {
    let fd: number;
    try {
      fd = files.openDir(directory);
    } catch {
      return; // Windows has no such descriptors; elsewhere the write that follows will tell
    }
    sync.finished(fd);
  }
  /** INVARIANT: what was not acknowledged does not stay, or nothing follows it. */
  function takeBack(): void {
    try {
      files.truncate(fd, bytes);
    } catch {
      usable = false;
    }
  }
  function append(system: readonly SystemRecord[], at: Instant, entries: readonly AuditEntry[]): string | undefined {
    const kept: KeptFile[] = [];
    const batch = startBatch(head, settings.encode);
    let length = 0;
    let external = 0;
    try {
      if (head.seq === 0) batch.system(open, at);
      for (const record of system) batch.system(record, at);
      for (const entry of entries)
        batch.entry(
          entry,
          payloads.keep(entry, (file) => void kept.push(file)),
        );
    } catch (error) {
      discard(kept);
      return messageOf(error);
    }
    try {
      const text = batch.text();
      length = Buffer.byteLength(text);
      const taken = files.write(fd, text);
      if (taken !== length) throw new Error(`only ${taken} of ${length} bytes were written: the disk is full`);
    } catch (error) {
      takeBack();
      discard(kept);
      return messageOf(error);
    }
    try {
      for (let next = kept.shift(); next !== undefined; next = kept.shift()) {
        external += next.bytes;
        sync.finished(next.fd);
      }
      sync.written(fd);
    } catch (error) {
      takeBack();
      discard(kept);
      return messageOf(error);
    }
    head = batch.head();
    bytes += length;
    payloadBytes += external;
    return undefined;
  }
  function discard(kept: readonly KeptFile[]): void {
    for (const payload of kept) {
      quietly(() => files.close(payload.fd));
      quietly(() => files.remove(payload.path));
    }
  }

  return {
    segment,
    endsAt: Date.parse(`${day}T00:00:00Z`) + DAY_MS,
    head: () => head,
    bytes: () => bytes,
    payloadBytes: () => payloadBytes,
    isUsable: () => usable,
    append,
    seal: (reason, at) => {
      if (head.seq === 0) {
        sync.abandon(fd);
        quietly(() => files.remove(paths.segment(day, segment)));
        quietly(() => files.remove(paths.marker(segment)));
        return undefined;
      }
      const fault = append([{ type: 'seal', reason }], at, []);
      if (fault !== undefined) {
        sync.abandon(fd);
        return fault;
      }
      quietly(() => sync.finished(fd));
      writeLastSeal(files, paths, { ...head, sealed: true });
      quietly(() => files.remove(paths.marker(segment)));
      return undefined;
    },
    abandon: () => sync.abandon(fd),
    retire: () => {
      usable = false;
    },
  };
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Tidying up after a fault that is told, or after a seal that stands.
  }
}
