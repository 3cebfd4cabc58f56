// The lock's voice about one server, beside the server's own scope. Pure; decides nothing itself.
import { buildLayer, type ScopeLayer } from '../scope/scope-layer.ts';
import type { Scope } from '../scope/scope-policy.ts';

/** Nobody has approved anything of this server. */
export const UNAPPROVED: Scope = { name: '', rule: 'lock', grants: [], denies: [], source: {} };

/**
 * What must allow, too.
 *
 * @param mend the command that gives what it does not have yet
 * @param approved its scope in the config that the lock holds, compiled like any other; undefined: approved as unscoped
 * @param ended which approval gave more, and when that ended
 */
export function lockLayers(approved: Scope | undefined, mend?: string, ended?: string): readonly ScopeLayer[] {
  if (approved === undefined) return [];
  const layer = buildLayer('lock', [approved]);
  return [{ ...layer, ...(mend !== undefined && { mend }), ...(ended !== undefined && { ended }) }];
}
