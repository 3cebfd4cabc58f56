// What the roles of one principal leave of a policy: a restriction like any other. Pure; knows no token, decides nothing.
import type { Scope } from '../policy/scope/scope-policy.ts';
import type { RolesPolicy } from './auth-policy.ts';
import type { Restriction } from './restriction.ts';

/** Of a principal that has no role, or none that is known. */
const NO_ROLE: Scope = { name: '', rule: 'roles', grants: [], denies: [], source: {} };

/**
 * The union of the scopes of its roles: what any of them grants is granted, what any denies is denied. A role that the policy does
 * not know grants nothing, and a principal that has none is granted nothing as soon as the policy has roles. The limits of all its
 * roles apply.
 *
 * @param known undefined: the policy has no roles at all
 * @param roles of the principal; undefined: nobody was asked who it is, so that roles do not apply
 * @param source where they are written, for a person: `` for the config, `lock` for what was approved
 */
export function restrictToRoles(
  known: RolesPolicy | undefined,
  roles: readonly string[] | undefined,
  source: '' | 'lock' = '',
): readonly Restriction[] {
  if (roles === undefined || (known === undefined && roles.length === 0)) return [];
  const held = [...new Set(roles)].filter((role) => known?.names.has(role) === true);
  const names = held.length === 0 ? 'roles' : held.map((role) => `roles.${role}`).join(' + ');
  const from = (what: string): string => (source === '' ? what : `${source}: ${what}`);
  return [
    {
      by: from(names),
      ofServer: (place) => {
        const [first, ...rest] = held.flatMap((role) => known?.scopesOf(role, place) ?? []);
        return { scopes: [first === undefined ? [NO_ROLE] : [first, ...rest]] };
      },
    },
    // each by itself: a role is one count, whatever else a principal is
    ...held.flatMap((role): Restriction[] => {
      const limits = known?.limitsOf(role) ?? [];
      return limits.length === 0 ? [] : [{ by: from(`roles.${role}`), ofServer: () => ({ limits }) }];
    }),
  ];
}
