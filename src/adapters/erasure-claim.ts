// The mark of an erasure under way: while it lies beside a tenant's suspension the tenant is shut out, whoever lifts the suspension. It
// outlives an erasure that was killed. Knows neither what is erased nor who asked for it.
import { rmSync } from 'node:fs';
import { GuardError } from '../guard-error.ts';
import type { TenantScope } from '../tenant/tenant-scope.ts';
import { replaceFile } from './durable-file.ts';
import { withFileLock } from './locked-file.ts';
import { judgeLiveness, readIdentity, readOwnIdentity } from './process-identity.ts';
import { readSmallJson } from './small-json.ts';
import { makePrivateDir } from './state-paths.ts';
import { ERASING, isBeingErased } from './suspension.ts';

export interface ErasureClaim {
  /** Its erasure is at its end. */
  release(): void;
  /** Nothing was begun. INVARIANT: what an earlier one has begun keeps its mark. */
  cancel(): void;
}

const LOCK_MS = 5_000;

/**
 * Durable when it resolves. One that was cut short is taken over.
 *
 * @throws GuardError tenant_active where another one is at work or cannot be judged, state_locked; the error of the file system
 */
export async function claimErasure(scope: TenantScope): Promise<ErasureClaim> {
  const path = scope.place(ERASING);
  const wasBegun = await lockOrders(scope, () => {
    const isBegun = isBeingErased(scope);
    const holder = readIdentity(readSmallJson(path));
    if (holder !== undefined && judgeLiveness(holder) !== 'dead') {
      throw new GuardError('tenant_active', `\`${scope.id}\` is being erased already, by process ${holder.pid}`, {
        hint: `wait for it; where that process no longer exists on any machine, remove \`${path}\``,
      });
    }
    replaceFile(path, `${JSON.stringify({ version: 1, ...readOwnIdentity() })}\n`, 'drop');
    return isBegun;
  });
  const release = (): void => rmSync(path, { force: true });
  return { release, cancel: wasBegun ? () => {} : release };
}

/**
 * Runs `action` while no erasure is under way, and lets none begin meanwhile.
 *
 * @throws GuardError tenant_active, state_locked; what `action` throws
 */
export function whileNotErased<T>(scope: TenantScope, action: () => T): Promise<T> {
  return lockOrders(scope, () => {
    if (!isBeingErased(scope)) return action();
    throw new GuardError('tenant_active', `\`${scope.id}\` cannot be let in: its erasure has begun and has not ended`, {
      hint: `wait for it; where it was cut short, give \`mcp-guard tenant erase ${scope.id} --reason …\` again`,
    });
  });
}

function lockOrders<T>(scope: TenantScope, action: () => T): Promise<T> {
  makePrivateDir(scope.stateDir, scope.steps());
  return withFileLock(`${scope.place(ERASING)}.lock`, { timeoutMs: LOCK_MS }, action);
}
