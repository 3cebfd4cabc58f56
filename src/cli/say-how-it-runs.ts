// What a person is told on stderr when a run of one server begins: what is out of the ordinary, each with how to mend it. Decides nothing.
import { explainIgnored } from '../config/find-config.ts';
import type { Policy } from '../config/policy.ts';
import { bareAt, type ResolvedServer } from '../config/resolve-server.ts';
import { restrictionsOn } from '../config/restrict-layers.ts';
import { explainScope, explainUnlisted } from '../config/server-scope.ts';
import type { Log } from '../ports/log.ts';
import type { RunLock } from './run-lock.ts';

export function sayHowItRuns(
  log: Log,
  how: {
    lock: RunLock | undefined;
    policy: Policy | undefined;
    server: ResolvedServer;
    withheld: readonly string[];
    ignored: string | undefined;
  },
): void {
  const { lock, policy, server, withheld, ignored } = how;
  if (process.stdin.isTTY) {
    log.write(
      'warn',
      'this speaks JSON-RPC on stdin and stdout: it is meant for the `command` field of an MCP host (end with Ctrl-D)',
    );
  }
  if (server.entry === undefined) {
    log.write('warn', explainUnlisted(server, lock?.policy, restrictionsOn(policy, undefined, bareAt(server))));
  }
  const unscoped = policy === undefined || server.entry === undefined ? undefined : explainScope(policy, server.entry);
  if (unscoped !== undefined) log.write('warn', unscoped);
  // The guard's own settings are no news to whoever set them.
  const missed = withheld.filter((name) => !name.startsWith('MCP_GUARD_'));
  if (missed.length > 0) {
    log.write('warn', `not passed on to the server: ${missed.join(' ')} (--pass-env NAME passes one)`);
  }
  if (ignored !== undefined) log.write('warn', explainIgnored(ignored));
}
