// What lies on disk of what servers offer: where, whose, and how it is read. Knows no session; writes nothing, loads no lowdb.
import { join } from 'node:path';
import { type Inventory, readInventory } from '../policy/inventory/known-list.ts';
import { tenantDir } from '../tenant/tenant-scope.ts';
import { type DocumentSpec, readBackup, readDocument } from './document-file.ts';
import { fileStem, listServerFiles } from './server-files.ts';

export const INVENTORY = 'inventory';

const DOCUMENT = /^([^.]+)\.json$/;

export function inventorySpec(
  stateDir: string,
  tenant: string,
  server: string,
  parts: Pick<DocumentSpec<never>, 'say' | 'nowMs'>,
): DocumentSpec<Inventory> {
  return {
    ...parts,
    path: join(tenantDir(stateDir, tenant), INVENTORY, `${fileStem(server)}.json`),
    version: 1,
    empty: { version: 1, name: server, server: undefined, lists: {} },
    check: (value) => readInventory(value, server),
  };
}

/** Undefined where nothing is known of this server. @throws GuardError state_newer, state_unusable */
export function loadInventory(spec: DocumentSpec<Inventory>): Inventory | undefined {
  const reading = readDocument(spec, spec.path);
  if (reading.kind === 'good') return reading.data;
  if (reading.kind === 'absent') return undefined;
  const backup = readBackup(spec);
  return backup.kind === 'good' ? backup.data : undefined;
}

/** The servers of which something is known, sorted by file. attacker-controlled: the names. */
export function listInventories(stateDir: string, tenant: string): readonly string[] {
  return listServerFiles(join(tenantDir(stateDir, tenant), INVENTORY), DOCUMENT);
}
