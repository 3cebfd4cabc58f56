// A guard token: its text, what is kept of it, and that whatever is wrong with one costs the same and is told exactly, to the record.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StartRequest } from '../../../src/policy/identity/identity.ts';
import { judgeToken } from '../../../src/policy/identity/judge-token.ts';
import { mayUse } from '../../../src/policy/identity/start-question.ts';
import type { Tokens } from '../../../src/policy/identity/token-record.ts';
import { looksLikeToken, makeTokenText, readTokenText } from '../../../src/policy/identity/token-text.ts';
import { countPorts, digest, HOUR, makeToken, NOW, REQUEST, storeOf } from './tokens.ts';

describe('the text', () => {
  test('is one word of letters and digits that says what it is, and is read back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (id, secret) => {
          const made = makeTokenText(id, secret, digest);
          expect(made.text).toMatch(/^mcpg_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}$/);
          expect(readTokenText(made.text, digest)).toEqual({ kind: 'token', id: made.id });
          expect(looksLikeToken(made.text)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('two secrets are two texts: all 256 bits stand in it', () => {
    const id = new Uint8Array(8);
    const texts = Array.from({ length: 256 }, (_, bit) => {
      const secret = new Uint8Array(32);
      secret[bit >> 3] = 1 << (bit & 7);
      return makeTokenText(id, secret, digest).text.slice(0, -6);
    });
    expect(new Set([...texts, makeTokenText(id, new Uint8Array(32), digest).text.slice(0, -6)]).size).toBe(257);
  });

  test('is not made of fewer random bytes', () => {
    expect(() => makeTokenText(new Uint8Array(8), new Uint8Array(31), digest)).toThrow(RangeError);
    expect(() => makeTokenText(new Uint8Array(7), new Uint8Array(32), digest)).toThrow(RangeError);
  });

  test('a slip of the hand is told from a wrong token, wherever it is', () => {
    const { text } = makeToken(7);
    for (let at = 5; at < text.length; at += 1) {
      if (at === 15) continue;
      const slip = text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1);
      expect(readTokenText(slip, digest)).toEqual({ kind: 'checksum_wrong' });
    }
  });

  test.each(['', 'mcpg_', 'mcpg_short_x', 'Bearer mcpg_x', `${makeToken(1).text} `, `${makeToken(1).text}\n`, '\0'])(
    '%j is none',
    (text) => expect(readTokenText(text, digest)).toEqual({ kind: 'malformed' }),
  );
});

const good = makeToken(1);
const everywhere = makeToken(2, { servers: null, expiresMs: null, roles: [] });

test('a token that counts says who it is, exactly as it was made', () => {
  const tokens = storeOf(good.record, everywhere.record);
  expect(judgeToken(good.text, tokens, { ...REQUEST, tenant: 'acme' }, countPorts())).toEqual({
    kind: 'accepted',
    identity: {
      kind: 'token',
      principal: 'token:ci',
      tenant: 'acme',
      roles: ['reader'],
      servers: ['files'],
      expiresAtMs: NOW + HOUR,
      tokenId: good.record.id,
    },
  });
  expect(judgeToken(everywhere.text, tokens, REQUEST, countPorts())).toMatchObject({
    kind: 'accepted',
    identity: { servers: undefined, roles: [], expiresAtMs: Number.POSITIVE_INFINITY },
  });
});

/** With the id of one token and another secret, and the checksum that belongs to both. */
const forged = makeTokenText(new Uint8Array(8).fill(1), new Uint8Array(32).fill(50), digest).text;

const WRONG: readonly (readonly [string, string, Tokens | undefined, Partial<StartRequest>, string])[] = [
  ['nothing that is a token', 'hunter2', storeOf(good.record), {}, 'malformed'],
  ['an empty text', '', storeOf(good.record), {}, 'malformed'],
  ['16 KiB of noise', 'x'.repeat(16_384), storeOf(good.record), {}, 'malformed'],
  [
    'one with a slip in it',
    good.text.slice(0, -1) + (good.text.endsWith('x') ? 'y' : 'x'),
    storeOf(good.record),
    {},
    'checksum_wrong',
  ],
  ['one that was never made', makeToken(3).text, storeOf(good.record), {}, 'unknown'],
  ['any, where there is no store', good.text, storeOf(), {}, 'unknown'],
  ['the right id with another secret', forged, storeOf(good.record), {}, 'secret_wrong'],
  ['one that was revoked', good.text, storeOf({ ...good.record, revokedMs: NOW - 1 }), {}, 'revoked'],
  ['one that expires now', good.text, storeOf({ ...good.record, expiresMs: NOW }), {}, 'expired'],
  ['one of the future', good.text, storeOf({ ...good.record, createdMs: NOW + HOUR }), {}, 'not_yet_valid'],
  ['one of another tenant', good.text, storeOf(good.record), { tenant: 'other' }, 'other_tenant'],
  ['the default tenant, said', good.text, storeOf(good.record), { tenant: 'default' }, 'other_tenant'],
  ['the tenant in another case', good.text, storeOf(good.record), { tenant: 'Acme' }, 'other_tenant'],
  ['any, where the store cannot be read', good.text, undefined, {}, 'store_unreadable'],
];

describe.each(WRONG)('%s', (_, text, tokens, request, why) => {
  test(`is refused as ${why}`, () => {
    expect(judgeToken(text, tokens, { ...REQUEST, ...request }, countPorts())).toMatchObject({ kind: 'refused', why });
  });

  test('costs what a right one costs: two digests, one comparison', () => {
    const ports = countPorts();
    judgeToken(text, tokens, { ...REQUEST, ...request }, ports);
    expect([ports.digests(), ports.comparisons()]).toEqual([2, 1]);
  });
});

test('a right one costs two digests and one comparison', () => {
  const ports = countPorts();
  judgeToken(good.text, storeOf(good.record), REQUEST, ports);
  expect([ports.digests(), ports.comparisons()]).toEqual([2, 1]);
});

test('what is recorded of a refusal: the id of a whole token, the principal only of a genuine one', () => {
  const tokens = storeOf({ ...good.record, revokedMs: NOW });
  expect(judgeToken(good.text, tokens, REQUEST, countPorts())).toMatchObject({
    tokenId: good.record.id,
    principal: 'token:ci',
  });
  expect(judgeToken(forged, tokens, REQUEST, countPorts())).toMatchObject({
    tokenId: good.record.id,
    principal: undefined,
  });
  // a text that somebody pasted by mistake may be another secret
  expect(judgeToken('hunter2', tokens, REQUEST, countPorts())).toMatchObject({
    tokenId: undefined,
    principal: undefined,
  });
});

describe('servers', () => {
  const of = (servers: readonly string[] | undefined, id: string, isConfigured = true) =>
    mayUse({ servers }, { id, isConfigured });

  test.each([
    [undefined, 'files', true],
    [['files'], 'files', true],
    [['files'], 'mail', false],
    [['files'], 'files2', false],
    [['f*'], 'files', true],
    [[], 'files', false],
  ] as const)('%j for `%s`: %s', (servers, id, expected) => expect(of(servers, id)).toBe(expected));

  test('a server that is not configured calls itself what it likes: only who may use every server may use it', () => {
    expect(of(['files'], 'files', false)).toBe(false);
    expect(of(['*'], 'files', false)).toBe(false);
    expect(of(undefined, 'files', false)).toBe(true);
  });
});
