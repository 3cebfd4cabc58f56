// Writes what a server offers under its lock. Loaded with the first change (it brings lowdb), never by a guard whose servers
// offer what they did. Knows no queue.

import { type Inventory, mergeInventory, type Offered } from '../policy/inventory/known-list.ts';
import { tenantSteps } from '../tenant/tenant-scope.ts';
import type { DocumentSpec } from './document-file.ts';
import { INVENTORY } from './inventory-documents.ts';
import { openStateDocument } from './state-document.ts';
import { makePrivateDir } from './state-paths.ts';

export interface InventoryPlace {
  readonly stateDir: string;
  readonly tenant: string;
  readonly spec: DocumentSpec<Inventory>;
}

/** Durable when it resolves. @throws GuardError state_newer, state_unusable, state_locked */
export async function writeInventory({ stateDir, tenant, spec }: InventoryPlace, offered: Offered): Promise<void> {
  makePrivateDir(stateDir, tenantSteps(tenant, INVENTORY));
  await openStateDocument(spec).update((known) => mergeInventory(known, offered));
}
