// Where this machine keeps its guard tokens and the times of wrong ones: `<state>/tokens`, of all tenants together, because who
// somebody is comes before whose tenant they are of. Knows no command and judges no token.
import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { TokenPorts } from '../policy/identity/judge-token.ts';
import { addFailure, type Failures, NO_FAILURES, readFailures } from '../policy/identity/throttle.ts';
import { NO_TOKENS, readTokens, type Tokens } from '../policy/identity/token-record.ts';
import type { DocumentSpec } from './document-file.ts';
import { sha256Digest } from './sha256-digest.ts';
import { makePrivateDir } from './state-paths.ts';

type Parts = Pick<DocumentSpec<never>, 'say' | 'nowMs'>;

/** No tenant can be called so. */
const DIRECTORY = 'tokens';
/** A wrong token does not wait longer for its failure to be counted. */
const COUNT_TIMEOUT_MS = 1_000;

export function tokensDir(stateDir: string): string {
  return join(stateDir, DIRECTORY);
}

export function tokensSpec(stateDir: string, parts: Parts): DocumentSpec<Tokens> {
  const path = join(tokensDir(stateDir), 'tokens.json');
  // a second copy of the same text: an older one could bring back a token that was revoked
  return { ...parts, path, version: 1, empty: NO_TOKENS, check: readTokens, backup: 'same' };
}

export function failuresSpec(stateDir: string, parts: Parts): DocumentSpec<Failures> {
  const path = join(tokensDir(stateDir), 'failures.json');
  const lockTimeoutMs = COUNT_TIMEOUT_MS;
  return { ...parts, path, version: 1, empty: NO_FAILURES, check: readFailures, backup: 'same', lockTimeoutMs };
}

/** On disk when it resolves. @throws GuardError state_… */
export async function updateTokens(
  stateDir: string,
  parts: Parts,
  change: (tokens: Tokens) => Tokens,
): Promise<Tokens> {
  makePrivateDir(stateDir, [DIRECTORY]);
  const { openStateDocument } = await import('./state-document.ts');
  return openStateDocument(tokensSpec(stateDir, parts)).update(change);
}

/** @throws GuardError state_… */
export async function countFailure(stateDir: string, parts: Parts): Promise<void> {
  makePrivateDir(stateDir, [DIRECTORY]);
  const { openStateDocument } = await import('./state-document.ts');
  await openStateDocument(failuresSpec(stateDir, parts)).update((failures) => addFailure(failures, parts.nowMs()));
}

export const TOKEN_PORTS: TokenPorts = {
  digest: sha256Digest.text,
  isSameDigest: (one, other) => {
    const [left, right] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')];
    return left.length === right.length && timingSafeEqual(left, right);
  },
};
