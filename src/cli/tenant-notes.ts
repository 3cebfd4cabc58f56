// What a tenant's sessions would stumble over here and now, of every tenant of a config that is good: its secrets, programs and directories,
// and what its sandbox would not be shown. No errors, as with config-notes.ts. Starts nothing.
import { createJudge, listOutermost } from '../adapters/shown-places.ts';
import type { Ceilings } from '../config/ceilings.ts';
import { type IsolationPolicy, strongestLevel } from '../config/isolation-policy.ts';
import { showPath } from '../config/json-path.ts';
import { type LoadContext, loadTenantView } from '../config/load-config.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { requiredIsolation } from '../config/restrict-layers.ts';
import { restrictPolicy } from '../config/restrict-policy.ts';
import { viewForTenant } from '../config/tenant-view.ts';
import { isGuardError } from '../guard-error.ts';
import { homesBeside } from '../tenant/tenant-scope.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';
import { type ConfigNote, listServerNotes } from './config-notes.ts';
import { listIsolationNotes } from './isolation-notes.ts';

export interface NotesContext extends LoadContext {
  readonly stateDir: string;
  readonly ceilings: Ceilings;
}

/**
 * @param known what is said of the config itself: not said once more of whoever inherits it
 * @param document one that compiles, for each of its tenants, too
 */
export function listTenantNotes(
  document: JsonObject,
  source: Policy['source'],
  context: NotesContext,
  known: readonly ConfigNote[],
): readonly ConfigNote[] {
  const said = new Set(known.map(({ path, text }) => `${path} ${text}`));
  const ofTenants = Object.keys(objectOf(memberOf(document, 'tenants'))).flatMap((tenant) => {
    const view = viewForTenant(document, tenant);
    if (view.kind !== 'tenant') return [];
    const policy = loadTenantView({ config: document }, view.document, tenant, source, context);
    const notes = [...policy.servers.values()].flatMap((server) => [
      ...listServerNotes(server, context, undefined).filter(({ path, text }) => !said.has(`${path} ${text}`)),
      ...listHidden(server, policy, { ...context, tenant }),
    ]);
    return [...notes, ...listKept(policy, memberOf(memberOf(document, 'tenants'), tenant), { ...context, tenant })].map(
      ({ path, text }) => {
        return { path: `${showPath(['tenants', tenant])}.${path}`, text };
      },
    );
  });
  return [...listUnlisted(document), ...ofTenants];
}

/** For a tenant a command that nobody lists would run unconfined: tenant-view.ts. */
function listUnlisted(document: JsonObject): readonly ConfigNote[] {
  if (memberOf(document, 'tenants') === undefined || memberOf(document, 'unlisted') !== 'observe') return [];
  const text = 'it does nothing beside `tenants`: there a command that is no entry of `servers` is refused; remove it';
  return [{ path: 'unlisted', text }];
}

/**
 * The same of its isolation alone, of one tenant.
 *
 * @param document one that compiles, for this tenant, too
 */
export function listTenantIsolation(
  document: JsonObject,
  tenant: string,
  source: Policy['source'],
  context: NotesContext,
): readonly ConfigNote[] {
  const view = viewForTenant(document, tenant);
  if (view.kind !== 'tenant') return [];
  const policy = loadTenantView({ config: document }, view.document, tenant, source, context);
  const hidden = [...policy.servers.values()].flatMap((server) => listHidden(server, policy, { ...context, tenant }));
  return [...hidden, ...listKept(policy, memberOf(memberOf(document, 'tenants'), tenant), { ...context, tenant })];
}

/** What all servers of a block share is said of the first of them. */
function listKept(
  policy: Policy,
  block: Json | undefined,
  { uid, ceilings, tenant }: NotesContext & { readonly tenant: string },
): readonly ConfigNote[] {
  const { servers } = restrictPolicy(policy, ceilings.restrictions).policy;
  const notes = [...servers.values()].flatMap((server) => {
    const level = strongestLevel([server.isolation?.required, requiredIsolation(server.restrictedBy ?? []).level]);
    const found = listIsolationNotes(server, { tenant, uid, level });
    const isItsOwn = memberOf(memberOf(memberOf(block, 'servers'), server.id), 'isolation') !== undefined;
    if (isItsOwn || memberOf(block, 'isolation') === undefined) return found;
    return found.map(({ path, text }) => ({ path: path.replace(/^servers\.[^.]+\.(?=isolation)/, ''), text }));
  });
  return notes.filter(({ text }, at) => notes.findIndex((one) => one.text === text) === at);
}

/** What a sandbox refuses to show keeps the server from starting. */
function listHidden(
  { id, cwd, isolation }: ServerPolicy,
  { foreignPlaces }: Policy,
  { stateDir, tenant, uid }: { readonly stateDir: string; readonly tenant: string; readonly uid: number | undefined },
): readonly ConfigNote[] {
  if (isolation === undefined || !['L2', 'L3'].includes(isolation.required)) return [];
  const judge = createJudge({
    ...{ server: id, tenant, uid, own: [], closed: [stateDir, homesBeside(stateDir)] },
    foreign: foreignPlaces?.() ?? [],
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
