// Guard tokens and a store of them, for the tests of identity: made as the command makes them, with digests that are counted.
import { createHash } from 'node:crypto';
import type { StartRequest } from '../../../src/policy/identity/identity.ts';
import type { TokenPorts } from '../../../src/policy/identity/judge-token.ts';
import type { TokenRecord, Tokens } from '../../../src/policy/identity/token-record.ts';
import { makeTokenText } from '../../../src/policy/identity/token-text.ts';

export const NOW = Date.parse('2026-07-28T09:00:00.000Z');
export const HOUR = 3_600_000;
export const REQUEST: StartRequest = { tenant: undefined, nowMs: NOW };

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface Counted extends TokenPorts {
  readonly digests: () => number;
  readonly comparisons: () => number;
}

export function countPorts(): Counted {
  let digests = 0;
  let comparisons = 0;
  return {
    digest: (text) => {
      digests += 1;
      return digest(text);
    },
    isSameDigest: (one, other) => {
      comparisons += 1;
      return one === other;
    },
    digests: () => digests,
    comparisons: () => comparisons,
  };
}

/** A token and what the store keeps of it. `seed` makes them differ. */
export function makeToken(seed: number, more: Partial<TokenRecord> = {}): { text: string; record: TokenRecord } {
  const { id, text } = makeTokenText(new Uint8Array(8).fill(seed), new Uint8Array(32).fill(seed), digest);
  const record: TokenRecord = {
    ...{ id, hash: digest(text), principal: 'ci', tenant: 'acme', roles: ['reader'], servers: ['files'] },
    ...{ createdMs: NOW - HOUR, expiresMs: NOW + HOUR, revokedMs: null, by: 'ada', replaces: null },
    ...more,
  };
  return { text, record };
}

export const storeOf = (...tokens: readonly TokenRecord[]): Tokens => ({ version: 1, tokens });
