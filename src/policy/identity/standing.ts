// Whether a session whose identity was accepted may go on. Pure; knows neither how the store is looked at nor what ends a session.
import type { Identity } from './identity.ts';
import type { Tokens } from './token-record.ts';

export type IdentityEnd = 'expired' | 'revoked' | 'token_gone' | 'store_unreadable';

/** Undefined: it may. @param tokens as the store holds them now; undefined: it cannot be read @param nowMs wall clock */
export function endOf(identity: Identity, tokens: Tokens | undefined, nowMs: number): IdentityEnd | undefined {
  if (!(nowMs < identity.expiresAtMs)) return 'expired';
  if (identity.kind !== 'token') return undefined;
  if (tokens === undefined) return 'store_unreadable';
  const token = tokens.tokens.find(({ id }) => id === identity.tokenId);
  // revoked and forgotten since, or the store was taken away
  if (token === undefined) return 'token_gone';
  if (token.revokedMs !== null) return 'revoked';
  // rotation brings the end nearer
  return token.expiresMs !== null && nowMs >= token.expiresMs ? 'expired' : undefined;
}

export const IDENTITY_ENDS: Readonly<Record<IdentityEnd, string>> = {
  expired: 'its token has expired',
  revoked: 'its token was revoked',
  token_gone: 'the store of tokens no longer has its token',
  store_unreadable: 'the store of tokens can no longer be read',
};
