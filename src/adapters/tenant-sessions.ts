// The sessions of one tenant that run, by the records of guards. Knows no other tenant and ends nothing.
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { listRunFiles } from './run-files.ts';

export interface TenantSession {
  /** Of the guard. */
  readonly pid: number;
  readonly servers: readonly string[];
}

export function listSessions({ stateDir, id }: TenantScope, nowMs: number): readonly TenantSession[] {
  return listRunFiles(stateDir, nowMs)
    .guards.filter(({ record }) => record.tenant === id)
    .map(({ holder, record }) => ({ pid: holder.pid, servers: record.servers.map(({ name }) => name) }));
}
