// From `auth` and `roles` of a config to what `run` asks. Knows the notation; who judges a token, and by what, is elsewhere.
import { AUTH_DEFAULTS, type AuthPolicy, type JwtPolicy, type RolesPolicy } from './auth-policy.ts';
import type { CompiledScopes } from './compile-scope.ts';
import type { ConfigDocument } from './schema.ts';

type JwtDocument = NonNullable<NonNullable<ConfigDocument['auth']>['jwt']>;
type Absolute = (path: string) => string;

/** Undefined where the config says nothing: then nobody is asked. */
export function compileAuth(auth: ConfigDocument['auth'], absolute: Absolute): AuthPolicy | undefined {
  if (auth === undefined) return undefined;
  return {
    required: auth.required ?? false,
    tokenFile: auth.tokenFile === undefined ? undefined : absolute(auth.tokenFile),
    jwt: auth.jwt === undefined ? undefined : compileJwt(auth.jwt, absolute),
  };
}

function compileJwt(jwt: JwtDocument, absolute: Absolute): JwtPolicy {
  const { issuer, audience, algorithms, jwksFile, jwksUrl, claims } = jwt;
  return {
    ...{ issuer, audience, algorithms },
    keys: readKeys(jwksFile, jwksUrl, jwt.cacheMs, absolute),
    clockToleranceMs: jwt.clockToleranceMs ?? AUTH_DEFAULTS.clockToleranceMs,
    claims: {
      principal: claims?.principal ?? AUTH_DEFAULTS.principalClaim,
      tenant: claims?.tenant,
      roles: claims?.roles,
    },
  };
}

function readKeys(
  file: string | undefined,
  url: string | undefined,
  cacheMs: number | undefined,
  absolute: Absolute,
): JwtPolicy['keys'] {
  if (file !== undefined) return { kind: 'file', path: absolute(file) };
  if (url !== undefined) return { kind: 'url', url, cacheMs: cacheMs ?? AUTH_DEFAULTS.cacheMs };
  // INVARIANT: check-auth.ts has reported it
  throw new Error('auth.jwt has no keys');
}

/** Undefined where the config has no `roles` at all. */
export function compileRoles(config: Pick<ConfigDocument, 'roles'>, scopes: CompiledScopes): RolesPolicy | undefined {
  if (config.roles === undefined) return undefined;
  const roles = new Map(Object.entries(config.roles));
  return {
    names: new Set(roles.keys()),
    scopesOf: (role, place) =>
      (roles.get(role)?.scopes ?? []).flatMap((name) => scopes.ofServer('', name, place) ?? []),
    limitsOf: (role) => roles.get(role)?.limits ?? [],
  };
}
