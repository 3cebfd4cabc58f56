// The places of one tenant's audit trail. Knows no tenant but the directory that it is given.
import { join } from 'node:path';

/** `audit` is `<state>/<tenant>/audit`. */
export interface TrailPaths {
  readonly audit: string;
  readonly open: string;
  readonly payload: string;
  readonly tombstones: string;
  readonly lastSeal: string;
  day(day: string): string;
  segment(day: string, segment: string): string;
  marker(segment: string): string;
  payloads(segment: string): string;
}

export function trailPaths(tenantDirectory: string): TrailPaths {
  const audit = join(tenantDirectory, 'audit');
  return {
    audit,
    open: join(audit, 'open'),
    payload: join(audit, 'payload'),
    tombstones: join(audit, 'removed'),
    lastSeal: join(audit, 'last-seal.json'),
    day: (day) => join(audit, day),
    segment: (day, segment) => join(audit, day, `${segment}.jsonl`),
    marker: (segment) => join(audit, 'open', `${segment}.json`),
    payloads: (segment) => join(audit, 'payload', segment),
  };
}
