// The canaries of one run: loaded only where the tenant's block asks for them. Puts together, decides nothing.
import type { CanaryWatch } from '../adapters/canary-watch.ts';
import { systemTimers } from '../adapters/shutdown-ladder.ts';
import type { Policy } from '../config/policy.ts';
import type { Log } from '../ports/log.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';

/** @throws what cannot be read or made of the key */
export async function openCanaryWatch(
  policy: Policy | undefined,
  scope: TenantScope,
  log: Log,
): Promise<CanaryWatch | undefined> {
  if (policy?.canary === undefined) return undefined;
  const { createCanarySearch, openCanaryTokens, watchCanaries } = await import('./canaries.ts');
  const how = { stops: policy.canary === 'stop', log, timers: systemTimers };
  return watchCanaries(createCanarySearch(openCanaryTokens(scope)), how);
}
