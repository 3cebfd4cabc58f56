// Prepares the start of a server by another command while it runs, and asks the session for it. Decides neither when nor whether.
import type { RunningServer } from '../adapters/run-options.ts';
import type { SessionRun } from '../adapters/run-session.ts';
import type { Policy, ServerPolicy } from '../config/policy.ts';
import type { ResolvedServer } from '../config/resolve-server.ts';
import { GuardError } from '../guard-error.ts';
import type { UpstreamCommand } from '../ports/upstream.ts';
import type { PreparedServer } from './prepare-server.ts';

export interface ServerRenewal {
  /** Resolves what the entry starts. @throws GuardError where it cannot be started: then the old policy stays */
  prepare(entry: ServerPolicy, policy: Policy | undefined): Promise<UpstreamCommand>;
  /** Another server of the run is none the worse for it: where it cannot be started it alone is closed. */
  readonly isOneOfMany: boolean;
  /** From now on it is started by this; a session does so once nothing is in flight. In a turn of it. @returns whether there is a session */
  begin(command: UpstreamCommand): boolean;
}

export interface RenewalParts {
  readonly isOneOfMany: boolean;
  readonly server: ResolvedServer;
  /** As it was started. */
  readonly prepared: PreparedServer;
  readonly servers: Map<string, RunningServer>;
  prepare(server: ResolvedServer, policy: Policy | undefined): Promise<PreparedServer>;
  run(): Pick<SessionRun, 'post'> | undefined;
}

export function createServerRenewal({
  isOneOfMany,
  server,
  prepared,
  servers,
  prepare,
  run,
}: RenewalParts): ServerRenewal {
  return {
    isOneOfMany,
    async prepare(entry, policy) {
      const { command, args } = entry;
      const next = await prepare({ name: server.name, command, args, entry }, policy);
      const known = new Set(prepared.secrets.map(({ value }) => value));
      // INVARIANT: the masker of this session knows every secret that a server of it is given
      const unknown = next.secrets.filter(({ value }) => !known.has(value)).map(({ name }) => `\`${name}\``);
      const what = [
        ...(unknown.length === 0 ? [] : [`another secret (${[...new Set(unknown)].join(', ')})`]),
        ...(next.isolation === prepared.isolation ? [] : ['another isolation']),
      ];
      if (what.length > 0) {
        throw new GuardError(
          'secret_unresolved',
          `\`${server.name}\` would get ${what.join(' and ')} than this session can vouch for`,
          { hint: 'start the server anew' },
        );
      }
      return next.command;
    },
    begin(command) {
      servers.set(server.name, { command, process: undefined });
      const live = run();
      live?.post({ type: 'renew', upstream: server.name });
      return live !== undefined;
    },
  };
}
