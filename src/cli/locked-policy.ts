// The policy that is in force: the config narrowed by its lock, then by the ceilings. The one place that puts the two together, for `run` and for every
// command that says what holds. Writes nothing, approves nothing, starts nothing.
import { type LockPlace, lockError, placeLock, readLock } from '../adapters/lock-file.ts';
import type { SeenJudgement } from '../adapters/lock-reading.ts';
import type { Ceilings } from '../config/ceilings.ts';
import type { Undecided } from '../config/decided-values.ts';
import type { ConfigPlace } from '../config/find-config.ts';
import type { LoadContext, LoadedConfig } from '../config/load-config.ts';
import { nameLockedLimits } from '../config/locked-limits.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { restrictPins } from '../config/restrict-pins.ts';
import { restrictPolicy } from '../config/restrict-policy.ts';
import type { Restriction } from '../config/restriction.ts';
import { GuardError } from '../guard-error.ts';
import { approveCommand, type CommandOptions } from '../policy/lock/lock-command.ts';
import { describeEnded } from '../policy/lock/lock-judgement.ts';
import { lockLayers, UNAPPROVED } from '../policy/lock/lock-layers.ts';
import type { ScopeLayer } from '../policy/scope/scope-layer.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf, objectFrom, objectOf } from '../wire/json.ts';
import { isSameJson } from '../wire/same-json.ts';
import { commandOptions } from './command-options.ts';
import { seeAsTenant } from './tenant-policy.ts';
import { withConstraints } from './with-constraints.ts';

export interface LockContext extends LoadContext {
  readonly stateDir: string;
  readonly tenant: string;
  /** Wall clock, ms. */
  readonly nowMs: number;
  /** Of this machine (`ceilings-here.ts`); a test may have none. */
  readonly ceilings: Ceilings;
}

/** A config, and what its lock is worth. */
export interface ReadConfig extends LoadedConfig {
  readonly place: LockPlace;
  readonly judgement: SeenJudgement;
  /** Behind the commands that texts about it name. */
  readonly commandOptions: CommandOptions;
  /** What the tenant's block takes away, in config and lock (`seeAsTenant`). */
  readonly restrictions?: readonly Restriction[];
}

export interface LockedPolicy {
  /** What holds: of each key the narrowest of config, lock and ceilings. Its scopes are the config's. */
  readonly policy: Policy;
  /** What holds without ceilings and the tenant's block, and these: for whoever says what they decide (`listDecided`). */
  readonly undecided: Undecided;
  /** What must allow beside the server's own scope. INVARIANT: every decision about a configured server asks these, too. */
  readonly layersOf: (entry: ServerPolicy | undefined) => readonly ScopeLayer[];
  /** The roles that the lock holds, which must allow, too (`narrowToRoles`); undefined: those of the policy. */
  readonly approvedRoles: { readonly roles: Policy['roles'] } | undefined;
  /** The server as it stands in what holds: `{ pins, tools }`. */
  readonly serverDocument: (id: string) => JsonObject;
}

/** @throws GuardError config_… (78), key_unusable (77) */
export async function readLockedConfig(place: ConfigPlace, context: LockContext): Promise<ReadConfig> {
  const config = await import('../config/load-config.ts');
  const loaded = await withConstraints((portsFor) => config.loadConfig(place, { ...context, portsFor }));
  const lockPlace = placeLock(place.path, context.stateDir, context.tenant);
  return {
    ...loaded,
    place: lockPlace,
    judgement: judge(lockPlace, loaded.document, context),
    commandOptions: commandOptions(place, context.tenant),
  };
}

/** @throws GuardError key_unusable */
export function judge(
  place: LockPlace,
  config: JsonObject,
  { ceilings, nowMs, isWithoutTenants = false }: Pick<LockContext, 'ceilings' | 'nowMs' | 'isWithoutTenants'>,
): SeenJudgement {
  return readLock(place, { config, ceiling: ceilings, nowMs, isWithoutTenants });
}

/** @throws GuardError lock_… (77): the lock cannot be trusted, or what it holds no longer compiles */
export async function applyLock(given: ReadConfig, context: LockContext): Promise<LockedPolicy> {
  // INVARIANT: nobody gets a policy of no tenant out of a config that knows tenants. What was seen already stays as it is.
  const read = await seeAsTenant(given, context);
  const { policy: locked, layersOf, approvedRoles, serverDocument } = await narrowByLock(read, context);
  const restrictions = [...(read.restrictions ?? []), ...context.ceilings.restrictions];
  const { policy } = restrictPolicy(locked, restrictions);
  return {
    policy,
    undecided: { policy: locked, restrictions, serverDocument },
    layersOf,
    approvedRoles,
    serverDocument: (id) => restrictPins(serverDocument(id), policy.servers.get(id)?.restrictedBy ?? []),
  };
}

async function narrowByLock(read: ReadConfig, context: LockContext): Promise<Omit<LockedPolicy, 'undecided'>> {
  const { judgement, place, policy, document } = read;
  if (judgement.kind === 'refused') throw lockError(place, judgement.refusal);
  const { combination } = judgement.kind === 'holds' ? judgement : { combination: undefined };
  // The same text on both sides decides the same: nothing is compiled or asked twice.
  if (judgement.kind === 'first_use' || combination === undefined || isSameJson(document, judgement.policy))
    return { policy, layersOf: () => [], approvedRoles: undefined, serverDocument: (id) => serverAt(document, id) };
  const approved = judgement.policy;
  const startable = [...policy.servers.keys()].filter((id) => !combination.blocked.has(id));
  const config = await import('../config/load-config.ts');
  const [effective, layer] = await withConstraints((portsFor) => {
    const compile = (part: JsonObject, at?: readonly string[]): Policy => {
      const compiled = config.compileDocument(part, policy.source, { ...context, portsFor }, at);
      if (compiled.ok) return compiled.policy;
      const [first] = compiled.diagnostics;
      throw new GuardError(
        'lock_outdated',
        `\`${place.lock}\` holds a policy that cannot be used: ${first?.path}: ${first?.what}`,
        {
          hint: 'use the version of mcp-guard that approved it, or look at the config and approve it anew',
        },
      );
    };
    const scopes = scopesOf(approved, document, startable);
    const combined = compile(combination.document);
    const limits = nameLockedLimits(combined.limits.limits, combination.document, document, approved);
    const placesOf = listUnapproved(policy, combined);
    const kept = {
      // INVARIANT: what other tenants have been given stays closed, whatever of this one's own waits
      ...(policy.foreignPlaces === undefined ? {} : { foreignPlaces: policy.foreignPlaces }),
      ...(placesOf.size === 0 ? {} : { unapproved: { placesOf, mend: approveCommand(read.commandOptions) } }),
    };
    return [{ ...combined, ...kept, limits: { ...combined.limits, limits } }, compile(scopes, ['lock', 'scopes'])];
  });
  return {
    policy: effective,
    layersOf: (entry) => {
      if (entry === undefined) return [];
      const known = layer.servers.get(entry.id);
      // INVARIANT: `run` starts no server that the lock does not know; a command that asks about one is told that nothing is approved
      const mend = approveCommand(read.commandOptions, entry.id);
      return lockLayers(known === undefined ? UNAPPROVED : known.scope, mend, describeEnded(judgement));
    },
    approvedRoles: { roles: layer.roles },
    serverDocument: (id) => serverAt(combination.document, id),
  };
}

/** What commands show: the policy in force, with what waits for an approval; `whole` is as read, of every tenant. @throws GuardError config_…, lock_… */
export async function loadLockedPolicy(
  place: ConfigPlace,
  context: LockContext,
): Promise<LockedPolicy & ReadConfig & { readonly whole: ReadConfig }> {
  const whole = await readLockedConfig(place, context);
  const read = await seeAsTenant(whole, context);
  return { ...read, ...(await applyLock(read, context)), whole };
}

/** By server: what the config would show in its sandbox, and what holds does not. */
function listUnapproved(config: Policy, combined: Policy): ReadonlyMap<string, readonly string[]> {
  const placesOf = ({ servers }: Policy, id: string): readonly string[] => {
    const { readable = [], writable = [] } = servers.get(id)?.isolation ?? {};
    return [...readable, ...writable];
  };
  const found = [...config.servers.keys()].map((id) => {
    const known = placesOf(combined, id);
    return [id, placesOf(config, id).filter((path) => !known.includes(path))] as const;
  });
  return new Map(found.filter(([, paths]) => paths.length > 0));
}

/**
 * What of the approved config decides about scopes: for the servers that may start, whose structure is the config's own. So a
 * server that has left the config, or a key that is of no account here, cannot keep the rest from starting.
 */
function scopesOf(approved: JsonObject, config: JsonObject, ids: readonly string[]): JsonObject {
  const servers = ids.map((id) => {
    const { command, args, cwd, env } = serverAt(config, id);
    const scope = memberOf(serverAt(approved, id), 'scope');
    return [id, objectFrom(Object.entries({ command, args, cwd, env, scope }))] as const;
  });
  const roles = memberOf(approved, 'roles');
  return objectFrom([
    ['version', 1],
    ['servers', objectFrom(servers)],
    ['scopes', memberOf(approved, 'scopes')],
    ['roles', roles],
    // roles mean nothing where nobody is asked who they are
    ['auth', roles === undefined ? undefined : { required: true }],
  ]);
}

function serverAt(document: JsonObject, id: string): JsonObject {
  return objectOf(memberOf(memberOf(document, 'servers'), id));
}
