// What a policy makes of a server: kept to a scope, free, or not started at all. Decides no request.
import type { Policy, ServerPolicy } from '../config/policy.ts';
import { serverScopeOf } from '../config/server-scope.ts';
import type { Pause } from '../policy/pause.ts';
import type { ServerScope } from '../policy/scope/scope.ts';
import type { ScopeLayer } from '../policy/scope/scope-layer.ts';

export type Standing =
  | {
      readonly kind: 'scoped';
      readonly scope: Exclude<ServerScope, 'unscoped'>;
      /** Undefined: not configured; a ceiling or lock alone keeps it. */
      readonly entry: ServerPolicy | undefined;
    }
  | { readonly kind: 'unscoped'; readonly why: 'no_config' | 'no_scopes' | 'unlisted' }
  /** The config lists servers and this is none of them: `run` refuses to start it. */
  | { readonly kind: 'refused' };

/**
 * Layers beside the config's own scope that must allow, too: the lock, and what restricts a server that is not listed. What restricts
 * one that is comes with its entry.
 */
export type FurtherLayers = (entry: ServerPolicy | undefined, server: string) => readonly ScopeLayer[];

/** As a pause leaves it: what is denied passes, but for what a ceiling denies. */
export function pausedStanding(standing: Standing, pause: Pause | undefined): Standing {
  return pause === undefined || standing.kind !== 'scoped'
    ? standing
    : { ...standing, scope: { ...standing.scope, mode: 'observe' } };
}

/** @param policy undefined: there is no config */
export function standingOf(
  policy: Pick<Policy, 'servers' | 'unlisted'> | undefined,
  server: string,
  further: FurtherLayers = () => [],
): Standing {
  const entry = policy?.servers.get(server);
  if (policy !== undefined && entry === undefined && policy.unlisted === 'deny') return { kind: 'refused' };
  const scope = serverScopeOf(entry, further(entry, server));
  if (scope !== 'unscoped') return { kind: 'scoped', scope, entry };
  if (policy === undefined) return { kind: 'unscoped', why: 'no_config' };
  return { kind: 'unscoped', why: entry === undefined ? 'unlisted' : 'no_scopes' };
}
