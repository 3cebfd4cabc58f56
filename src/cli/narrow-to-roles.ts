// What the roles of a principal leave of the policy in force: by the config and by the lock. Decides nothing; knows no token.
import type { Policy } from '../config/policy.ts';
import { restrictPolicy } from '../config/restrict-policy.ts';
import { restrictToRoles } from '../config/restrict-roles.ts';
import type { LockedPolicy } from './locked-policy.ts';

/**
 * @param roles of the principal; undefined: roles do not apply. INVARIANT: a role that the config widened counts as it was approved
 */
export function narrowToRoles(
  { policy, approvedRoles }: Pick<LockedPolicy, 'policy' | 'approvedRoles'>,
  roles: readonly string[] | undefined,
): Policy {
  const approved = approvedRoles === undefined ? [] : restrictToRoles(approvedRoles.roles, roles, 'lock');
  return restrictPolicy(policy, [...restrictToRoles(policy.roles, roles), ...approved]).policy;
}
