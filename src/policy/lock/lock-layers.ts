// The scopes that must all allow a request of one server, once there is a lock. Pure; decides nothing itself.
import { buildLayer, type Layers } from '../scope/scope-layer.ts';
import type { Scope } from '../scope/scope-policy.ts';

/**
 * @param scope the server's scope in the config; undefined: unscoped
 * @param approved its scope in the config that the lock holds, compiled the same way; undefined: approved as unscoped
 * @returns undefined where both leave it unscoped
 */
export function lockLayers(scope: Scope | undefined, approved: Scope | undefined): Layers | undefined {
  const lock = approved === undefined ? undefined : buildLayer('lock', [approved]);
  if (scope === undefined) return lock === undefined ? undefined : [lock];
  const own = buildLayer('scope', [scope]);
  return lock === undefined ? [own] : [own, lock];
}
