// From the claims of a JWT whose signature is good to an identity. Pure; knows no key and no signature.
// TRUST: the claims are what the issuer signed. Nothing is transformed: what is not exactly a name as the config has them is refused.
import { type Json, type JsonObject, memberOf } from '../../wire/json.ts';
import { type Identity, isPrincipal } from './identity.ts';

export interface ClaimNames {
  /** A claim by its name; where it begins with `/`, a JSON pointer into the claims: `/realm_access/roles`. */
  readonly principal: string;
  /** Undefined: every JWT is for the tenant `default`. */
  readonly tenant: string | undefined;
  /** Undefined: nobody has a role. */
  readonly roles: string | undefined;
}

const DEFAULT_TENANT = 'default';
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MOST_ROLES = 256;
const LONGEST_ROLE = 256;

/** Undefined: a claim is missing, or is not what it has to be (`findOddClaim`). @param expiresAtMs milliseconds since the epoch */
export function readClaims(claims: JsonObject, names: ClaimNames, expiresAtMs: number): Identity | undefined {
  const { principal, tenant, roles } = readParts(claims, names);
  if (principal === undefined || tenant === undefined || roles === undefined) return undefined;
  return {
    kind: 'jwt',
    principal: `jwt:${principal}`,
    tenant,
    roles,
    servers: undefined,
    expiresAtMs,
    tokenId: undefined,
  };
}

/** What is wrong with the first claim that `readClaims` does not take, for people; undefined: it takes all. */
export function findOddClaim(claims: JsonObject, names: ClaimNames): string | undefined {
  const { principal, tenant, roles } = readParts(claims, names);
  if (principal === undefined) return explain(claims, names.principal, '1 to 200 printable ASCII characters');
  if (tenant === undefined) return explain(claims, names.tenant ?? '', 'an id, in small letters, digits and `-`');
  return roles === undefined ? explain(claims, names.roles ?? '', 'one text or a list of texts') : undefined;
}

/** INVARIANT: the claim's name stands in the config; nothing of what it says is quoted. */
function explain(claims: JsonObject, name: string, expected: string): string {
  const isThere = claimAt(claims, name) !== undefined;
  return `\`${name}\` ${isThere ? `is not ${expected}` : 'is missing'}`;
}

/** Each undefined where it is not what it has to be. */
function readParts(claims: JsonObject, names: ClaimNames) {
  const principal = claimAt(claims, names.principal);
  const tenant = names.tenant === undefined ? DEFAULT_TENANT : claimAt(claims, names.tenant);
  return {
    principal: isPrincipal(principal) ? principal : undefined,
    tenant: typeof tenant === 'string' && NAME.test(tenant) ? tenant : undefined,
    roles: names.roles === undefined ? [] : readRoles(claimAt(claims, names.roles)),
  };
}

/** One role as text, or a list of them; a claim that is absent is a principal without roles. */
function readRoles(claim: Json | undefined): readonly string[] | undefined {
  if (claim === undefined) return [];
  const list: Json = typeof claim === 'string' ? [claim] : claim;
  if (!Array.isArray(list) || list.length > MOST_ROLES) return undefined;
  const entries: readonly Json[] = list;
  if (!entries.every((one) => typeof one === 'string' && one.length <= LONGEST_ROLE)) return undefined;
  // an issuer has roles for other programs, too: what no config can name is none of ours
  return [...new Set(entries.filter((one): one is string => typeof one === 'string' && NAME.test(one)))];
}

function claimAt(claims: JsonObject, name: string): Json | undefined {
  if (!name.startsWith('/')) return memberOf(claims, name);
  let value: Json | undefined = claims;
  for (const key of name.slice(1).split('/')) value = memberOf(value, key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return value;
}
