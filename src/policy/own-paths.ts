// The interceptor that keeps every tool away from the guard's own files, in every mode: a call that could edit the policy or the
// trail would be the last one they say anything about. Knows no scope; what counts as such a path is own-paths of constraints.
import type { Deny, Interceptor } from '../core/interceptor.ts';
import { PASS } from '../core/interceptor.ts';
import { objectAt } from '../wire/json.ts';
import { findOwnPath, type OwnPathPorts, type OwnPaths } from './constraint/own-paths.ts';

export interface OwnPathsParts {
  readonly own: OwnPaths;
  /** By the server that will read the argument: relative paths count from where it works. */
  portsOf(server: string): OwnPathPorts;
}

export function createOwnPathsPolicy({ own, portsOf }: OwnPathsParts): Interceptor {
  return {
    name: 'own-paths',
    onRequest(request) {
      if (request.tool === undefined || request.asked !== 'client') return PASS;
      const found = findOwnPath(objectAt(request.params, 'arguments'), own, portsOf(request.upstream));
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
