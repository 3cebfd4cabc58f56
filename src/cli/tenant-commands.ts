// Connects the commands of `tenant` to this machine: its config, its state, its trail, its terminal.
import * as fs from 'node:fs';
import { resolve } from 'node:path';
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { listRunFiles } from '../adapters/run-files.ts';
import { listNames } from '../adapters/small-json.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { isSuspended, liftSuspension, readSuspension, writeSuspension } from '../adapters/suspension.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { writeTenantArchive } from '../adapters/tenant-archive.ts';
import { eraseTenant } from '../adapters/tenant-erasure.ts';
import { readTombstone, writeTombstone } from '../adapters/tenant-tombstone.ts';
import { listDays, listSegments } from '../adapters/trail-listing.ts';
import { findConfigFile } from '../config/find-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { memberOf, objectOf } from '../policy/lock/difference.ts';
import { isTenant, openTenantScope, type TenantScope } from '../tenant/tenant-scope.ts';
import { openOneShotTrail, readActor } from './one-shot-trail.ts';
import { readConsent } from './read-consent.ts';
import { runTenantErase } from './tenant-erase.ts';
import { runTenantExport } from './tenant-export.ts';
import { requireTenant, runTenantOrder, type TenantOrder } from './tenant-order.ts';
import { showTenant, showTenants, type TenantFacts } from './tenant-screen.ts';
import { terminalIo } from './terminal.ts';
import { VERSION } from './version.ts';

interface Shared {
  readonly config?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

export function list(flags: Shared): number {
  const stateDir = resolveStateDir(process.env);
  const listed = listConfigured(flags, stateDir);
  const known = listNames(stateDir).filter((name) => isTenant(name) && isUsed(openTenantScope(stateDir, name)));
  const ids = [...new Set([...(listed ?? []), ...known])].sort();
  return showTenants(
    ids.map((id) => gather(openTenantScope(stateDir, id), listed)),
    flags.json === true,
    terminalIo(flags.color),
  );
}

export function show(tenant: string, flags: Shared): number {
  const scope = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  return showTenant(gather(scope, listConfigured(flags, scope.stateDir)), flags.json === true, terminalIo(flags.color));
}

export function order(tenant: string, word: TenantOrder['word'], flags: Shared & Pick<TenantOrder, 'reason'>): number {
  const scope = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  const actor = readActor();
  return runTenantOrder({ tenant, word, reason: flags.reason }, terminalIo(flags.color), {
    ...{ actor, nowMs },
    isSuspended: () => isSuspended(scope),
    suspend: (reason) => writeSuspension(scope, { version: 1, sinceMs: nowMs(), actor, reason }),
    resume: () => liftSuspension(scope),
    openTrail: () => trailOf(scope, actor),
  });
}

export function erase(
  tenant: string,
  flags: Shared & { readonly reason?: string; readonly yes?: boolean },
): Promise<number> {
  const scope = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  const actor = readActor();
  return runTenantErase(flags, terminalIo(flags.color), {
    ...{ facts: gather(scope, listConfigured(flags, scope.stateDir)), actor, consent: readConsent() },
    openTrail: () => trailOf(scope, actor),
    erase: () => eraseTenant(scope),
    leaveTombstone: (erased) => writeTombstone(scope, { version: 1, atMs: nowMs(), actor, ...erased }),
  });
}

export function exportArchive(tenant: string, flags: Shared & { readonly out?: string }): number {
  const scope = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  const actor = readActor();
  const day = showTime(nowMs()).slice(0, 10);
  const path = resolve(flags.out ?? `mcp-guard-${scope.id}-${day}.tar`);
  return runTenantExport(
    {
      ...{ tenant: scope.id, path, actor, hasRecord: listDays(scope.trail).length > 0 },
      openTrail: () => trailOf(scope, actor),
      write: () => writeTenantArchive({ scope, path, nowMs: nowMs(), guard: VERSION }),
    },
    terminalIo(flags.color),
  );
}

const nowMs = (): number => Math.trunc(systemClock.now().wallMs);

function trailOf({ stateDir, id }: TenantScope, actor: string) {
  return openOneShotTrail({ stateDir, tenant: id, server: undefined, clock: systemClock, actor });
}

/** Undefined where there is no config, or none that can be read: what is on disk is shown all the same. */
function listConfigured({ config }: Shared, stateDir: string): readonly string[] | undefined {
  const { env } = process;
  try {
    const { place } = findConfigFile({
      flag: config,
      env,
      cwd: process.cwd(),
      readAllowed: () => readAllowedConfigs(stateDir),
    });
    if (place === undefined) return undefined;
    return Object.keys(objectOf(memberOf(loadConfig(place, { env, uid: process.getuid?.() }).document, 'tenants')));
  } catch (error) {
    if (config !== undefined) throw error;
    return undefined;
  }
}

function isUsed({ trail, homes, id, stateDir }: TenantScope): boolean {
  return fs.existsSync(trail.audit) || fs.existsSync(homes.directory) || isSuspended(openTenantScope(stateDir, id));
}

function gather(scope: TenantScope, listed: readonly string[] | undefined): TenantFacts {
  const { id, trail, directory, homes, stateDir } = scope;
  const segments = listDays(trail).flatMap((day) => listSegments(trail, day));
  const suspension = readSuspension(scope);
  const tombstone = readTombstone(scope);
  return {
    id,
    isConfigured: listed?.includes(id),
    isSuspended: isSuspended(scope),
    suspended:
      suspension === undefined
        ? undefined
        : { since: showTime(suspension.sinceMs), actor: suspension.actor, reason: suspension.reason },
    erased:
      tombstone === undefined
        ? undefined
        : { at: showTime(tombstone.atMs), actor: tombstone.actor, reason: tombstone.reason },
    sessions: listRunFiles(stateDir, nowMs())
      .guards.filter(({ record }) => record.tenant === id)
      .map(({ holder, record }) => ({ pid: holder.pid, servers: record.servers.map(({ name }) => name) })),
    segments: segments.length,
    recordBytes: segments.reduce((sum, { path }) => sum + sizeOf(path), 0),
    ...{ state: directory, homes: homes.directory },
  };
}

function showTime(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString();
}

function sizeOf(path: string): number {
  return fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
