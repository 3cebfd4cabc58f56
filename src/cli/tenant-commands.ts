// Connects the commands of `tenant` to this machine: its config, its state, its trail, its terminal.
import * as fs from 'node:fs';
import { resolve } from 'node:path';
import { readAllowedConfigs } from '../adapters/allowed-configs.ts';
import { claimErasure, whileNotErased } from '../adapters/erasure-claim.ts';
import { measureRecord } from '../adapters/record-quota.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { listNames } from '../adapters/small-json.ts';
import { resolveStateDir } from '../adapters/state-paths.ts';
import { hasSuspension, isSuspended, liftSuspension, readSuspension, writeSuspension } from '../adapters/suspension.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { writeTenantArchive } from '../adapters/tenant-archive.ts';
import { eraseTenant } from '../adapters/tenant-erasure.ts';
import { listSessions } from '../adapters/tenant-sessions.ts';
import { readTombstone, writeTombstone } from '../adapters/tenant-tombstone.ts';
import { findTenantUser } from '../adapters/tenant-user.ts';
import { listAllSegments, listDays } from '../adapters/trail-listing.ts';
import { endProcessesOf } from '../adapters/user-processes.ts';
import { findConfigFile } from '../config/find-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { isTenant, openTenantScope, type TenantScope } from '../tenant/tenant-scope.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';
import { type HistoryOptions, runHistory } from './event-history.ts';
import { readActor } from './local-user.ts';
import { openOneShotTrail } from './one-shot-trail.ts';
import { readConsent } from './read-consent.ts';
import { lastEventsIn } from './state-trail.ts';
import { runTenantErase } from './tenant-erase.ts';
import { runTenantExport } from './tenant-export.ts';
import { joinOrders, TENANT_HISTORY } from './tenant-history.ts';
import { requireKnown } from './tenant-known.ts';
import { endLeftovers, type LeftoverContext } from './tenant-leftovers.ts';
import { requireTenant, runTenantOrder, type TenantOrder } from './tenant-order.ts';
import { showTenant, showTenants, type TenantFacts } from './tenant-screen.ts';
import { terminalIo } from './terminal.ts';
import { VERSION } from './version.ts';

interface Shared {
  readonly config?: string;
  readonly json?: boolean;
  readonly color: boolean;
}

interface Configured {
  readonly tenants: JsonObject;
  /** The whole config. */
  readonly shared: JsonObject;
}

export function list(flags: Shared): number {
  const stateDir = resolveStateDir(process.env);
  const configured = readConfigured(flags, stateDir);
  const ids = [...new Set([...Object.keys(configured?.tenants ?? {}), ...listKept(stateDir)])].sort();
  return showTenants(
    ids.map((id) => gather(openTenantScope(stateDir, id), configured)),
    flags.json === true,
    terminalIo(flags.color),
  );
}

export function show(tenant: string, flags: Shared): number {
  const scope = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  const configured = readConfigured(flags, scope.stateDir);
  requireKnown(scope.id, { listed: namesOf(configured), kept: listKept(scope.stateDir) });
  return showTenant(gather(scope, configured), flags.json === true, terminalIo(flags.color));
}

export function history(tenant: string, flags: Shared & HistoryOptions): number {
  const { stateDir, id } = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  const kept = listKept(stateDir);
  // a config that cannot be read hides nothing of what is on record
  if (!kept.includes(id)) requireKnown(id, { listed: namesOf(readConfigured(flags, stateDir)), kept });
  const lastEvents = hasTrail(stateDir, id) ? lastEventsIn(stateDir, id, ['tenant']) : () => [];
  return runHistory(flags, terminalIo(flags.color), TENANT_HISTORY, joinOrders(lastEvents), nowMs());
}

export async function order(
  tenant: string,
  word: TenantOrder['word'],
  flags: Shared & Pick<TenantOrder, 'reason'>,
): Promise<number> {
  const scope = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  const kept = listKept(scope.stateDir);
  // of whom something is kept is shut out whatever the config says, or whether it can be read
  if (!kept.includes(scope.id))
    requireKnown(scope.id, { listed: namesOf(readConfigured(flags, scope.stateDir)), kept });
  const actor = readActor();
  const io = terminalIo(flags.color);
  const give = (): number =>
    runTenantOrder({ tenant, word, reason: flags.reason }, io, {
      ...{ actor, nowMs },
      isSuspended: () => isSuspended(scope),
      since: () => describeSuspension(scope),
      suspend: (reason) => writeSuspension(scope, { version: 1, sinceMs: nowMs(), actor, reason }),
      resume: () => liftSuspension(scope),
      openTrail: () => trailOf(scope, actor),
    });
  // while it is erased its record is rewritten, and nobody is let in
  const status = word === 'resume' ? await whileNotErased(scope, give) : give();
  if (word === 'suspend') await endLeftovers(io, leftoversOf(scope, actor));
  return status;
}

export function erase(
  tenant: string,
  flags: Shared & { readonly reason?: string; readonly yes?: boolean },
): Promise<number> {
  const scope = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  const configured = readConfigured(flags, scope.stateDir);
  requireKnown(scope.id, { listed: namesOf(configured), kept: listKept(scope.stateDir) });
  const actor = readActor();
  const io = terminalIo(flags.color);
  return runTenantErase(flags, io, {
    ...{ facts: gather(scope, configured), actor, consent: readConsent() },
    openTrail: () => trailOf(scope, actor),
    claim: () => claimErasure(scope),
    look: () => ({ isSuspended: hasSuspension(scope), sessions: listSessions(scope, nowMs()) }),
    // INVARIANT: nobody of the tenant is at work where its home is removed
    endLeftovers: () => endLeftovers(io, leftoversOf(scope, actor)),
    erase: () => eraseTenant(scope),
    leaveTombstone: (erased) => writeTombstone(scope, { version: 1, atMs: nowMs(), actor, ...erased }),
  });
}

export function exportArchive(tenant: string, flags: Shared & { readonly out?: string }): number {
  const scope = openTenantScope(resolveStateDir(process.env), requireTenant(tenant));
  const kept = listKept(scope.stateDir);
  // what is kept of one can be exported whatever the config says, or whether it can be read
  if (!kept.includes(scope.id))
    requireKnown(scope.id, { listed: namesOf(readConfigured(flags, scope.stateDir)), kept });
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

function leftoversOf(scope: TenantScope, actor: string): LeftoverContext {
  return {
    ...{ actor, findUser: () => findTenantUser(scope), end: (user) => endProcessesOf(user, systemTimers) },
    sessions: () => listSessions(scope, nowMs()).length,
    isShutOut: () => isSuspended(scope),
    pause: (ms) => new Promise((wake) => void systemTimers.after(ms, wake)),
    record: (detail) => {
      const trail = trailOf(scope, actor);
      try {
        trail.record('tenant', detail);
      } finally {
        trail.close();
      }
    },
  };
}

function trailOf({ stateDir, id }: TenantScope, actor: string) {
  return openOneShotTrail({ stateDir, tenant: id, server: undefined, clock: systemClock, actor });
}

/** Undefined where there is no config, or none that can be read: what is on disk is shown all the same. */
function readConfigured({ config }: Shared, stateDir: string): Configured | undefined {
  const { env } = process;
  try {
    const { place } = findConfigFile({
      flag: config,
      env,
      cwd: process.cwd(),
      readAllowed: () => readAllowedConfigs(stateDir),
    });
    if (place === undefined) return undefined;
    const { document } = loadConfig(place, { env, uid: process.getuid?.() });
    return { tenants: objectOf(memberOf(document, 'tenants')), shared: document };
  } catch (error) {
    if (config !== undefined) throw error;
    process.stderr.write(
      'mcp-guard: the config cannot be used, so what it says of tenants is not known here:\nrun `mcp-guard config check`\n',
    );
    return undefined;
  }
}

/** One that was suspended or erased before its first session has no record of its own. */
function hasTrail(stateDir: string, tenant: string): boolean {
  return fs.existsSync(openTenantScope(stateDir, tenant).trail.audit);
}

function describeSuspension(scope: TenantScope): TenantFacts['suspended'] {
  const suspension = readSuspension(scope);
  if (suspension === undefined) return undefined;
  return { since: showTime(suspension.sinceMs), actor: suspension.actor, reason: suspension.reason };
}

function namesOf(configured: Configured | undefined): readonly string[] | undefined {
  return configured === undefined ? undefined : Object.keys(configured.tenants);
}

function listKept(stateDir: string): readonly string[] {
  return listNames(stateDir).filter((name) => isTenant(name) && isUsed(openTenantScope(stateDir, name)));
}

/** The stricter of the config's and the tenant's; a lock or ceiling may have a stricter one. */
function quotaOf(id: string, { tenants, shared }: Configured): number | undefined {
  const own = [shared, objectOf(tenants[id])].map((block) =>
    memberOf(objectOf(memberOf(objectOf(memberOf(block, 'audit')), 'quota')), 'maxBytes'),
  );
  const given = own.filter((bytes) => typeof bytes === 'number');
  return given.length === 0 ? undefined : Math.min(...given);
}

function isUsed({ trail, homes, id, stateDir }: TenantScope): boolean {
  return fs.existsSync(trail.audit) || fs.existsSync(homes.directory) || isSuspended(openTenantScope(stateDir, id));
}

function gather(scope: TenantScope, configured: Configured | undefined): TenantFacts {
  const { id, trail, directory, homes } = scope;
  const segments = listAllSegments(trail);
  const tombstone = readTombstone(scope);
  return {
    id,
    isConfigured: namesOf(configured)?.includes(id),
    isSuspended: isSuspended(scope),
    suspended: describeSuspension(scope),
    erased:
      tombstone === undefined
        ? undefined
        : { at: showTime(tombstone.atMs), actor: tombstone.actor, reason: tombstone.reason },
    sessions: listSessions(scope, nowMs()),
    segments: segments.length,
    recordBytes: measureRecord(trail),
    quotaBytes: configured === undefined ? undefined : quotaOf(id, configured),
    ...{ state: directory, homes: homes.directory },
  };
}

function showTime(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString();
}
