// A limits file in a directory of its own, with time in the test's hands. Asserts nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KernelLock, loadKernelLock } from '../../../src/adapters/kernel-lock.ts';
import { openFileLimitStore } from '../../../src/adapters/limit-store-file.ts';
import type { LimitStore } from '../../../src/ports/limit-store.ts';
import type { LimitWorld } from './contract.ts';
import { ManualTime } from './manual-time.ts';

export class FileWorld implements LimitWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'limits-'));
  readonly path = join(this.directory, 'counts');
  readonly time = new ManualTime();
  readonly slackMs = 0;
  readonly said: string[] = [];
  readonly #stores: LimitStore[] = [];
  readonly #lock: KernelLock | undefined;
  bootId = 'boot-1';

  constructor(lock: KernelLock | undefined) {
    this.#lock = lock;
  }

  open(lock = this.#lock): LimitStore {
    const store = openFileLimitStore({
      directory: this.directory,
      kernelLock: lock,
      moment: () => ({ ...this.time.now(), bootId: this.bootId }),
      // Turns of the event loop instead of time.
      delay: () => new Promise((resolve) => setImmediate(resolve)),
      say: (text) => this.said.push(text),
    });
    this.#stores.push(store);
    return store;
  }

  now() {
    return this.time.now();
  }

  readonly pass = (ms: number): Promise<void> => this.time.pass(ms);

  /** As after `ms` without power: a new boot, its monotonic clock near 0. */
  reboot(ms: number): void {
    this.time.wallMs += ms;
    this.time.monoMs = 7_000;
    this.bootId = `${this.bootId}+`;
  }

  async close(): Promise<void> {
    for (const store of this.#stores) {
      await store.idle();
      store.close();
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function requireKernelLock(): Promise<KernelLock> {
  const lock = await loadKernelLock();
  if (lock === undefined) throw new Error('fs-native-extensions does not load here');
  return lock;
}
