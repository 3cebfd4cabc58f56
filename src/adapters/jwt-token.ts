// Judges a JWT: its form, its signature by a key of the one issuer, its claims. The one importer of jose. Knows no file and no
// address: where the keys come from is handed in. Nothing that a token says of itself (`jku`, `x5u`, `jwk`, `x5c`) is ever used.
import * as jose from 'jose';
import type { JwtPolicy } from '../config/auth-policy.ts';
import { findDuplicateKeys } from '../config/duplicate-keys.ts';
import { findOddClaim, readClaims } from '../policy/identity/claims.ts';
import type { IdentityVerdict, RefusalReason, StartRequest } from '../policy/identity/identity.ts';
import { refuseStart } from '../policy/identity/start-question.ts';
import { isTenant } from '../tenant/tenant-scope.ts';
import { isJsonObject, type Json, type JsonObject } from '../wire/json.ts';
import type { IssuerKeys, NoKeys } from './issuer-keys.ts';

const LONGEST_KID = 256;
/** What other kinds of tokens of the same issuer call themselves would count otherwise. */
const TYPES = /^(application\/)?(at\+)?jwt$/i;

/** @param text attacker-controlled, of bounded length @param loadKeys asked once at most */
export async function judgeJwt(
  text: string,
  policy: JwtPolicy,
  request: StartRequest,
  loadKeys: () => Promise<IssuerKeys | NoKeys>,
): Promise<IdentityVerdict> {
  const form = checkForm(text, policy);
  if (form !== undefined) return { kind: 'refused', why: form };
  const keys = await loadKeys();
  if ('why' in keys) return { kind: 'refused', why: 'keys_unavailable', detail: keys.why };
  const first = await verify(text, policy, keys.keys, request);
  if (first.kind === 'accepted' || first.why !== 'key_unknown') return first;
  // the issuer may have changed its keys since they were fetched
  const fresh = await keys.refresh();
  return fresh === undefined ? first : verify(text, policy, fresh.keys, request);
}

/** Before a key is looked for: what is decided by the text alone. */
function checkForm(text: string, { algorithms }: JwtPolicy): RefusalReason | undefined {
  const [head = '', body = ''] = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) ? text.split('.') : [];
  const [header, claims] = [readPart(head), readPart(body)];
  if (header === undefined || claims === undefined) return 'malformed';
  if (header === 'ambiguous' || claims === 'ambiguous') return 'duplicate_member';
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !algorithms.includes(alg)) return 'algorithm_refused';
  const isTyped = typ === undefined || (typeof typ === 'string' && TYPES.test(typ));
  const isNamed = kid === undefined || (typeof kid === 'string' && kid.length <= LONGEST_KID);
  return Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64') || !isTyped || !isNamed
    ? 'header_refused'
    : undefined;
}

/** INVARIANT: what is read here is what jose reads: one JSON object in UTF-8, no member of it twice, at any depth. */
function readPart(part: string): JsonObject | 'ambiguous' | undefined {
  const bytes = Buffer.from(part, 'base64url');
  // two spellings of one text would be two tokens
  if (bytes.length === 0 || bytes.toString('base64url') !== part) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: Json = JSON.parse(text); // untyped input enters here
    if (!isJsonObject(value)) return undefined;
    return findDuplicateKeys(text, value).length === 0 ? value : 'ambiguous';
  } catch {
    return undefined;
  }
}

async function verify(
  text: string,
  policy: JwtPolicy,
  keys: readonly JsonObject[],
  request: StartRequest,
): Promise<IdentityVerdict> {
  const { issuer, audience, algorithms, clockToleranceMs } = policy;
  try {
    // jose takes any JSON for a key set and checks each key before it uses it
    const set = jose.createLocalJWKSet({ keys: keys as unknown as jose.JWK[] });
    const { payload } = await jose.jwtVerify(text, set, {
      ...{ issuer, audience, algorithms: [...algorithms], requiredClaims: ['exp'] },
      clockTolerance: clockToleranceMs / 1_000,
      currentDate: new Date(request.nowMs),
    });
    return judgeClaims(payload as JsonObject, policy, request); // JSON by what `checkForm` has seen
  } catch (error) {
    const why = reasonOf(error);
    return { kind: 'refused', why, detail: why === 'claims_refused' ? describeClaim(error) : undefined };
  }
}

/** The signature is good, and issuer, audience and time are. */
function judgeClaims(payload: JsonObject, policy: JwtPolicy, request: StartRequest): IdentityVerdict {
  const { exp, iat } = payload;
  const expiresAtMs = typeof exp === 'number' ? exp * 1_000 + policy.clockToleranceMs : Number.NaN;
  const identity = readClaims(payload, policy.claims, expiresAtMs);
  if (identity === undefined)
    return { kind: 'refused', why: 'claims_refused', detail: findOddClaim(payload, policy.claims) };
  if (identity.tenant !== undefined && !isTenant(identity.tenant)) {
    const detail = `\`${policy.claims.tenant}\` is a name that no tenant can have`;
    return { kind: 'refused', why: 'claims_refused', detail };
  }
  const isEarly = typeof iat === 'number' && iat * 1_000 > request.nowMs + policy.clockToleranceMs;
  const why = isEarly ? 'not_yet_valid' : refuseStart(identity, request);
  if (why === undefined) return { kind: 'accepted', identity };
  return { kind: 'refused', why, principal: identity.principal };
}

const REASONS: ReadonlyMap<string, RefusalReason> = new Map([
  ['ERR_JWT_EXPIRED', 'expired'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'signature_wrong'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'key_unknown'],
  // without a `kid` nobody can say which key is meant
  ['ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'key_unknown'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'algorithm_refused'],
  ['ERR_JOSE_NOT_SUPPORTED', 'header_refused'],
  ['ERR_JWS_INVALID', 'malformed'],
  ['ERR_JWT_INVALID', 'malformed'],
]);

/** Only names that this file asks jose to check. */
function describeClaim(error: unknown): string | undefined {
  if (!(error instanceof jose.errors.JWTClaimValidationFailed)) return undefined;
  return `\`${error.claim}\` is ${error.reason === 'missing' ? 'missing' : 'not what it has to be'}`;
}

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof jose.errors.JWTClaimValidationFailed) {
    const claims: ReadonlyMap<string, RefusalReason> = new Map([
      ['iss', 'issuer_wrong'],
      ['aud', 'audience_wrong'],
      ['nbf', error.reason === 'check_failed' ? 'not_yet_valid' : 'claims_refused'],
    ]);
    return claims.get(error.claim) ?? 'claims_refused';
  }
  // a key of the issuer that cannot be used throws something else: refused all the same
  return error instanceof jose.errors.JOSEError ? (REASONS.get(error.code) ?? 'failed') : 'failed';
}
