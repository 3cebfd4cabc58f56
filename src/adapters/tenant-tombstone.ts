// What is left to say of a tenant that was erased: when, by whom, why and how much. In its directory, beside the record. Knows no
// erasure and no command.
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { replaceFile } from './durable-file.ts';
import { readSmallJson } from './small-json.ts';
import { makePrivateDir } from './state-paths.ts';

export const TOMBSTONE = 'erased.json';

export interface Tombstone {
  readonly version: 1;
  /** Wall clock, ms. */
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string;
  readonly segments: number;
  readonly records: number;
}

/** Durable when it returns. @throws StatePathError, or the error of the file system */
export function writeTombstone(scope: TenantScope, tombstone: Tombstone): void {
  makePrivateDir(scope.stateDir, scope.steps());
  replaceFile(scope.place(TOMBSTONE), `${JSON.stringify(tombstone)}\n`, 'drop');
}

/** It informs and permits nothing. Undefined where there is none, or none that can be read. */
export function readTombstone(scope: TenantScope): Tombstone | undefined {
  const value = readSmallJson(scope.place(TOMBSTONE));
  if (typeof value !== 'object' || value === null) return undefined;
  const { atMs, actor, reason, segments, records } = {
    ...{ atMs: undefined, actor: undefined, reason: undefined, segments: undefined, records: undefined },
    ...value,
  };
  if (typeof atMs !== 'number' || typeof actor !== 'string' || typeof reason !== 'string') return undefined;
  if (typeof segments !== 'number' || typeof records !== 'number') return undefined;
  return { version: 1, atMs, actor, reason, segments, records };
}
