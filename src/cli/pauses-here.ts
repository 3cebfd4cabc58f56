// The pauses of a tenant on this machine, as commands show them. What does not count pauses nothing, and is said on stderr.
import { placeLock } from '../adapters/lock-file.ts';
import { PauseLook, pausesSpec } from '../adapters/pause-look.ts';
import { type Pause, type Pauses, pauseAt } from '../policy/pause.ts';
import type { Clock } from '../ports/clock.ts';
import { isTenant } from '../tenant/tenant-scope.ts';
import { sayAside } from './terminal.ts';

/** @param nowMs wall clock */
export function readPausesHere(stateDir: string, tenant: string, nowMs: number): Pauses {
  return openLook(stateDir, tenant, () => nowMs).read(0);
}

/** For who goes on looking, at the guards of several tenants and configs: what is paused now. */
export function followPauses(
  stateDir: string,
  now: Clock['now'],
): (tenant: string, server: string, config: string) => Pause | undefined {
  const looks = new Map<string, PauseLook>();
  return (tenant, server, config) => {
    // the record of a guard proves nothing: whatever it calls its tenant leads nowhere else
    if (!isTenant(tenant)) return undefined;
    const { wallMs, monoMs } = now();
    const look = looks.get(tenant) ?? openLook(stateDir, tenant, () => now().wallMs);
    looks.set(tenant, look);
    return pauseAt(look.read(monoMs), { config: placeLock(config, stateDir, tenant).config, server }, wallMs);
  };
}

function openLook(stateDir: string, tenant: string, nowMs: () => number): PauseLook {
  return new PauseLook(pausesSpec(stateDir, tenant, { say: sayAside, nowMs: () => Math.trunc(nowMs()) }));
}
