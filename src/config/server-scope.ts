// What a configured server is kept to in a session, and what is said of it when it starts. Knows no lock and no role: what else
// must allow comes in as further layers.
import type { ServerScope } from '../policy/scope/scope.ts';
import { buildLayer, type ScopeLayer } from '../policy/scope/scope-layer.ts';
import type { Policy, ServerPolicy } from './policy.ts';

/**
 * @param entry undefined: a bare run, or an unlisted command that may run
 * @param further layers that must allow, too: a ceiling, a tenant's, the lock's. INVARIANT: where there is one, nothing is unscoped
 */
export function serverScopeOf(entry: ServerPolicy | undefined, further: readonly ScopeLayer[] = []): ServerScope {
  const own = entry?.scope === undefined ? [] : [buildLayer('scope', [entry.scope])];
  const [first, ...rest] = [...own, ...further];
  return first === undefined ? 'unscoped' : { layers: [first, ...rest], mode: entry?.mode ?? 'enforce' };
}

/** One line for stderr where the server is not simply kept to its scope; undefined where it is. */
export function explainScope(
  { scopes }: Pick<Policy, 'scopes'>,
  { id, scope, mode }: ServerPolicy,
): string | undefined {
  if (scopes === undefined) {
    return `\`${id}\` has no scope: every call is recorded, and none is denied for want of a grant (write \`scopes\` and name one in \`servers.${id}.scope\`)`;
  }
  if (mode === 'observe') {
    return `\`${id}\` is only observed (\`mode: observe\`): what its scope denies is recorded as such and let pass`;
  }
  if (scope?.name === '') {
    const names = [...scopes.keys()].map((name) => `\`${name}\``).join(', ');
    return `\`${id}\` names no scope, so nothing is granted to it: set \`servers.${id}.scope\` (there is ${names || 'none yet'})`;
  }
  return undefined;
}
