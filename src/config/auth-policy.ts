// What a config says of who may start a session, once it is compiled. Types and defaults only; knows no token.
import type { ClaimNames } from '../policy/identity/claims.ts';
import type { Scope } from '../policy/scope/scope-policy.ts';
import type { ServerPlace } from './compile-scope.ts';
import type { LimitDocument } from './restriction.ts';

export interface AuthPolicy {
  /** Nothing is started without a token that counts. False: one that is presented must count, and none is the local user. */
  readonly required: boolean;
  /** Absolute; where the token is looked for if neither the command line nor the environment has one. */
  readonly tokenFile: string | undefined;
  /** Undefined: guard tokens alone count. */
  readonly jwt: JwtPolicy | undefined;
}

export interface JwtPolicy {
  readonly issuer: string;
  readonly audience: string;
  readonly keys:
    | { readonly kind: 'file' /** Absolute. */; readonly path: string }
    | { readonly kind: 'url'; readonly url: string; readonly cacheMs: number };
  /** Of `ALGORITHMS`. INVARIANT: none that a public key could be mistaken for the secret of. */
  readonly algorithms: readonly string[];
  readonly clockToleranceMs: number;
  readonly claims: ClaimNames;
}

/** What the roles of a config stand for. */
export interface RolesPolicy {
  readonly names: ReadonlySet<string>;
  /** None where there is no such role. Their constraints are compiled for this place. */
  scopesOf(role: string, place: ServerPlace): readonly Scope[];
  /** As they are written; the same values each time, so that one limit is one count. */
  limitsOf(role: string): readonly LimitDocument[];
}

/** Public keys only: with `none` anybody signs, and with `HS…` whoever knows the public key. */
export const ALGORITHMS: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

export const AUTH_DEFAULTS = {
  cacheMs: 600_000,
  clockToleranceMs: 30_000,
  principalClaim: 'sub',
} as const;
