// Whether a tenant is suspended: a file in its directory, whose being there is what counts. Knows no session and no command.
import * as fs from 'node:fs';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { replaceFile } from './durable-file.ts';
import { readSmallJson } from './small-json.ts';
import { codeOf, makePrivateDir } from './state-paths.ts';

export interface Suspension {
  readonly version: 1;
  /** Wall clock, ms. */
  readonly sinceMs: number;
  readonly actor: string;
  readonly reason: string;
}

const NAME = 'suspended.json';
/** Of an erasure under way (erasure-claim.ts). */
export const ERASING = 'erasing.json';

/** Whether it is shut out. TRUST: fails closed: an erasure under way shuts out, too, whoever lifts the suspension meanwhile. */
export function isSuspended(scope: TenantScope): boolean {
  return isBeingErased(scope) || hasSuspension(scope);
}

export function hasSuspension(scope: TenantScope): boolean {
  return isMarked(scope, NAME);
}

export function isBeingErased(scope: TenantScope): boolean {
  return isMarked(scope, ERASING);
}

/** TRUST: whatever lies there is a mark, and what cannot be looked at is one, too. Only its being absent is none. */
function isMarked(scope: TenantScope, name: string): boolean {
  try {
    fs.lstatSync(scope.place(name));
    return true;
  } catch (error) {
    return codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR';
  }
}

/** What is said of it; undefined where it is not suspended, or nobody can read why. */
export function readSuspension(scope: TenantScope): Suspension | undefined {
  const value = readSmallJson(scope.place(NAME));
  if (typeof value !== 'object' || value === null) return undefined;
  const { sinceMs, actor, reason } = { sinceMs: undefined, actor: undefined, reason: undefined, ...value };
  if (typeof sinceMs !== 'number' || typeof actor !== 'string' || typeof reason !== 'string') return undefined;
  return { version: 1, sinceMs, actor, reason };
}

/** Durable when it returns. @throws StatePathError, or the error of the file system */
export function writeSuspension(scope: TenantScope, suspension: Suspension): void {
  makePrivateDir(scope.stateDir, scope.steps());
  replaceFile(scope.place(NAME), `${JSON.stringify(suspension)}\n`, 'drop');
}

/** @throws the error of the file system */
export function liftSuspension(scope: TenantScope): void {
  fs.rmSync(scope.place(NAME), { force: true });
}
