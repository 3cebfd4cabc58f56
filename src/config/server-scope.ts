// What a configured server is kept to in a session, and what is said of it when it starts. Knows no lock and no role: what else
// must allow comes in as further layers.
import type { ServerScope } from '../policy/scope/scope.ts';
import { buildLayer, type ScopeLayer } from '../policy/scope/scope-layer.ts';
import type { Policy, ServerPolicy } from './policy.ts';
import { restrictionLayers } from './restrict-layers.ts';
import type { AppliedRestriction } from './restriction.ts';

/**
 * What restricts an entry is part of it.
 *
 * @param entry undefined: a bare run, or an unlisted command that may run: then what restricts it comes in as `further`
 * @param further layers that must allow, too: the lock's. INVARIANT: where there is one, nothing is unscoped
 */
export function serverScopeOf(entry: ServerPolicy | undefined, further: readonly ScopeLayer[] = []): ServerScope {
  const own = entry?.scope === undefined ? [] : [buildLayer('scope', [entry.scope])];
  const [first, ...rest] = [...own, ...further, ...restrictionLayers(entry?.restrictedBy ?? [])];
  return first === undefined ? 'unscoped' : { layers: [first, ...rest], mode: entry?.mode ?? 'enforce' };
}

/** Of all servers of a gateway: what is true of several is said once. */
export function explainScopes(policy: Pick<Policy, 'scopes'>, entries: readonly ServerPolicy[]): readonly string[] {
  const free =
    policy.scopes === undefined ? entries.filter((entry) => listVoices(entry.restrictedBy ?? []) === '') : [];
  const others = free.length < 2 ? entries : entries.filter((entry) => !free.includes(entry));
  const lines = others.map((entry) => explainScope(policy, entry)).filter((line) => line !== undefined);
  if (free.length < 2) return lines;
  const names = free.map(({ id }) => `\`${id}\``).join(', ');
  return [
    `${names} have no scope: every call is recorded, and none is denied for want of a grant (write \`scopes\` and name one in \`scope\` of each)`,
    ...lines,
  ];
}

/** One line for stderr where the server is not simply kept to its scope; undefined where it is. */
export function explainScope(
  { scopes }: Pick<Policy, 'scopes'>,
  { id, scope, mode, restrictedBy = [] }: ServerPolicy,
): string | undefined {
  const voices = listVoices(restrictedBy);
  if (scopes === undefined && voices !== '') {
    return `\`${id}\` has no scope of its own: only ${voices} can deny a call (write \`scopes\` and name one in \`servers.${id}.scope\`)`;
  }
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

/** The same for a server that no config lists, and that may run. @param config undefined: there is none */
export function explainUnlisted(
  { name }: { readonly name: string },
  config: Pick<Policy, 'source'> | undefined,
  applied: readonly AppliedRestriction[],
): string {
  const mend =
    config === undefined ? 'a config with a `servers` entry narrows it' : `add it to \`${config.source.path}\``;
  const voices = listVoices(applied);
  return voices === ''
    ? `observes \`${name}\` only: every call is recorded, none is denied by policy (${mend})`
    : `\`${name}\` is kept to ${voices} alone: what that does not deny passes, and every call is recorded (${mend})`;
}

/** Who restricts what may be called; empty where nobody does. */
function listVoices(applied: readonly AppliedRestriction[]): string {
  const names = new Set(restrictionLayers(applied).map(({ by }) => `the ceiling \`${by}\``));
  return [...names].join(' and ');
}
