// Judges a guard token that was presented. Pure: what the store holds, the digest and the comparison come in.
// INVARIANT: every text costs two digests and one comparison of digests, whatever is wrong and whether there is such a token at all.
import type { Identity, IdentityVerdict, RefusalReason, StartRequest } from './identity.ts';
import { refuseStart } from './start-question.ts';
import { stateOf, type TokenRecord, type Tokens } from './token-record.ts';
import { type DigestText, readTokenText } from './token-text.ts';

export interface TokenPorts {
  readonly digest: DigestText;
  /** Two digests in hex, in a time that does not tell where they differ. */
  readonly isSameDigest: (one: string, other: string) => boolean;
}

/** Stands in for a token that is not there. No text has this digest. */
const NOBODY: TokenRecord = {
  ...{ id: '', hash: '0'.repeat(64), principal: '-', tenant: 'default', roles: [], servers: null },
  ...{ createdMs: 0, expiresMs: null, revokedMs: null, by: '', replaces: null },
};

/** @param text attacker-controlled, of bounded length @param tokens undefined: the store cannot be read */
export function judgeToken(
  text: string,
  tokens: Tokens | undefined,
  request: StartRequest,
  ports: TokenPorts,
): IdentityVerdict {
  const reading = readTokenText(text, ports.digest);
  const id = reading.kind === 'token' ? reading.id : undefined;
  // by its id, which is no secret: no search compares the secret itself
  const found = tokens?.tokens.find((one) => one.id === id);
  const token = found ?? NOBODY;
  const isGenuine = ports.isSameDigest(ports.digest(text), token.hash);
  const identity = identityOf(token);
  const state = stateOf(token, request.nowMs);
  const refused = refuseStart(identity, request);
  const faults: readonly (RefusalReason | undefined)[] = [
    reading.kind === 'token' ? undefined : reading.kind,
    tokens === undefined ? 'store_unreadable' : undefined,
    found === undefined ? 'unknown' : undefined,
    isGenuine ? undefined : 'secret_wrong',
    state === 'valid' ? undefined : state,
    refused,
  ];
  const why = faults.find((fault) => fault !== undefined);
  if (why === undefined) return { kind: 'accepted', identity };
  return { kind: 'refused', why, tokenId: id, principal: isGenuine ? identity.principal : undefined };
}

export function identityOf(token: TokenRecord): Identity {
  return {
    kind: 'token',
    principal: `token:${token.principal}`,
    tenant: token.tenant,
    roles: token.roles,
    servers: token.servers ?? undefined,
    expiresAtMs: token.expiresMs ?? Number.POSITIVE_INFINITY,
    tokenId: token.id,
  };
}
