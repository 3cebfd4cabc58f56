// Everything that a server is started with: its secrets, asked for now, and, for a tenant's, its places and its confinement. Puts
// together; loads what a plain run does without only where it is needed.
import type { ConfineInput } from '../adapters/confine-server.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import { isSuspended } from '../adapters/suspension.ts';
import type { Secret } from '../audit/redact/masker.ts';
import { machineProxies } from '../config/environment.ts';
import { compileIsolation, type IsolationPolicy, strongestLevel } from '../config/isolation-policy.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { needsProviders } from '../config/resolve-env.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import { requiredIsolation, restrictionsOn } from '../config/restrict-layers.ts';
import type { IsolationLevel } from '../config/restriction.ts';
import { isGuardError } from '../guard-error.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import { openTenantScope } from '../tenant/tenant-scope.ts';
import { recordRefusedStart } from './refused-start.ts';
import type { RunFlags } from './run.ts';
import { commandOf } from './run-settings.ts';
import { refuseSuspended } from './suspension-watch.ts';

export interface PrepareContext {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number | undefined;
  readonly stateDir: string;
  readonly tenant: string;
  /** Who is told what becomes of a server's way to the network, in the session. attacker-controlled: `text`, made inert. */
  readonly say?: (server: string, text: string) => void;
}

export interface PreparedServer {
  readonly command: UpstreamCommand;
  /** Names of variables that it does not get. */
  readonly withheld: readonly string[];
  /** TRUST: for the masker alone. */
  readonly secrets: readonly Secret[];
  readonly isolation: IsolationLevel | 'none';
  /** For stderr. */
  readonly notes: readonly string[];
}

/**
 * INVARIANT: no server of a suspended tenant is started and none of its secrets is asked for, whoever asks: every start comes through here.
 *
 * @throws GuardError tenant_suspended, secret_…, isolation_unavailable, usage
 */
export async function prepareServer(
  server: ResolvedServer,
  policy: Policy | undefined,
  flags: RunFlags,
  context: PrepareContext,
): Promise<PreparedServer> {
  const scope = openTenantScope(context.stateDir, context.tenant);
  refuseSuspended(scope);
  try {
    return await prepare(server, policy, flags, context);
  } catch (error) {
    if (server.entry?.isolation !== undefined && isGuardError(error) && !isSuspended(scope))
      recordRefusedStart(scope, server.name, error);
    throw error;
  } finally {
    // what the secrets came from may have taken its time, and was not waited for then
    refuseSuspended(scope);
  }
}

async function prepare(
  server: ResolvedServer,
  policy: Policy | undefined,
  flags: RunFlags,
  context: PrepareContext,
): Promise<PreparedServer> {
  const { env, uid, stateDir, tenant } = context;
  const { entry, name, args } = server;
  const provided =
    entry !== undefined && needsProviders(entry.env)
      ? await (await import('../adapters/secret-providers.ts')).resolveProvided(entry.env, {
          ...{ env, timers: systemTimers },
          isOver: () => isSuspended(openTenantScope(stateDir, tenant)),
        })
      : {};
  const restrictions = restrictionsOn(policy, entry, { id: name, cwd: entry?.cwd, home: undefined, args });
  const asked = requiredIsolation(restrictions);
  const isolation = entry?.isolation ?? (asked.level === 'L0' ? undefined : compileIsolation({}, (path) => path));
  if (isolation === undefined) {
    const plain = commandOf(server, flags, { env, uid, provided });
    return { ...plain, isolation: 'none', notes: listShort(plain.secrets, entry) };
  }
  const { confineServer } = await import('../adapters/confine-server.ts');
  const level = strongestLevel([isolation.required, asked.level]);
  const by = level === isolation.required ? 'the config' : asked.by;
  const isBoxed = level !== 'L0' && level !== 'L1';
  const writable = isBoxed ? listWritable(policy, isolation, entry?.cwd) : [];
  const foreign = (isBoxed ? policy?.foreignPlaces?.() : undefined) ?? [];
  const confined = await confineServer({
    ...{ stateDir, tenant, server: name, isolation, required: { level, by }, uid },
    ...{ writable, foreign, unapproved: listUnapproved(policy, name) },
    ...{ proxies: machineProxies(env), say: (text) => context.say?.(name, text) },
  });
  const { places } = confined;
  const { command, withheld, secrets } = commandOf(server, flags, {
    ...{ env, uid, provided, places },
    writable: [...writable, openTenantScope(stateDir, tenant).homes.directory],
  });
  const prefix = confined.prefixFor(command.command, args, command.cwd ?? places.work, command.env);
  const planted = policy?.canary === undefined ? {} : await plantCanary(stateDir, tenant);
  return {
    command: { ...command, prefix: prefix.words, env: { ...command.env, ...prefix.env, ...planted } },
    withheld,
    secrets,
    isolation: confined.level,
    notes: [...listShort(secrets, entry), ...prefix.notes],
  };
}

function listUnapproved(policy: Policy | undefined, server: string): ConfineInput['unapproved'] {
  const paths = policy?.unapproved?.placesOf.get(server);
  return paths === undefined ? undefined : { paths, mend: policy?.unapproved?.mend ?? '' };
}

/**
 * Where the servers of a sandbox write: each of them may have left what it likes there, also for another one. Below `L2` users and modes
 * of files decide that.
 */
function listWritable(
  policy: Policy | undefined,
  isolation: IsolationPolicy,
  cwd: string | undefined,
): readonly string[] {
  const others = [...(policy?.servers.values() ?? [])].filter((server) => server.isolation !== undefined);
  return [{ isolation, cwd }, ...others].flatMap((server) => [
    ...(server.isolation?.writable ?? []),
    ...(server.cwd === undefined ? [] : [server.cwd]),
  ]);
}

/** Its environment has it, and what starts it leaves it in its directories (start-prefix.ts). */
async function plantCanary(stateDir: string, tenant: string): Promise<Readonly<Record<string, string>>> {
  const { openCanaryTokens } = await import('./canaries.ts');
  return { TENANT_CANARY: openCanaryTokens(openTenantScope(stateDir, tenant)).own };
}

/** Of references alone: what is passed on may be any word. */
function listShort(secrets: readonly Secret[], entry: ServerPolicy | undefined): readonly string[] {
  return secrets
    .filter(({ name, value }) => value.length < 8 && (entry?.env[name]?.kind ?? 'literal') !== 'literal')
    .map(({ name }) => `\`${name}\` has fewer than 8 characters: it is not masked in record and log`);
}
