// Which of a gateway's servers this session may have, by whose it is. Asks the identity; starts nothing.
import type { ServerPolicy } from '../config/policy.ts';
import type { RunIdentity } from './run-identity.ts';

/**
 * Of all servers of the config those that the identity is for. Where some were named (`--servers`) it has to be for each of them: a host
 * that asks for a server and does not get it is told so.
 *
 * INVARIANT: with an identity, a server that it is not for is in no list that anything is started from.
 * @throws GuardError auth_refused: one answer, also where there is none that it is for
 */
export async function entitledServers(
  asked: Pick<RunIdentity, 'mayUse' | 'requireServers'> | undefined,
  entries: readonly ServerPolicy[],
  areNamed: boolean,
): Promise<readonly ServerPolicy[]> {
  if (asked === undefined) return entries;
  const wanted = ({ id }: ServerPolicy) => ({ id, isConfigured: true });
  const own = entries.filter((entry) => asked.mayUse(wanted(entry)));
  const needed = areNamed || own.length === 0 ? entries : own;
  await asked.requireServers(needed.map(wanted));
  return own;
}
