// The interceptor that keeps every tool away from the guard's own files, in every mode: a call that could edit the policy or the
// trail would be the last one they say anything about. Knows no scope; what counts as such a path is own-paths of constraints.
import type { Deny, Interceptor } from '../core/interceptor.ts';
import { PASS } from '../core/interceptor.ts';
import { objectAt } from '../wire/json.ts';
import { createOwnPathFinder, type OwnPathFinder, type OwnPathPorts, type OwnPaths } from './constraint/own-paths.ts';

export interface OwnPathsParts {
  readonly own: OwnPaths;
  /** By the server that will read the argument: relative paths count from where it works. */
  portsOf(server: string): OwnPathPorts;
}

export function createOwnPathsPolicy({ own, portsOf }: OwnPathsParts): Interceptor {
  const finders = new Map<string, OwnPathFinder>();
  const finderOf = (server: string): OwnPathFinder => {
    let finder = finders.get(server);
    if (finder === undefined) {
      finder = createOwnPathFinder(own, portsOf(server));
      finders.set(server, finder);
    }
    return finder;
  };
  return {
    name: 'own-paths',
    onRequest(request, { monoMs }) {
      if (request.tool === undefined || request.asked !== 'client') return PASS;
      const found = finderOf(request.upstream)(objectAt(request.params, 'arguments'), monoMs);
      if (found === undefined) return PASS;
      return {
        kind: 'deny',
        reason: 'own_path',
        rule: 'own_paths',
        text: `mcp-guard did not send this call: ${found.text}.`,
        retryAfterMs: undefined,
      } satisfies Deny;
    },
  };
}
