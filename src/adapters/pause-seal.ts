// The signature of this machine's key over the pauses of a tenant: what writes a file in the state directory pauses nothing by that.
// Knows neither the command nor what a pause does.
// TRUST: whoever can read the key can pause, as they can approve.
import type { Pauses } from '../policy/pause.ts';
import { openMachineKey, readMachineKey } from './lock-file.ts';
import { verifySignature } from './signing-key.ts';

/** The same pauses, signed by the key of this machine, which is made where there is none. @throws GuardError key_unusable */
export function sealPauses(stateDir: string, tenant: string, { version, pauses }: Pauses): Pauses {
  return { version, pauses, signature: openMachineKey({ stateDir }).sign(writeText(tenant, pauses)) };
}

/** No pauses need no signature. @throws GuardError key_unusable */
export function areSealed(stateDir: string, tenant: string, { pauses, signature }: Pauses): boolean {
  if (pauses.length === 0) return true;
  const key = signature === undefined ? undefined : readMachineKey({ stateDir })?.publicKey;
  return key !== undefined && signature !== undefined && verifySignature(key, writeText(tenant, pauses), signature);
}

/** One text for each list: of a tenant, so that what is copied to another one counts for nothing. */
function writeText(tenant: string, pauses: Pauses['pauses']): string {
  const rows = pauses.map((one) => [one.config, one.server, one.sinceMs, one.untilMs, one.actor, one.reason]);
  return `mcp-guard pauses v2\n${JSON.stringify([tenant, rows])}`;
}
