// Hostile JWTs: every way to be let in that an outsider can think of has a row, and none is let in. The reason is exact.
import { beforeAll, describe, expect, test } from 'vitest';
import type { IssuerKeys } from '../../../src/adapters/issuer-keys.ts';
import { judgeJwt } from '../../../src/adapters/jwt-token.ts';
import type { JwtPolicy } from '../../../src/config/auth-policy.ts';
import type { RefusalReason, StartRequest } from '../../../src/policy/identity/identity.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import {
  CLAIMS,
  type Key,
  makeKey,
  NOW,
  NOW_S,
  POLICY,
  REQUEST,
  sign,
  signParts,
  signShared,
  signText,
  unsigned,
} from './issuer.ts';

const key = makeKey('k1');
const rsa = makeKey('r1', 'rsa');
const stranger = makeKey('k1');
const keysOf = (...keys: readonly JsonObject[]): IssuerKeys => ({ keys, refresh: async () => undefined });
const KEYS = keysOf(key.jwk, rsa.jwk);

const judge = (text: string, more: Partial<StartRequest> = {}, keys: IssuerKeys | undefined = KEYS, policy = POLICY) =>
  judgeJwt(text, policy, { ...REQUEST, ...more }, async () => keys);

test.each([key, rsa])('what the issuer signed counts', async (signer) => {
  expect(await judge(await sign(signer))).toEqual({
    kind: 'accepted',
    identity: {
      ...{
        kind: 'jwt',
        principal: 'jwt:ada',
        tenant: 'acme',
        roles: ['reader'],
        servers: undefined,
        tokenId: undefined,
      },
      expiresAtMs: NOW + 630_000,
    },
  });
});

test.each<readonly [string, JsonObject, JsonObject]>([
  ['without `kid`, where one key fits', {}, { kid: undefined }],
  ['with one of several audiences', { aud: ['other', 'mcp-guard'] }, {}],
  ['of a usual type', {}, { typ: 'JWT' }],
  ['that is an access token', {}, { typ: 'at+jwt' }],
  ['within the tolerance after its end', { exp: NOW_S - 29 }, {}],
  ['within the tolerance before its beginning', { nbf: NOW_S + 30 }, {}],
  [
    'that names addresses and keys of its own, which nobody looks at',
    {},
    { jku: 'http://127.0.0.1:1/', x5u: 'file:///etc/passwd' },
  ],
])('one %s counts', async (_, claims, header) => {
  expect(await judge(await sign(key, claims, header))).toMatchObject({ kind: 'accepted' });
});

interface Row {
  readonly name: string;
  readonly text: () => string | Promise<string>;
  readonly why: RefusalReason;
  readonly request?: Partial<StartRequest>;
}

const header = JSON.stringify({ alg: 'ES256', kid: 'k1' });
const claims = JSON.stringify(CLAIMS);
const part = (text: string): string => Buffer.from(text).toString('base64url');
/** The last digit of base64 has bits that mean nothing here: most decoders take either. */
const respelt = (() => {
  const plain = part(header);
  const other = plain.slice(0, -1) + String.fromCharCode(plain.charCodeAt(plain.length - 1) + 1);
  expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(plain, 'base64url'));
  return other;
})();
const pem = (one: Key): string => one.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const swapped = async (): Promise<string> => {
  const [one, two] = [await sign(key), await sign(key, { sub: 'root' })];
  return `${one.split('.')[0]}.${two.split('.')[1]}.${one.split('.')[2]}`;
};

const ROWS: readonly Row[] = [
  { name: 'forged with a key that only claims to be the issuer’s', text: () => sign(stranger), why: 'signature_wrong' },
  { name: 'with the claims of another under its signature', text: swapped, why: 'signature_wrong' },
  { name: 'with its signature cut off', text: async () => (await sign(key)).replace(/[^.]+$/, ''), why: 'malformed' },
  {
    name: 'with a signature of nothing',
    text: async () => (await sign(key)).replace(/[^.]+$/, 'AAAA'),
    why: 'signature_wrong',
  },
  { name: 'expired', text: () => sign(key, { exp: NOW_S - 30 }), why: 'expired' },
  { name: 'that expires never', text: () => sign(key, { exp: undefined }), why: 'claims_refused' },
  { name: 'that expires in words', text: () => sign(key, { exp: 'tomorrow' }), why: 'claims_refused' },
  { name: 'not yet valid', text: () => sign(key, { nbf: NOW_S + 31 }), why: 'not_yet_valid' },
  { name: 'valid from some word on', text: () => sign(key, { nbf: 'now' }), why: 'claims_refused' },
  { name: 'issued in the future', text: () => sign(key, { iat: NOW_S + 31 }), why: 'not_yet_valid' },
  { name: 'of another issuer', text: () => sign(key, { iss: 'https://evil.example.com/' }), why: 'issuer_wrong' },
  {
    name: 'of the issuer without its last slash',
    text: () => sign(key, { iss: 'https://login.example.com' }),
    why: 'issuer_wrong',
  },
  { name: 'of no issuer', text: () => sign(key, { iss: undefined }), why: 'issuer_wrong' },
  { name: 'of a list of issuers', text: () => sign(key, { iss: [POLICY.issuer] }), why: 'issuer_wrong' },
  { name: 'for another audience', text: () => sign(key, { aud: 'other' }), why: 'audience_wrong' },
  {
    name: 'for an audience that only contains ours',
    text: () => sign(key, { aud: 'mcp-guard-admin' }),
    why: 'audience_wrong',
  },
  { name: 'for nobody', text: () => sign(key, { aud: undefined }), why: 'audience_wrong' },
  { name: '`alg: none`', text: () => unsigned('none'), why: 'malformed' },
  { name: '`alg: none` with a signature', text: () => `${unsigned('none')}AAAA`, why: 'algorithm_refused' },
  { name: '`alg: NoNe`', text: () => `${unsigned('NoNe')}AAAA`, why: 'algorithm_refused' },
  { name: 'no `alg`', text: () => signText(key, '{"kid":"k1"}', claims), why: 'algorithm_refused' },
  {
    name: '`alg` as a list',
    text: () => signText(key, '{"alg":["ES256"],"kid":"k1"}', claims),
    why: 'algorithm_refused',
  },
  {
    name: 'key confusion: HS256 over the PEM of the public key',
    text: () => signShared(rsa, pem(rsa)),
    why: 'algorithm_refused',
  },
  {
    name: 'key confusion: HS256 over the JWK',
    text: () => signShared(rsa, JSON.stringify(rsa.jwk)),
    why: 'algorithm_refused',
  },
  {
    name: 'an algorithm that is known, and not accepted here',
    text: () => signText(key, '{"alg":"ES384","kid":"k1"}', claims),
    why: 'algorithm_refused',
  },
  {
    name: 'the algorithm of another key',
    text: () => signText(key, '{"alg":"RS256","kid":"k1"}', claims),
    why: 'key_unknown',
  },
  { name: '`kid` as a path', text: () => sign(key, {}, { kid: '../../../../dev/null' }), why: 'key_unknown' },
  { name: '`kid` as SQL', text: () => sign(key, {}, { kid: "k1' OR '1'='1" }), why: 'key_unknown' },
  { name: '`kid` as a URL', text: () => sign(key, {}, { kid: 'https://evil.example.com/key' }), why: 'key_unknown' },
  { name: '`kid` with a NUL behind it', text: () => sign(key, {}, { kid: 'k1\0' }), why: 'key_unknown' },
  { name: '`kid` in another case', text: () => sign(key, {}, { kid: 'K1' }), why: 'key_unknown' },
  { name: '`kid` of the prototype', text: () => sign(key, {}, { kid: '__proto__' }), why: 'key_unknown' },
  {
    name: '`kid` that is no text',
    text: () => signText(key, '{"alg":"ES256","kid":["k1"]}', claims),
    why: 'header_refused',
  },
  { name: '`kid` without end', text: () => sign(key, {}, { kid: 'k'.repeat(257) }), why: 'header_refused' },
  {
    name: 'its own key in the header',
    text: () => sign(stranger, {}, { kid: undefined, jwk: stranger.jwk }),
    why: 'signature_wrong',
  },
  {
    name: '`crit`',
    text: () => signText(key, '{"alg":"ES256","kid":"k1","crit":["exp"],"exp":1}', claims),
    why: 'header_refused',
  },
  {
    name: 'an empty `crit`',
    text: () => signText(key, '{"alg":"ES256","kid":"k1","crit":[]}', claims),
    why: 'header_refused',
  },
  {
    name: '`b64: false`',
    text: () => signText(key, '{"alg":"ES256","kid":"k1","b64":false}', claims),
    why: 'header_refused',
  },
  {
    name: 'another kind of token of the same issuer',
    text: () => sign(key, {}, { typ: 'dpop+jwt' }),
    why: 'header_refused',
  },
  { name: 'a logout token', text: () => sign(key, {}, { typ: 'logout+jwt' }), why: 'header_refused' },
  {
    name: 'a claim twice',
    text: () => signText(key, header, claims.replace('{', '{"sub":"root",')),
    why: 'duplicate_member',
  },
  {
    name: 'a claim twice, once in escapes',
    text: () => signText(key, header, claims.replace('{', '{"s\\u0075b":"root",')),
    why: 'duplicate_member',
  },
  {
    name: 'a claim twice, deep inside',
    text: () => signText(key, header, claims.replace('{', '{"x":[{"a":1,"a":2}],')),
    why: 'duplicate_member',
  },
  {
    name: '`alg` twice',
    text: () => signText(key, '{"alg":"none","alg":"ES256","kid":"k1"}', claims),
    why: 'duplicate_member',
  },
  { name: 'claims that are a list', text: () => signText(key, header, '[]'), why: 'malformed' },
  { name: 'claims that are no JSON', text: () => signText(key, header, 'sub=root'), why: 'malformed' },
  { name: 'a byte order mark', text: () => signText(key, header, `\uFEFF${claims}`), why: 'malformed' },
  { name: 'padded base64', text: async () => (await sign(key)).replace('.', '=.'), why: 'malformed' },
  { name: 'another spelling of the same base64', text: () => signParts(key, respelt, part(claims)), why: 'malformed' },
  { name: 'line breaks inside', text: async () => (await sign(key)).replace('.', '\n.'), why: 'malformed' },
  { name: 'five parts, encrypted', text: () => 'a.b.c.d.e', why: 'malformed' },
  { name: 'roles in roles', text: () => sign(key, { roles: [['admin']] }), why: 'claims_refused' },
  { name: 'roles that are an object', text: () => sign(key, { roles: { admin: true } }), why: 'claims_refused' },
  { name: 'no tenant', text: () => sign(key, { org: undefined }), why: 'claims_refused' },
  { name: 'a tenant in fullwidth letters', text: () => sign(key, { org: 'ａcme' }), why: 'claims_refused' },
  { name: 'a tenant that is a path', text: () => sign(key, { org: '../acme' }), why: 'claims_refused' },
  { name: 'no principal', text: () => sign(key, { sub: undefined }), why: 'claims_refused' },
  { name: 'a principal over two lines', text: () => sign(key, { sub: 'ada\nroot' }), why: 'claims_refused' },
  {
    name: 'for another tenant than `--tenant`',
    text: () => sign(key),
    why: 'other_tenant',
    request: { tenant: 'other' },
  },
];

describe('a JWT', () => {
  test.each(ROWS.map((row) => [row.name, row.why, row] as const))('%s: %s', async (_, why, row) => {
    expect(await judge(await row.text(), row.request)).toMatchObject({ kind: 'refused', why });
  });

  test.each([
    [{ exp: undefined }, '`exp` is missing'],
    [{ exp: 'tomorrow' }, '`exp` is not what it has to be'],
    [{ nbf: 'now' }, '`nbf` is not what it has to be'],
    [{ sub: undefined }, '`sub` is missing'],
    [{ sub: 'ad\u00e4' }, '`sub` is not 1 to 200 printable ASCII characters'],
    [{ org: '../acme' }, '`org` is not an id, in small letters, digits and `-`'],
    [{ org: 'tokens' }, '`org` is a name that no tenant can have'],
    [{ org: 'con' }, '`org` is a name that no tenant can have'],
    [{ roles: [['admin']] }, '`roles` is not one text or a list of texts'],
  ])('with claims %j is refused with the claim that is wrong, for the record', async (claims, detail) => {
    expect(await judge(await sign(key, claims))).toMatchObject({ kind: 'refused', why: 'claims_refused', detail });
  });

  test('has nothing looked up for it before its form and algorithm are known to be right', async () => {
    let loads = 0;
    const load = async (): Promise<IssuerKeys> => {
      loads += 1;
      return KEYS;
    };
    for (const { text, why } of ROWS) {
      if (!['malformed', 'duplicate_member', 'algorithm_refused', 'header_refused'].includes(why)) continue;
      await judgeJwt(await text(), POLICY, REQUEST, load);
    }
    expect(loads).toBe(0);
  });
});

describe('keys', () => {
  let text: string;
  beforeAll(async () => {
    text = await sign(key);
  });

  test('that cannot be had let nobody in', async () => {
    const nobody = async () => ({ why: 'there is no file `k`', mend: 'make one' });
    expect(await judgeJwt(text, POLICY, REQUEST, nobody)).toEqual({
      kind: 'refused',
      why: 'keys_unavailable',
      detail: 'there is no file `k`',
    });
  });

  test('that were changed are asked for again, once', async () => {
    let asked = 0;
    const old = makeKey('k0');
    const load = async (): Promise<IssuerKeys> => ({
      keys: [old.jwk],
      refresh: async () => {
        asked += 1;
        return keysOf(key.jwk);
      },
    });
    expect(await judgeJwt(text, POLICY, REQUEST, load)).toMatchObject({ kind: 'accepted' });
    expect(asked).toBe(1);
    // one that was taken out of use counts no longer
    expect(await judge(await sign(old))).toMatchObject({ why: 'key_unknown' });
    await judgeJwt(await sign(makeKey('k9')), POLICY, REQUEST, load);
    expect(asked).toBe(2);
    // a wrong signature is no reason to ask
    await judgeJwt(await sign(makeKey('k0')), POLICY, REQUEST, load);
    expect(asked).toBe(2);
  });

  test('of which several could be meant are not guessed among', async () => {
    const nameless = await sign(key, {}, { kid: undefined });
    expect(await judge(nameless, {}, keysOf(key.jwk, makeKey('k2').jwk))).toMatchObject({ why: 'key_unknown' });
  });

  test('that are weak or broken let nobody in', async () => {
    expect(await judge(text, {}, keysOf({ ...key.jwk, x: 'AAAA' }))).toMatchObject({ kind: 'refused' });
    expect(await judge(text, {}, keysOf({ ...key.jwk, alg: 'ES384' }))).toMatchObject({ kind: 'refused' });
    expect(await judge(text, {}, keysOf({ ...key.jwk, use: 'enc' }))).toMatchObject({ kind: 'refused' });
    expect(await judge(text, {}, keysOf({ ...key.jwk, key_ops: ['sign'] }))).toMatchObject({ kind: 'refused' });
  });
});

test('only the algorithms that the config accepts count, whatever the keys are good for', async () => {
  const policy: JwtPolicy = { ...POLICY, algorithms: ['RS256'] };
  expect(await judge(await sign(key), {}, KEYS, policy)).toMatchObject({ why: 'algorithm_refused' });
  expect(await judge(await sign(rsa), {}, KEYS, policy)).toMatchObject({ kind: 'accepted' });
});
