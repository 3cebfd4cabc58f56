// That a tenant's server was not started, and why: on record, in a segment of its own, since no session begins. Knows no secret: only words of
// the guard's own are kept.
import { systemClock } from '../adapters/system-clock.ts';
import type { GuardError } from '../guard-error.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { readActor } from './local-user.ts';
import { openOneShotTrail } from './one-shot-trail.ts';

/** Never throws: that it cannot be recorded is no reason to say another thing than why nothing starts. */
export function recordRefusedStart({ stateDir, id }: TenantScope, server: string, { code }: GuardError): void {
  try {
    const trail = openOneShotTrail({ stateDir, tenant: id, server, clock: systemClock, actor: readActor() });
    try {
      trail.record('tenant', { stage: 'start_refused', why: code });
    } finally {
      trail.close();
    }
  } catch {
    // it ends with its own error
  }
}
