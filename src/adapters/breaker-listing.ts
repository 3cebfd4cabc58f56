// Which servers of a tenant have breakers on record. Judges no board.
import { join } from 'node:path';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { BREAKERS } from './breaker-paths.ts';
import { listServerFiles } from './server-files.ts';

/** A document, or what is left of one: an isolation counts whose board is gone. */
const DOCUMENT = /^([^.]+)\.(?:isolations\.)?json(?:\.bak)?$/;

/** Sorted by file. attacker-controlled: the names. */
export function listBreakerServers(stateDir: string, tenant: string): readonly string[] {
  return listServerFiles(join(tenantDir(stateDir, tenant), BREAKERS), DOCUMENT);
}
