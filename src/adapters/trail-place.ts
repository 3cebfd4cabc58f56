// Is there a trail to read at all, and may it be read? An empty answer must never mean that nobody could look. Opens no segment.
import * as fs from 'node:fs';
import { isTenant, tenantDir } from '../tenant/tenant-scope.ts';
import { trailPaths } from '../tenant/trail-paths.ts';
import { codeOf } from './state-paths.ts';
import { listDays, listSegments, listTenants } from './trail-listing.ts';

/** What keeps the trail from being read. `directory` is the one that was looked at. */
export interface TrailObstacle {
  readonly directory: string;
  /** `ENOENT`, `ENOTDIR`, `EACCES` … */
  readonly code: string;
}

/** Undefined where every directory of the trail can be listed. `<state>/<tenant>/audit` need not be there yet. */
export function findObstacle(stateDir: string, tenant?: string): TrailObstacle | undefined {
  const obstacle = tryList(stateDir) ?? (tenant === undefined ? undefined : tryList(tenantDir(stateDir, tenant)));
  if (obstacle !== undefined) return obstacle;
  for (const name of tenant === undefined ? tenantNames(stateDir) : [tenant]) {
    const paths = trailPaths(tenantDir(stateDir, name));
    const inside = tryList(tenantDir(stateDir, name)) ?? unlessAbsent(tryList(paths.audit));
    if (inside !== undefined) return inside;
    for (const day of [...listDays(paths).map(paths.day), paths.open]) {
      const closed = unlessAbsent(tryList(day));
      if (closed !== undefined) return closed;
    }
  }
  return undefined;
}

export function hasSegments(stateDir: string, tenant?: string): boolean {
  return (tenant === undefined ? listTenants(stateDir) : [tenant]).some((name) => {
    const paths = trailPaths(tenantDir(stateDir, name));
    return listDays(paths).some((day) => listSegments(paths, day).length > 0);
  });
}

function tryList(directory: string): TrailObstacle | undefined {
  try {
    fs.readdirSync(directory);
    return undefined;
  } catch (error) {
    return { directory, code: codeOf(error) ?? 'unknown' };
  }
}

/** Retention may take a day away at any time, and a guard makes its directories one by one. */
function unlessAbsent(obstacle: TrailObstacle | undefined): TrailObstacle | undefined {
  return obstacle?.code === 'ENOENT' ? undefined : obstacle;
}

/** Directories that are called like tenants, whether their trail can be seen or not. */
function tenantNames(stateDir: string): string[] {
  const entries = fs.readdirSync(stateDir, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && isTenant(entry.name)).map((entry) => entry.name);
}
