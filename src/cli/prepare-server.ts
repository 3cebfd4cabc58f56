// Everything that a server is started with: its secrets, asked for now, and, for a tenant's, its places and its confinement. Puts
// together; loads what a plain run does without only where it is needed.
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import type { Secret } from '../audit/redact/masker.ts';
import { machineProxies } from '../config/environment.ts';
import { compileIsolation, strongestLevel } from '../config/isolation-policy.ts';
import type { Policy } from '../config/policy.ts';
import { needsProviders } from '../config/resolve-env.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import { requiredIsolation, restrictionsOn } from '../config/restrict-layers.ts';
import type { IsolationLevel } from '../config/restriction.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import { openTenantScope } from '../tenant/tenant-scope.ts';
import type { RunFlags } from './run.ts';
import { commandOf } from './run-settings.ts';

export interface PrepareContext {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number | undefined;
  readonly stateDir: string;
  readonly tenant: string;
  /** Who is told what becomes of the server's way to the network, in the session. attacker-controlled, made inert. */
  readonly say?: (text: string) => void;
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

/** @throws GuardError secret_…, isolation_unavailable, usage */
export async function prepareServer(
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
          env,
          timers: systemTimers,
        })
      : {};
  const restrictions = restrictionsOn(policy, entry, { id: name, cwd: entry?.cwd, home: undefined, args });
  const asked = requiredIsolation(restrictions);
  const isolation = entry?.isolation ?? (asked.level === 'L0' ? undefined : compileIsolation({}, (path) => path));
  if (isolation === undefined) {
    const plain = commandOf(server, flags, { env, uid, provided });
    return { ...plain, isolation: 'none', notes: listShort(plain.secrets) };
  }
  const { confineServer } = await import('../adapters/confine-server.ts');
  const level = strongestLevel([isolation.required, asked.level]);
  const by = level === isolation.required ? 'the config' : asked.by;
  const confined = await confineServer({
    ...{ stateDir, tenant, server: name, isolation, required: { level, by }, uid },
    ...{ proxies: machineProxies(env), say: (text) => context.say?.(`\`${name}\`: ${text}`) },
  });
  const { places } = confined;
  const { command, withheld, secrets } = commandOf(server, flags, { env, uid, provided, places });
  const prefix = confined.prefixFor(command.command, args, command.cwd ?? places.work, command.env);
  const planted = policy?.canary === undefined ? {} : await plantCanary(stateDir, tenant);
  return {
    command: { ...command, prefix: prefix.words, env: { ...command.env, ...prefix.env, ...planted } },
    withheld,
    secrets,
    isolation: confined.level,
    notes: [...listShort(secrets), ...prefix.notes],
  };
}

/** Its environment has it, and what starts it leaves it in its directories (start-prefix.ts). */
async function plantCanary(stateDir: string, tenant: string): Promise<Readonly<Record<string, string>>> {
  const { openCanaryTokens } = await import('./canaries.ts');
  return { TENANT_CANARY: openCanaryTokens(openTenantScope(stateDir, tenant)).own };
}

function listShort(secrets: readonly Secret[]): readonly string[] {
  return secrets
    .filter(({ value }) => value.length < 8)
    .map(({ name }) => `\`${name}\` has fewer than 8 characters: it is not masked in record and log`);
}
