// Whose scope is asked for: a principal by its guard tokens, or roles by name. Pure; knows no file and no scope.
import { GuardError } from '../guard-error.ts';
import { mayUse } from '../policy/identity/start-question.ts';
import { stateOf, type Tokens } from '../policy/identity/token-record.ts';
import { suggestName } from './breaker-target.ts';
import { makeInert } from './inert-text.ts';
import { cutMiddle } from './text-width.ts';

/** Columns of a name that nobody has. */
const LONGEST_SHOWN = 60;

export interface Subject {
  readonly roles: readonly string[];
  /** For a person. */
  readonly heading: string;
  /** Whether its token is for this server. @param isConfigured default: it is of the config */
  mayUse(server: string, isConfigured?: boolean): boolean;
}

/** @param text `reader,writer` @throws GuardError usage */
export function readRoles(text: string, known: readonly string[]): Subject {
  const roles = text.split(',').map((role) => role.trim());
  const odd = roles.find((role) => !known.includes(role));
  if (odd !== undefined)
    throw new GuardError('usage', `the config has no role \`${odd}\``, { hint: suggestName(odd, known) });
  return { roles, heading: `a principal with ${describeRoles(roles)}`, mayUse: () => true };
}

/**
 * One for each token that counts and says something else: a principal is what its token says.
 *
 * @param name as in the record, `token:ci`, or without its kind @throws GuardError usage
 */
export function findPrincipal(name: string, tenant: string, { tokens }: Tokens, nowMs: number): readonly Subject[] {
  const bare = name.replace(/^token:/, '');
  const valid = tokens.filter((one) => one.tenant === tenant && stateOf(one, nowMs) === 'valid');
  const own = valid.filter(({ principal }) => principal === bare);
  if (own.length === 0) {
    const names = [...new Set(valid.map(({ principal }) => principal))];
    throw new GuardError(
      'usage',
      `no guard token of the tenant \`${tenant}\` is for \`${cutMiddle(makeInert(name), LONGEST_SHOWN)}\``,
      {
        hint: `${suggestName(bare, names)}; the roles of a JWT stand in it: ask with \`--role\``,
      },
    );
  }
  const sets = new Map<string, typeof own>();
  for (const one of own) {
    const key = JSON.stringify([[...one.roles].sort(), one.servers]);
    sets.set(key, [...(sets.get(key) ?? []), one]);
  }
  return [...sets.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const { roles, principal } = first;
    const servers = first.servers ?? undefined;
    const by = same.map(({ id }) => id).join(', ');
    const heading = `${makeInert(principal)} with ${describeRoles(roles)}, by token ${by}`;
    return [{ roles, heading, mayUse: (id: string, isConfigured = true) => mayUse({ servers }, { id, isConfigured }) }];
  });
}

function describeRoles(roles: readonly string[]): string {
  if (roles.length === 0) return 'no role';
  return `the role${roles.length === 1 ? '' : 's'} ${roles.join(', ')}`;
}
