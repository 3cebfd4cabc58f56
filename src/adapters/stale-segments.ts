// Segments whose writer died: found by their markers alone, put on record by the next guard. Never changes one of them.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { startChain } from '../audit/chain.ts';
import { countAt, readRecord } from '../audit/record.ts';
import type { SystemRecord } from '../audit/system-header.ts';
import { judgeLiveness } from './process-identity.ts';
import { listMarkers, type SegmentMarker } from './segment-markers.ts';
import { sha256Digest } from './sha256-digest.ts';
import { openRegular } from './small-json.ts';
import { codeOf, type TrailPaths } from './state-paths.ts';
import type { TrailFiles } from './trail-files.ts';
import { blocksOf, readLinesBackward } from './trail-lines.ts';

/** A holder that cannot be judged from here is given this long since the segment's last write. */
const UNKNOWN_MS = 86_400_000;

export type StaleSegment = SegmentMarker;

/** Looks only at the markers: costs the same however long the trail is. `now` in milliseconds since the epoch. */
export function findStale(paths: TrailPaths, now: number): StaleSegment[] {
  return listMarkers(paths).filter((marker) => {
    const liveness = judgeLiveness(marker.holder);
    return liveness === 'dead' || (liveness === 'unknown' && lastWrite(paths, marker) < now - UNKNOWN_MS);
  });
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

/** Undefined where there is no file: the writer died before its first record. */
function describeEnd(paths: TrailPaths, { segment, day, holder }: SegmentMarker): SystemRecord | undefined {
  const opened = openRegular(paths.segment(day, segment));
  if (opened === undefined) return undefined;
  try {
    let tailBytes = 0;
    let tailHash: string | null = null;
    let last = startChain(segment, sha256Digest);
    for (const line of readLinesBackward(blocksOf(opened.fd), opened.stat.size)) {
      if (!line.ended) {
        tailBytes = line.bytes;
        tailHash = hashTail(opened.fd, opened.stat.size - line.bytes, line.bytes);
        continue;
      }
      const record = line.text === undefined ? undefined : readRecord(line.text);
      const seq = countAt(record?.header, 'seq');
      if (record !== undefined && seq !== undefined) last = { segment, seq, head: record.hash };
      break;
    }
    return { type: 'recover', claim: { ...last, sealed: false }, day, pid: holder.pid, tailBytes, tailHash };
  } finally {
    fs.closeSync(opened.fd);
  }
}

function hashTail(fd: number, from: number, length: number): string {
  const hash = createHash('sha256');
  const block = Buffer.alloc(Math.min(length, 1 << 20));
  for (let done = 0; done < length; ) {
    const taken = fs.readSync(fd, block, 0, Math.min(block.length, length - done), from + done);
    if (taken === 0) break;
    hash.update(block.subarray(0, taken));
    done += taken;
  }
  return hash.digest('hex');
}
