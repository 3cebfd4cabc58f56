// The name of a tenant on a command line. Knows no directory.

import { GuardError } from '../guard-error.ts';
import { isTenant, RESERVED_TENANTS } from '../tenant/tenant-scope.ts';

/** @throws GuardError usage */
export function readTenant(value: string): string {
  if (isTenant(value)) return value;
  throw new GuardError('usage', `\`--tenant ${value}\` is no name for a tenant`, {
    hint: `use 1 to 63 of \`a-z\`, \`0-9\` and \`-\`, not starting with \`-\`; ${RESERVED_TENANTS.map((name) => `\`${name}\``).join(', ')} and names of Windows devices are taken`,
  });
}
