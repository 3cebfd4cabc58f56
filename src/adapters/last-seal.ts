// The tenant's last sealed segment, so that the next one can point at it. A hint: what it says is checked by `audit verify`.
import { isSegmentId } from '../audit/segment-id.ts';
import type { SegmentClaim } from '../audit/system-header.ts';
import type { TrailPaths } from '../tenant/trail-paths.ts';
import { readSmallJson } from './small-json.ts';
import type { TrailFiles } from './trail-files.ts';

export function readLastSeal(paths: TrailPaths): SegmentClaim | null {
  const value = readSmallJson(paths.lastSeal);
  if (typeof value !== 'object' || value === null) return null;
  const { segment, seq, head } = { segment: undefined, seq: undefined, head: undefined, ...value };
  if (typeof segment !== 'string' || !isSegmentId(segment) || typeof head !== 'string') return null;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq)) return null;
  return { segment, seq, head, sealed: true };
}

/** Replaced as a whole: a reader sees the old one or the new one. Nothing depends on its success. */
export function writeLastSeal(files: TrailFiles, paths: TrailPaths, claim: SegmentClaim): void {
  const draft = `${paths.lastSeal}.${claim.segment}`;
  try {
    const fd = files.create(draft);
    const text = JSON.stringify({ v: 1, segment: claim.segment, seq: claim.seq, head: claim.head });
    const taken = files.write(fd, text);
    files.close(fd);
    if (taken === Buffer.byteLength(text)) files.rename(draft, paths.lastSeal);
    else files.remove(draft);
  } catch {
    // The next segment then points at an older one, or at none.
  }
}
