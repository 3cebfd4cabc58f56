// How much of the disk a tenant's record may take, all guards of it together. Measures; writes and removes nothing.
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { TrailPaths } from '../tenant/trail-paths.ts';
import { listNames } from './small-json.ts';
import { listAllSegments } from './trail-listing.ts';

/** What this guard writes before it looks again what the others have written. */
const MOST_UNSEEN = 1_048_576;
const MEND = 'the oldest sealed segments leave; `mcp-guard tenant show` says what else makes room';
/** A full one is looked at no more often than this: somebody may have made room. */
const FULL_LOOK_MS = 1_000;

export interface RecordQuota {
  /** Undefined: there is room. Else why there is none. @param written bytes that this guard has appended so far @param nowMs monotonic */
  refuse(written: number, nowMs: number): string | undefined;
}

export function createRecordQuota(paths: TrailPaths, maxBytes: number): RecordQuota {
  let used: number | undefined;
  let writtenThen = 0;
  let lookedMs = Number.NEGATIVE_INFINITY;
  return {
    refuse: (written, nowMs) => {
      const estimate = () => (used ?? 0) + written - writtenThen;
      const isStale = used === undefined || written - writtenThen >= MOST_UNSEEN;
      if (isStale || (estimate() >= maxBytes && nowMs - lookedMs >= FULL_LOOK_MS)) {
        used = measureRecord(paths);
        writtenThen = written;
        lookedMs = nowMs;
      }
      return estimate() < maxBytes ? undefined : `the record has reached its quota of ${maxBytes} bytes (${MEND})`;
    },
  };
}

/** Segments and payloads, in bytes. */
export function measureRecord(paths: TrailPaths): number {
  const segments = listAllSegments(paths).map(({ path }) => path);
  const payloads = listNames(paths.payload).flatMap((segment) =>
    listNames(paths.payloads(segment)).map((name) => join(paths.payloads(segment), name)),
  );
  return [...segments, ...payloads].reduce((sum, path) => sum + sizeOf(path), 0);
}

function sizeOf(path: string): number {
  try {
    return fs.lstatSync(path).size;
  } catch {
    // retention took it meanwhile
    return 0;
  }
}
