// How long a wrong token takes to judge, by the clock: not longer or shorter for where it is wrong. Kinds take turns, so that whatever else the
// machine does falls on all alike; what is compared is how often one kind takes longer than another. That the whole answer comes at one
// moment whatever the judging took is the business of establish-identity.
import { expect, test } from 'vitest';
import { judgeJwt } from '../../../src/adapters/jwt-token.ts';
import { TOKEN_PORTS } from '../../../src/adapters/token-store.ts';
import { judgeToken } from '../../../src/policy/identity/judge-token.ts';
import { makeTokenText } from '../../../src/policy/identity/token-text.ts';
import { digest, HOUR, makeToken, NOW, REQUEST, storeOf } from '../../policy/identity/tokens.ts';
import { makeKey, NOW_S, POLICY, REQUEST as START, sign } from './issuer.ts';

/** Of each turn the fastest counts: the one that nothing came between. */
const ATTEMPTS = 4;

type Kind = readonly [name: string, judge: () => unknown];

/** Of two kinds, how often a turn of the one takes longer than one of the other: 0.5 where nobody can tell them apart. */
function shareAbove(ones: readonly number[], others: readonly number[]): number {
  let above = 0;
  for (const one of ones) for (const other of others) above += one > other ? 1 : one === other ? 0.5 : 0;
  return above / (ones.length * others.length);
}

const middleOf = (all: readonly number[]): number => all.toSorted((one, other) => one - other)[all.length >> 1] ?? 0;

/** @param most away from 0.5 @param least ratio of the medians, below which a difference is of no account @returns pairs that can be told apart */
async function tellApart(
  kinds: readonly Kind[],
  turns: number,
  each: number,
  most: number,
  least = 1,
): Promise<readonly string[]> {
  const times = kinds.map((): number[] => []);
  for (let turn = -Math.ceil(turns / 4); turn < turns; turn += 1) {
    for (let step = 0; step < kinds.length; step += 1) {
      // Another one begins each turn; those before the first are for the compiler.
      const index = (step + Math.abs(turn)) % kinds.length;
      let fastest = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const begun = performance.now();
        for (let again = 0; again < each; again += 1) await kinds[index]?.[1]();
        fastest = Math.min(fastest, performance.now() - begun);
      }
      if (turn >= 0) times[index]?.push(fastest);
    }
  }
  const told: string[] = [];
  for (const [index, [name]] of kinds.entries()) {
    for (const [other, [otherName]] of kinds.entries()) {
      const share = shareAbove(times[index] ?? [], times[other] ?? []);
      const [one, another] = [times[index] ?? [], times[other] ?? []].map(middleOf);
      const ratio = Math.max((one ?? 0) / (another ?? 1), (another ?? 0) / (one ?? 1));
      if (other > index && Math.abs(share - 0.5) > most && ratio > least)
        told.push(`${name} / ${otherName}: ${share.toFixed(2)}`);
    }
  }
  return told;
}

/** The token of `makeToken(1)` with one byte of its secret another, and a checksum that fits. */
function wrongAt(at: number): string {
  const secret = new Uint8Array(32).fill(1);
  secret[at] = 2;
  return makeTokenText(new Uint8Array(8).fill(1), secret, digest).text;
}

test('an opaque token that is wrong in any way takes as long as any other', async () => {
  const good = makeToken(1);
  const tokens = storeOf(
    good.record,
    makeToken(2, { expiresMs: NOW - HOUR }).record,
    makeToken(3, { revokedMs: NOW - 1 }).record,
    makeToken(4, { tenant: 'other' }).record,
  );
  const request = { ...REQUEST, tenant: 'acme' };
  const judge = (name: string, text: string): Kind => [name, () => judgeToken(text, tokens, request, TOKEN_PORTS)];
  const kinds = [
    judge('unknown', makeToken(9).text),
    judge('secret wrong in its first byte', wrongAt(0)),
    judge('secret wrong in its last byte', wrongAt(31)),
    judge('expired', makeToken(2).text),
    judge('revoked', makeToken(3).text),
    judge('of another tenant', makeToken(4).text),
  ];
  for (const [, one] of kinds) expect(one()).toMatchObject({ kind: 'refused' });
  expect(await tellApart(kinds, 150, 6, 0.25, 1.12)).toEqual([]);
});

test('digests take as long to compare wherever they differ', async () => {
  const kept = digest('kept');
  const differs = (at: number): string => `${kept.slice(0, at)}${kept[at] === '0' ? '1' : '0'}${kept.slice(at + 1)}`;
  const compare = (name: string, other: string): Kind => [
    name,
    () => {
      for (let again = 0; again < 100; again += 1) TOKEN_PORTS.isSameDigest(other, kept);
    },
  ];
  const kinds = [compare('first', differs(0)), compare('middle', differs(32)), compare('last', differs(63))];
  expect(await tellApart(kinds, 200, 1, 0.2)).toEqual([]);
});

test('so does a JWT that a local key decides about', async () => {
  const key = makeKey('k1');
  const keys = async () => ({ keys: [key.jwk], refresh: async () => undefined });
  const judge = (name: string, text: string): Kind => [name, () => judgeJwt(text, POLICY, START, keys)];
  const kinds = [
    judge('signature', await sign(makeKey('k1'))),
    judge('expired', await sign(key, { exp: NOW_S - 3_600 })),
    judge('audience', await sign(key, { aud: 'somebody-else' })),
    judge('issuer', await sign(key, { iss: 'https://elsewhere.example/' })),
  ];
  for (const [, one] of kinds) expect(await one()).toMatchObject({ kind: 'refused' });
  expect(await tellApart(kinds, 60, 1, 0.3, 1.12)).toEqual([]);
});
