// What of a new token would never match: roles and servers that the config does not have are doubts, since a config may come later; a tenant
// that it does not list is an error, since the order itself would make a record of it. Pure; knows no file and no token.
import { nearestWord } from '../config/nearest-word.ts';
import { GuardError } from '../guard-error.ts';
import type { TokenRecord } from '../policy/identity/token-record.ts';
import { compilePattern } from '../policy/pattern.ts';
import type { JsonObject } from '../wire/json.ts';
import { memberOf, objectOf } from '../wire/json.ts';
import { DEFAULT_TENANT } from './bare-run.ts';

/** @param document a config @returns sentences for stderr; none where all of it is known */
export function listDoubts(
  { tenant, roles, servers }: Pick<TokenRecord, 'tenant' | 'roles' | 'servers'>,
  document: JsonObject,
): readonly string[] {
  const namesOf = (key: string, object: JsonObject = document): readonly string[] =>
    Object.keys(objectOf(memberOf(object, key)));
  const tenants = namesOf('tenants');
  const blocks = objectOf(memberOf(document, 'tenants'));
  const block = objectOf(memberOf(blocks, tenant));
  const known = [...new Set([...namesOf('servers'), ...namesOf('servers', block)])];
  const strange = roles.filter((role) => !namesOf('roles').includes(role));
  const idle = (servers ?? []).filter((pattern) => !known.some((name) => compilePattern(pattern).matches(name)));
  return [
    ...(tenants.length === 0 || tenant !== DEFAULT_TENANT ? [] : [NOBODYS]),
    ...strange.map((role) => `it has no role \`${role}\`, which grants nothing${meant(role, namesOf('roles'))}`),
    ...idle.map((pattern) => `it has no server \`${pattern}\`${meant(pattern, known)}`),
  ];
}

/** @param path of the config @throws GuardError tenant_unknown */
export function refuseUnlistedTenant(tenant: string, document: JsonObject, path: string): void {
  const tenants = Object.keys(objectOf(memberOf(document, 'tenants')));
  if (tenants.length === 0 || tenant === DEFAULT_TENANT || tenants.includes(tenant)) return;
  const near = nearestWord(tenant, tenants);
  const shown = tenants.slice(0, MOST_SHOWN).map((one) => `\`${one}\``);
  const more = tenants.length > MOST_SHOWN ? ` and ${tenants.length - MOST_SHOWN} more` : '';
  throw new GuardError('tenant_unknown', `\`${path}\` has no tenant \`${tenant}\`, so no session of it would start`, {
    hint: `${near === undefined ? '' : `did you mean \`${near}\`? `}it has ${shown.join(', ')}${more}; another config: \`--config FILE\``,
  });
}

const MOST_SHOWN = 8;
const NOBODYS = 'it has tenants, and the token is for none of them: say whose with `--tenant`';

function meant(word: string, names: readonly string[]): string {
  const near = nearestWord(word, names);
  return near === undefined ? '' : `: did you mean \`${near}\`?`;
}
