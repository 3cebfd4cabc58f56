// Hostile tokens at the door of a gateway, with the real program and an issuer that is asked over the network: each row has the one answer,
// nothing is seen in the process table, and the exact reason is on record. What a JWT can be made of is in adapters/identity/jwt-token.
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeKey, POLICY, sign, signShared, signText, unsigned } from '../adapters/identity/issuer.ts';
import { makeToken } from '../policy/identity/tokens.ts';
import { AuthStage, type Refused, refusedAs } from './auth-stage.ts';
import { Yard } from './guarded.ts';

const yard = new Yard();
const stage = new AuthStage(yard);
const key = makeKey('k1');
const rsa = makeKey('r1', 'rsa');
const wall = Math.floor(Date.now() / 1_000);
const CLAIMS = { iat: wall, exp: wall + 600, roles: [] };
let issuer: Server;
/** What the issuer publishes. */
let published: readonly object[] = [key.jwk, rsa.jwk];
let asked = 0;

beforeAll(async () => {
  issuer = createServer((_, response) => {
    asked += 1;
    response.end(JSON.stringify({ keys: published }));
  }).listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  const [command, ...args] = Yard.server('echo');
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`; // of a TCP server
  const { issuer: name, audience, claims } = POLICY;
  const written = {
    ...{ version: 1, servers: { one: { command, args, scope: 'all' }, other: { command, args, scope: 'all' } } },
    scopes: { all: { grants: [{ tool: '*' }] } },
    auth: { required: true, jwt: { issuer: name, audience, jwksUrl, algorithms: ['ES256', 'RS256'], claims } },
  };
  stage.put('config.json', JSON.stringify(written));
  stage.create('ci', '--principal', 'ci', '--servers', 'elsewhere-*');
});
afterAll(async () => {
  issuer.close();
  expect(await yard.close()).toEqual([]);
});

const row = (name: string, why: string, text: string): Refused => ({ name, why, env: { MCP_GUARD_TOKEN: text } });
const signed = (claims: object = {}, header: object = {}) => sign(key, { ...CLAIMS, ...claims }, { ...header });

/** As if they had not been fetched of late. */
function forgetKeys(state: string): void {
  const directory = join(state, 'tokens');
  for (const name of readdirSync(directory)) if (name.startsWith('keys-')) rmSync(join(directory, name));
}

async function listRows(): Promise<readonly Refused[]> {
  const twice = `{"sub":"root",${JSON.stringify({ ...CLAIMS, sub: 'ada' }).slice(1)}`;
  const stranger = makeKey('x');
  const real = readFileSync(stage.at('ci'), 'utf8').trim();
  return [
    row('nothing but blanks', 'malformed', '   '),
    row('a guard token of nobody', 'unknown', makeToken(7).text),
    row('a guard token with a slip', 'checksum_wrong', `${real.slice(0, -1)}${real.endsWith('0') ? '1' : '0'}`),
    row('a guard token for no server here', 'not_for_server', real),
    row('forged', 'signature_wrong', await sign(makeKey('k1'), CLAIMS)),
    row('expired', 'expired', await signed({ iat: wall - 900, exp: wall - 60 })),
    row('not yet valid', 'not_yet_valid', await signed({ nbf: wall + 300 })),
    row('wrong audience', 'audience_wrong', await signed({ aud: 'somebody-else' })),
    row('wrong issuer', 'issuer_wrong', await signed({ iss: 'https://evil.example.com/' })),
    row('alg none', 'malformed', unsigned('none')),
    row('alg none with a signature', 'algorithm_refused', `${unsigned('none')}AAAA`),
    row('key confusion', 'algorithm_refused', signShared(rsa, JSON.stringify(rsa.jwk))),
    row('kid as a path', 'key_unknown', await signed({}, { kid: '../../../../dev/null' })),
    row('kid as SQL', 'key_unknown', await signed({}, { kid: "k1' OR '1'='1" })),
    row('its own key', 'signature_wrong', await sign(stranger, CLAIMS, { kid: undefined, jwk: stranger.jwk })),
    row('a claim twice', 'duplicate_member', signText(key, '{"alg":"ES256","kid":"k1"}', twice)),
    row('oversized', 'too_large', await signed({ padding: 'x'.repeat(16_384) })),
  ];
}

it('a right one starts the servers, so that the door can be opened at all', async () => {
  const client = stage.open([], { MCP_GUARD_TOKEN: await signed() });
  await client.initialize();
  expect(await client.request(1, 'tools/list', '{}')).toMatch(/one__echo.*other__echo/);
  expect(await client.end()).toBe(0);
  expect(asked).toBe(1);
});

it('whatever is wrong has one answer, nothing is started, and the reason is on record', async () => {
  const rows = await listRows();
  expect(await Promise.all(rows.map((one) => stage.refuse(one)))).toEqual(rows.map(refusedAs));
});

it('so does one whose key the issuer has taken out, and one whose issuer cannot be asked', async () => {
  published = [rsa.jwk];
  const rotated = row('JWKS rotated', 'key_unknown', await signed());
  expect(await stage.refuse({ ...rotated, prepare: forgetKeys })).toEqual(refusedAs(rotated));
  issuer.closeAllConnections();
  await new Promise((resolve) => issuer.close(resolve));
  const unreachable = row('JWKS unreachable', 'keys_unavailable', await signed());
  expect(await stage.refuse({ ...unreachable, prepare: forgetKeys })).toEqual(refusedAs(unreachable));
});
