// Opens the limit store that a config names, for one tenant. The file's native lock and a redis are loaded here, when they are
// needed. Knows no limit.
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';
import type { LimitStore } from '../ports/limit-store.ts';
import { tenantSteps } from '../tenant/tenant-scope.ts';
import { makeMoment } from './boot-moment.ts';
import { loadKernelLock } from './kernel-lock.ts';
import { openFileLimitStore } from './limit-store-file.ts';
import { openMemoryLimitStore } from './limit-store-memory.ts';
import { readOwnIdentity } from './process-identity.ts';
import { readRedisPlace } from './redis-place.ts';
import { makePrivateDir } from './state-paths.ts';

export interface OpenLimitStoreOptions {
  readonly kind: 'memory' | 'file' | 'redis';
  /** Of a redis. @see redis-place.ts */
  readonly url?: string | undefined;
  readonly stateDir: string;
  readonly tenant: string;
  readonly clock: Clock;
  readonly say: (text: string) => void;
  /** That counts were lost; undefined: as `say`. */
  readonly lost?: ((text: string) => void) | undefined;
}

/** @throws StatePathError, the file system's error */
export async function openLimitStore({
  kind,
  url = '',
  stateDir,
  tenant,
  clock,
  say,
  lost = say,
}: OpenLimitStoreOptions): Promise<LimitStore> {
  if (kind === 'memory') return openMemoryLimitStore();
  if (kind === 'redis') {
    const { openRedisLimitStore } = await import('./limit-store-redis.ts');
    const sources = { env: process.env, uid: process.getuid?.() };
    return openRedisLimitStore({ place: () => readRedisPlace(url, sources), tenant, say });
  }
  const kernelLock = await loadKernelLock();
  const { bootId } = readOwnIdentity();
  const momentOf = makeMoment(clock, bootId, 'no-boot-id');
  // Where the system names no boot, the wall clock is all that processes have in common.
  const moment =
    bootId === null
      ? () => ({ ...clock.now(), monoMs: clock.now().wallMs, bootId: 'wall' })
      : () => momentOf(clock.now());
  const directory = makePrivateDir(stateDir, tenantSteps(tenant, 'limits'));
  return openFileLimitStore({ directory, kernelLock, moment, say: lost, delay: (ms) => delay(ms) });
}
