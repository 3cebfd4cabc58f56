// What of a new token would never match: tenants, roles and servers that the config does not have. No errors: a config may come later, or be
// another host's. Pure; knows no file and no token.
import { nearestWord } from '../config/nearest-word.ts';
import type { TokenRecord } from '../policy/identity/token-record.ts';
import { memberOf, objectOf } from '../policy/lock/difference.ts';
import { compilePattern } from '../policy/pattern.ts';
import type { JsonObject } from '../wire/json.ts';
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
    ...(tenants.length === 0 || tenants.includes(tenant) ? [] : [doubtTenant(tenant, tenants)]),
    ...strange.map((role) => `it has no role \`${role}\`, which grants nothing${meant(role, namesOf('roles'))}`),
    ...idle.map((pattern) => `it has no server \`${pattern}\`${meant(pattern, known)}`),
  ];
}

function doubtTenant(tenant: string, tenants: readonly string[]): string {
  if (tenant === DEFAULT_TENANT) return 'it has tenants, and the token is for none of them: say whose with `--tenant`';
  return `it has no tenant \`${tenant}\`, whose sessions would not start${meant(tenant, tenants)}`;
}

function meant(word: string, names: readonly string[]): string {
  const near = nearestWord(word, names);
  return near === undefined ? '' : `: did you mean \`${near}\`?`;
}
