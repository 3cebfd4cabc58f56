// Segments whose writer died: found by their markers alone, put on record by the next guard. Never changes one of them.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { startChain } from '../audit/chain.ts';
import { countAt, readRecord } from '../audit/record.ts';
import type { SystemRecord } from '../audit/system-header.ts';
import type { TrailPaths } from '../tenant/trail-paths.ts';
import { judgeLiveness } from './process-identity.ts';
import { listMarkers, type SegmentMarker } from './segment-markers.ts';
import { sha256Digest } from './sha256-digest.ts';
import { openRegular } from './small-json.ts';
import { codeOf } from './state-paths.ts';
import type { TrailFiles } from './trail-files.ts';
import { blocksOf, MAX_LINE_BYTES, readLinesBackward } from './trail-lines.ts';

/** A holder that cannot be judged from here is given this long since the segment's last write. */
const UNKNOWN_MS = 86_400_000;
/** One guard's share of the work; the next one finds the rest. */
const MAX_STALE = 64;
/** A torn record is no longer than a record. What is longer was not left by a guard, and only its end is hashed. */
const MAX_TAIL_BYTES = MAX_LINE_BYTES;

export type StaleSegment = SegmentMarker;

/** Looks only at the markers: costs the same however long the trail is. At most 64, oldest first. `now` in milliseconds since the epoch. */
export function findStale(paths: TrailPaths, now: number): StaleSegment[] {
  const stale = listMarkers(paths).filter((marker) => {
    const liveness = judgeLiveness(marker.holder);
    return liveness === 'dead' || (liveness === 'unknown' && lastWrite(paths, marker) < now - UNKNOWN_MS);
  });
  return stale.slice(0, MAX_STALE);
}

function lastWrite(paths: TrailPaths, marker: SegmentMarker): number {
  try {
    return fs.lstatSync(paths.segment(marker.day, marker.segment)).mtimeMs;
  } catch {
    return 0;
  }
}

/**
 * Takes each marker away and returns what is to be recorded. INVARIANT: of several guards that find the same segment one
 * alone removes the marker, and only that one records it.
 */
export function claimStale(files: TrailFiles, paths: TrailPaths, stale: readonly StaleSegment[]): SystemRecord[] {
  const records: SystemRecord[] = [];
  for (const marker of stale) {
    const record = describeEnd(paths, marker);
    try {
      files.remove(paths.marker(marker.segment));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') records.push(...orNone(record));
      continue;
    }
    records.push(...orNone(record));
  }
  return records;
}

const orNone = (record: SystemRecord | undefined) => (record === undefined ? [] : [record]);

/**
 * Undefined where there is no file: the writer died before its first record. INVARIANT: reads a bounded part of the file,
 * whatever it holds: a call may be waiting. A claim about record 0 says nothing.
 */
function describeEnd(paths: TrailPaths, { segment, day, holder }: SegmentMarker): SystemRecord | undefined {
  const opened = openRegular(paths.segment(day, segment));
  if (opened === undefined) return undefined;
  const { fd, stat } = opened;
  try {
    let after = stat.size; // so much stands after the last LF, unless one is found
    let last = startChain(segment, sha256Digest);
    for (const line of readLinesBackward(blocksOf(fd), stat.size)) {
      after = line.ended ? stat.size - line.at - line.bytes - 1 : line.bytes;
      if (!line.ended) continue;
      const record = line.text === undefined ? undefined : readRecord(line.text);
      const seq = countAt(record?.header, 'seq');
      if (record !== undefined && seq !== undefined) last = { segment, seq, head: record.hash };
      break;
    }
    const tailBytes = Math.min(after, MAX_TAIL_BYTES);
    const tailHash = tailBytes === 0 ? null : hashTail(fd, stat.size - tailBytes, tailBytes);
    return { type: 'recover', claim: { ...last, sealed: false }, day, pid: holder.pid, tailBytes, tailHash };
  } finally {
    fs.closeSync(fd);
  }
}

/** `length` is at most `MAX_TAIL_BYTES`. */
function hashTail(fd: number, from: number, length: number): string {
  const block = Buffer.alloc(length);
  const taken = fs.readSync(fd, block, 0, length, from);
  return createHash('sha256').update(block.subarray(0, taken)).digest('hex');
}
