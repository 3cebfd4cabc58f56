// What a session and its server are told, from flags and policy. Pure but for the secrets it resolves at spawn.
import { bareEnvironment, cleanEnvironment, isOwnName } from '../config/environment.ts';
import type { Policy } from '../config/policy.ts';
import { resolveEnv } from '../config/resolve-env.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import { toolDeadline } from '../config/tool-deadline.ts';
import { BARE_DEADLINE, DEFAULT_RESTART, type SessionSettings } from '../core/settings.ts';
import { GuardError } from '../guard-error.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import type { RunFlags } from './run.ts';

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number | undefined;
}

/** The command line, directory and environment of the one server. @throws GuardError where a secret leads nowhere or `--pass-env` names the guard's own */
export function commandOf(
  server: ResolvedServer,
  flags: RunFlags,
  { env, uid }: Surroundings,
): { command: UpstreamCommand; withheld: readonly string[] } {
  const { entry, command, args } = server;
  const own = (flags.passEnv ?? []).find(isOwnName);
  if (own !== undefined) {
    throw new GuardError('usage', `\`--pass-env ${own}\`: variables of the guard itself are never handed to a server`, {
      hint: 'leave it out',
    });
  }
  const passEnv = [...(entry?.passEnv ?? []), ...(flags.passEnv ?? [])];
  const isClean = entry !== undefined || flags.cleanEnv === true;
  const bare = isClean ? undefined : bareEnvironment(env);
  const named = bare === undefined ? {} : pick(env, passEnv);
  const written = entry === undefined ? {} : resolveEnv(entry.env, { env, uid });
  return {
    command: {
      command,
      args,
      cwd: entry?.cwd,
      env: bare === undefined ? cleanEnvironment(env, passEnv, written) : { ...bare.env, ...named },
      // Never shared: a server could make a shared stderr wait for its reader, and the guard with it.
      stderr: 'pipe',
    },
    withheld: (bare?.withheld ?? []).filter((name) => !passEnv.includes(name)),
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

/** @param model what `--model` or `MCP_GUARD_MODEL` says; the config comes after them */
export function settingsOf(
  policy: Policy | undefined,
  server: ResolvedServer,
  model: string | undefined,
  tag: string,
): SessionSettings {
  const { entry } = server;
  return {
    upstreams: [
      {
        name: server.name,
        deadlineOf: entry === undefined ? () => BARE_DEADLINE : (tool) => toolDeadline(entry, tool),
        onExit: entry?.onExit ?? 'exit',
        restart: entry?.restart ?? DEFAULT_RESTART,
      },
    ],
    tag,
    model: { operator: model ?? policy?.model.id, metaPaths: policy?.model.metaPaths ?? [] },
  };
}
