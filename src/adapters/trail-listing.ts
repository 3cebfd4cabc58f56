// Which tenants, days and segments there are. Knows names only: opens no segment.
import { isDay, isSegmentId } from '../audit/segment-id.ts';
import { isTenant, tenantDir } from '../tenant/tenant-scope.ts';
import { type TrailPaths, trailPaths } from '../tenant/trail-paths.ts';
import { listNames } from './small-json.ts';

export interface SegmentPlace {
  readonly segment: string;
  readonly day: string;
  readonly path: string;
}

/** The tenants that have a trail. */
export function listTenants(stateDir: string): string[] {
  return listNames(stateDir).filter(
    (name) => isTenant(name) && listNames(trailPaths(tenantDir(stateDir, name)).audit).length > 0,
  );
}

/** Oldest first. */
export function listDays(paths: TrailPaths): string[] {
  return listNames(paths.audit).filter(isDay);
}

/** Oldest first: the names sort by the time of opening. */
export function listSegments(paths: TrailPaths, day: string): SegmentPlace[] {
  const found: SegmentPlace[] = [];
  for (const name of listNames(paths.day(day))) {
    const segment = name.endsWith('.jsonl') ? name.slice(0, -6) : '';
    if (isSegmentId(segment)) found.push({ segment, day, path: paths.segment(day, segment) });
  }
  return found;
}

/** Of all days, oldest first. */
export function listAllSegments(paths: TrailPaths): SegmentPlace[] {
  return listDays(paths).flatMap((day) => listSegments(paths, day));
}

/** Newest day first: what is asked for is mostly young. */
export function findSegment(paths: TrailPaths, segment: string): SegmentPlace | undefined {
  for (const day of listDays(paths).reverse()) {
    const place = listSegments(paths, day).find((candidate) => candidate.segment === segment);
    if (place !== undefined) return place;
  }
  return undefined;
}
