// Keeps what servers offer, off the way of any call: what is new is written some time after it was seen, or at the end of the
// session. Knows neither the document's place nor how it is merged.
import { messageOf } from '../error-text.ts';
import { isGuardError } from '../guard-error.ts';
import { type Inventory, mergeInventory, type Offered } from '../policy/inventory/known-list.ts';
import type { Log } from '../ports/log.ts';
import { inventorySpec, loadInventory } from './inventory-documents.ts';
import type { Timers } from './shutdown-ladder.ts';

export interface InventoryStoreOptions {
  readonly stateDir: string;
  readonly tenant: string;
  readonly log: Log;
  readonly timers: Timers;
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number;
}

export interface InventoryStore {
  /** Returns at once. */
  offer(server: string, offered: Offered): void;
  /** Runs an action once, after the turn that is under way. */
  later(action: () => void): void;
  /** Writes what waits, and settles when nothing is under way. Never rejects. */
  idle(): Promise<void>;
}

/** A session begins with lists, and its first calls shall not wait for a disk. */
const DELAY_MS = 2_000;

export function openInventoryStore(options: InventoryStoreOptions): InventoryStore {
  const { stateDir, tenant, log, timers, nowMs } = options;
  const pending = new Map<string, Inventory>();
  /** Servers of whose inventory something was said. */
  const failing = new Set<string>();
  let cancel: (() => void) | undefined;
  let tail: Promise<void> = Promise.resolve();

  const complain = (server: string, why: string): void => {
    if (failing.has(server)) return;
    failing.add(server);
    log.write('warn', `what \`${server}\` offers cannot be kept for \`mcp-guard scope\`: ${why}`);
  };
  const write = async (server: string, offered: Offered): Promise<void> => {
    try {
      const say = (text: string) => log.write('warn', `inventory of \`${server}\`: ${text}`);
      const spec = inventorySpec(stateDir, tenant, server, { say, nowMs: () => Math.trunc(nowMs()) });
      const known = loadInventory(spec);
      if (known !== undefined && mergeInventory(known, offered) === known) return;
      const { writeInventory } = await import('./inventory-write.ts');
      await writeInventory({ stateDir, tenant, spec }, offered);
    } catch (error) {
      const hint = isGuardError(error) && error.hint !== undefined ? `; ${error.hint}` : '';
      complain(server, `${messageOf(error)}${hint}`);
    }
  };
  const writeAll = (): void => {
    cancel = undefined;
    for (const [server, { server: facts, lists }] of pending) {
      tail = tail.then(() => write(server, { server: facts, lists }));
    }
    pending.clear();
  };

  return {
    offer(server, offered) {
      const before = pending.get(server) ?? { version: 1, name: server, server: undefined, lists: {} };
      pending.set(server, mergeInventory(before, offered));
      cancel ??= timers.after(DELAY_MS, writeAll);
    },
    later(action) {
      setImmediate(action);
    },
    idle() {
      cancel?.();
      writeAll();
      return tail;
    },
  };
}
