// An issuer of JWTs with keys of its own, for tests: what it signs, what others forge in its name.
import * as crypto from 'node:crypto';
import { SignJWT } from 'jose';
import type { JwtPolicy } from '../../../src/config/auth-policy.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

export const NOW = Date.parse('2026-07-28T09:00:00.000Z');
export const NOW_S = NOW / 1_000;
export const REQUEST = { tenant: undefined, nowMs: NOW };

export interface Key {
  readonly kid: string;
  readonly privateKey: crypto.KeyObject;
  readonly publicKey: crypto.KeyObject;
  /** As the issuer publishes it. */
  readonly jwk: JsonObject;
}

export function makeKey(kid: string, kind: 'rsa' | 'ec' = 'ec'): Key {
  const { privateKey, publicKey } =
    kind === 'rsa'
      ? crypto.generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: kind === 'rsa' ? 'RS256' : 'ES256' };
  return { kid, privateKey, publicKey, jwk: jwk as JsonObject };
}

export const POLICY: JwtPolicy = {
  ...{ issuer: 'https://login.example.com/', audience: 'mcp-guard', algorithms: ['RS256', 'ES256'] },
  keys: { kind: 'file', path: '/keys' },
  clockToleranceMs: 30_000,
  claims: { principal: 'sub', tenant: 'org', roles: 'roles' },
};

export const CLAIMS: JsonObject = {
  ...{ iss: POLICY.issuer, aud: 'mcp-guard', sub: 'ada', org: 'acme', roles: ['reader'] },
  ...{ iat: NOW_S - 60, exp: NOW_S + 600 },
};

/** Signed as it should be; `claims` and `header` on top of the usual ones, undefined takes one away. */
export function sign(key: Key, claims: JsonObject = {}, header: JsonObject = {}): Promise<string> {
  const alg = key.jwk.alg === 'RS256' ? 'RS256' : 'ES256';
  const payload = Object.fromEntries(
    Object.entries({ ...CLAIMS, ...claims }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(payload).setProtectedHeader({ alg, kid: key.kid, ...header }).sign(key.privateKey);
}

const part = (text: string): string => Buffer.from(text).toString('base64url');

/** Any header and any payload as text, with a signature of the key over exactly that. */
export function signText(key: Key, header: string, payload: string): string {
  return signParts(key, part(header), part(payload));
}

/** Any two parts as they stand. */
export function signParts(key: Key, header: string, payload: string): string {
  const input = `${header}.${payload}`;
  const signature = crypto.sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** Key confusion: signed with what everybody knows, the public key, as if it were a shared secret. */
export function signShared(key: Key, secret: string | Buffer): string {
  const header = JSON.stringify({ alg: 'HS256', kid: key.kid });
  const input = `${part(header)}.${part(JSON.stringify(CLAIMS))}`;
  return `${input}.${crypto.createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function unsigned(alg: string): string {
  return `${part(JSON.stringify({ alg }))}.${part(JSON.stringify(CLAIMS))}.`;
}
