// Which tenants of this machine have a user, over all state directories: one file each in a directory of root's, gone with a boot. Knows
// neither homes nor processes beyond whether they are there. Linux, since only there a server has a user of its own.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { readSmallJson } from './small-json.ts';
import { makePrivateDir } from './state-paths.ts';
import { listProcessesOf } from './user-processes.ts';

/** TRUST: only root writes in it. */
const ROOT = '/run';
const STEPS = ['mcp-guard', 'users'];
/** A claim comes before its home does. */
const YOUNG_MS = 60_000;

export interface ClaimPorts {
  readonly root?: string;
  readonly listProcesses?: (uid: number) => readonly number[];
  readonly nowMs?: () => number;
}

/**
 * Before anything is run as it. INVARIANT: who was there first, as this user, is nobody of this tenant's. What cannot be written is no claim.
 */
export function claimUser(scope: TenantScope, uid: number, ports: ClaimPorts = {}): void {
  const { root = ROOT, listProcesses = listProcessesOf, nowMs = Date.now } = ports;
  const homes = scope.homes.directory;
  try {
    const path = join(makePrivateDir(root, [...STEPS, String(uid)]), nameOf(homes));
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && (isHomeOf(homes, uid) || nowMs() - stat.mtimeMs < YOUNG_MS)) return;
    const isAlone = listProcesses(uid).length === 0;
    fs.rmSync(path, { force: true });
    fs.writeFileSync(path, `${JSON.stringify({ version: 1, homes, isAlone })}\n`, { flag: 'wx', mode: 0o600 });
  } catch {
    // then nothing is known to be this tenant's, and nothing of it is ended
  }
}

/** Why somebody else may be at work as `uid`; undefined where all that does is this tenant's. */
export function findOtherUse(scope: TenantScope, uid: number, { root = ROOT }: ClaimPorts = {}): string | undefined {
  const homes = scope.homes.directory;
  const directory = join(root, ...STEPS, String(uid));
  let names: readonly string[];
  try {
    names = fs.readdirSync(directory);
  } catch {
    names = [];
  }
  if (!names.includes(nameOf(homes))) return 'this machine does not know it to be this tenant’s since it was started';
  const claims = names.map((name) => readClaim(join(directory, name)));
  if (claims.some((claim) => claim === undefined)) return 'what says whose it is cannot be read';
  const others = claims.filter((claim) => claim !== undefined && claim.homes !== homes && isHomeOf(claim.homes, uid));
  if (others.length > 0) return `a tenant of another state directory has it, too (\`${others[0]?.homes}\`)`;
  return claims.some((claim) => claim?.homes === homes && claim.isAlone)
    ? undefined
    : 'somebody was at work as it before the tenant was';
}

function readClaim(path: string): { readonly homes: string; readonly isAlone: boolean } | undefined {
  const value = readSmallJson(path);
  if (typeof value !== 'object' || value === null) return undefined;
  const { homes, isAlone } = { homes: undefined, isAlone: undefined, ...value };
  return typeof homes === 'string' ? { homes, isAlone: isAlone === true } : undefined;
}

function isHomeOf(homes: string, uid: number): boolean {
  try {
    return fs.lstatSync(join(homes, 'home'), { throwIfNoEntry: false })?.uid === uid;
  } catch {
    return true; // it cannot be said that it is not
  }
}

function nameOf(homes: string): string {
  return `${createHash('sha256').update(homes).digest('hex').slice(0, 32)}.json`;
}
