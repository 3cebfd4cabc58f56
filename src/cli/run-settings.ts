// What a session and its server are told, from flags and policy. Pure but for the secrets it resolves at spawn.
import type { Secret } from '../audit/redact/masker.ts';
import { bareEnvironment, cleanEnvironment, tenantEnvironment } from '../config/environment.ts';
import type { Policy } from '../config/policy.ts';
import { listSecrets, resolveEnv } from '../config/resolve-env.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import { DEFAULT_RESTART, type SessionSettings } from '../core/settings.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import { checkPassEnv } from './pass-env.ts';
import type { RunFlags } from './run.ts';
import { type ServerInForce, serverAtStart } from './server-in-force.ts';

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number | undefined;
  /** What programs and keychains gave, by variable. */
  readonly provided?: Readonly<Record<string, string>>;
  /** Where servers write, absolute. */
  readonly writable?: readonly string[];
  /** A tenant's own; undefined: it runs where and as the guard does. */
  readonly places?: { readonly work: string; readonly env: Readonly<Record<string, string>> } | undefined;
}

/** The command line, directory and environment of the one server. @throws GuardError where a secret leads nowhere or `--pass-env` names the guard's own */
export function commandOf(
  server: ResolvedServer,
  flags: RunFlags,
  { env, uid, provided = {}, writable, places }: Surroundings,
): { command: UpstreamCommand; withheld: readonly string[]; secrets: readonly Secret[] } {
  const { entry, command, args } = server;
  checkPassEnv(flags.passEnv ?? []);
  const passEnv = [...(entry?.passEnv ?? []), ...(flags.passEnv ?? [])];
  const isClean = entry !== undefined || flags.cleanEnv === true || places !== undefined;
  const bare = isClean ? undefined : bareEnvironment(env);
  const named = bare === undefined ? {} : pick(env, passEnv);
  const written = entry === undefined ? {} : resolveEnv(entry.env, { env, uid, provided, writable });
  const clean = () =>
    places === undefined
      ? cleanEnvironment(env, passEnv, written)
      : tenantEnvironment(env, passEnv, written, places.env);
  return {
    command: {
      command,
      args,
      cwd: entry?.cwd ?? places?.work,
      env: bare === undefined ? clean() : { ...bare.env, ...named },
      // Never shared: a server could make a shared stderr wait for its reader, and the guard with it.
      stderr: 'pipe',
    },
    withheld: (bare?.withheld ?? []).filter((name) => !passEnv.includes(name)),
    secrets: entry === undefined ? [] : listSecrets(entry.env, written, pick(env, passEnv)),
  };
}

/** Own members only: `toString` is no variable. */
function pick(env: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * @param model what `--model` or `MCP_GUARD_MODEL` says; the config comes after them
 * @param live what holds of the server now; asked each time, since another policy may take over
 */
export function settingsOf(
  policy: Policy | undefined,
  server: ResolvedServer,
  model: string | undefined,
  tag: string,
  live: () => Pick<ServerInForce, 'entry' | 'deadlineOf'> = always(serverAtStart({ policy, lock: undefined }, server)),
): SessionSettings {
  return {
    upstream: {
      name: server.name,
      deadlineOf: (tool) => live().deadlineOf(tool),
      get onExit() {
        return (live().entry ?? server.entry)?.onExit ?? 'exit';
      },
      get restart() {
        return (live().entry ?? server.entry)?.restart ?? DEFAULT_RESTART;
      },
    },
    tag,
    model: { operator: model ?? policy?.model.id, metaPaths: policy?.model.metaPaths ?? [] },
  };
}

function always<T>(value: T): () => T {
  return () => value;
}
