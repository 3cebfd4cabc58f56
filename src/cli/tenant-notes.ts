// What a tenant's sessions would stumble over here and now, of every tenant of a config that is good: its secrets, programs and directories,
// and what its sandbox would not be shown. No errors, as with config-notes.ts. Starts nothing.
import { createJudge, listOutermost } from '../adapters/shown-places.ts';
import type { IsolationPolicy } from '../config/isolation-policy.ts';
import { showPath } from '../config/json-path.ts';
import { type LoadContext, loadTenantView } from '../config/load-config.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { viewForTenant } from '../config/tenant-view.ts';
import { isGuardError } from '../guard-error.ts';
import { memberOf, objectOf } from '../policy/lock/difference.ts';
import { homesBeside } from '../tenant/tenant-scope.ts';
import type { JsonObject } from '../wire/json.ts';
import { type ConfigNote, listServerNotes } from './config-notes.ts';

/**
 * @param known what is said of the config itself: not said once more of whoever inherits it
 * @param document one that compiles, for each of its tenants, too
 */
export function listTenantNotes(
  document: JsonObject,
  source: Policy['source'],
  context: LoadContext & { readonly stateDir: string },
  known: readonly ConfigNote[],
): readonly ConfigNote[] {
  const said = new Set(known.map(({ path, text }) => `${path} ${text}`));
  return Object.keys(objectOf(memberOf(document, 'tenants'))).flatMap((tenant) => {
    const view = viewForTenant(document, tenant);
    if (view.kind !== 'tenant') return [];
    const policy = loadTenantView(document, view.document, tenant, source, context);
    return [...policy.servers.values()].flatMap((server) => {
      const notes = listServerNotes(server, context, undefined).filter(
        ({ path, text }) => !said.has(`${path} ${text}`),
      );
      return [...notes, ...listHidden(server, policy, { ...context, tenant })].map(({ path, text }) => {
        return { path: `${showPath(['tenants', tenant])}.${path}`, text };
      });
    });
  });
}

/** What a sandbox refuses to show keeps the server from starting. */
function listHidden(
  { id, cwd, isolation }: ServerPolicy,
  { foreignPlaces = [] }: Policy,
  { stateDir, tenant, uid }: { readonly stateDir: string; readonly tenant: string; readonly uid: number | undefined },
): readonly ConfigNote[] {
  if (isolation === undefined || !['L2', 'L3'].includes(isolation.required)) return [];
  const judge = createJudge({
    ...{ server: id, tenant, uid, own: [], closed: [stateDir, homesBeside(stateDir)], foreign: foreignPlaces },
    writable: [...isolation.writable, ...(cwd === undefined ? [] : [cwd])],
  });
  const { readable } = listOutermost(isolation.writable, isolation.readable);
  const look = (key: keyof IsolationPolicy, path: string, access: 'read' | 'write'): readonly ConfigNote[] => {
    try {
      judge(path, access);
      return [];
    } catch (error) {
      if (!isGuardError(error)) throw error;
      return [{ path: showPath(['servers', id, 'isolation', key]), text: `${error.message}; ${error.hint ?? ''}` }];
    }
  };
  return [
    ...readable.flatMap((path) => look('readable', path, 'read')),
    ...isolation.writable.flatMap((path) => look('writable', path, 'write')),
  ];
}
