// What is kept of guard tokens: everything but the token. The document, and whether one of them holds. Pure; knows no file.
import { isJsonObject, type Json } from '../../wire/json.ts';
import { isPrincipal } from './identity.ts';

export interface TokenRecord {
  readonly id: string;
  /** SHA-256, hex, of the whole text. 256 random bits need no slow hash: there is nothing to guess. */
  readonly hash: string;
  readonly principal: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  /** Patterns over ids of servers; null: every server. */
  readonly servers: readonly string[] | null;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  /** Null: never. */
  readonly expiresMs: number | null;
  readonly revokedMs: number | null;
  /** The local user who made it. */
  readonly by: string;
  /** The id of the one whose place it took. */
  readonly replaces: string | null;
}

export interface Tokens {
  readonly version: 1;
  readonly tokens: readonly TokenRecord[];
}

export type TokenState = 'valid' | 'revoked' | 'expired' | 'not_yet_valid';

export const NO_TOKENS: Tokens = { version: 1, tokens: [] };
export const MOST_TOKENS = 2_000;
/** What has been over for so long is forgotten: the record keeps it. */
const KEPT_MS = 30 * 86_400_000;
/** A clock that was set back a little makes no token invalid that was made just now. */
const CLOCK_SLACK_MS = 60_000;
const ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MOST_NAMES = 64;

export function stateOf(token: Pick<TokenRecord, 'revokedMs' | 'expiresMs' | 'createdMs'>, nowMs: number): TokenState {
  if (token.revokedMs !== null) return 'revoked';
  if (token.expiresMs !== null && nowMs >= token.expiresMs) return 'expired';
  return nowMs < token.createdMs - CLOCK_SLACK_MS ? 'not_yet_valid' : 'valid';
}

/** With one more; undefined where there are too many, or one has its id. */
export function addToken(tokens: Tokens, token: TokenRecord, nowMs: number): Tokens | undefined {
  const kept = tokens.tokens.filter((one) => !isForgotten(one, nowMs));
  if (kept.length >= MOST_TOKENS || tokens.tokens.some(({ id }) => id === token.id)) return undefined;
  return { version: 1, tokens: [...kept, token] };
}

/** The same value where it is revoked by then, or unknown. INVARIANT: nothing gives back what was revoked, and no end moves further away. */
export function endToken(tokens: Tokens, id: string, end: { readonly atMs: number } | 'now', nowMs: number): Tokens {
  const change = (token: TokenRecord): TokenRecord => {
    if (token.id !== id || token.revokedMs !== null) return token;
    if (end === 'now') return { ...token, revokedMs: nowMs };
    return token.expiresMs !== null && token.expiresMs <= end.atMs ? token : { ...token, expiresMs: end.atMs };
  };
  const changed = tokens.tokens.map(change);
  return changed.some((one, index) => one !== tokens.tokens[index]) ? { version: 1, tokens: changed } : tokens;
}

/** Undefined for whatever is not exactly such a document. */
export function readTokens(value: unknown): Tokens | undefined {
  // untyped input enters here: what came out of `JSON.parse` is JSON
  const json = value as Json | undefined;
  if (!isJsonObject(json) || json.version !== 1 || !Array.isArray(json.tokens)) return undefined;
  const entries: readonly Json[] = json.tokens;
  const tokens = entries.flatMap((entry) => readToken(entry) ?? []);
  const ids = new Set(tokens.map(({ id }) => id));
  return tokens.length === entries.length && ids.size === tokens.length ? { version: 1, tokens } : undefined;
}

function readToken(value: Json): TokenRecord | undefined {
  if (!isJsonObject(value)) return undefined;
  const { id, hash, principal, tenant, roles, servers, createdMs, expiresMs, revokedMs, by, replaces } = value;
  if (typeof id !== 'string' || !/^[0-9A-Za-z]{10}$/.test(id)) return undefined;
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return undefined;
  if (!isPrincipal(principal) || typeof tenant !== 'string' || !ID.test(tenant) || typeof by !== 'string')
    return undefined;
  const named = servers === null ? null : readNames(servers);
  const held = readNames(roles);
  if (held === undefined || named === undefined || !held.every((role) => ID.test(role))) return undefined;
  if (!isTime(createdMs) || !(expiresMs === null || isTime(expiresMs))) return undefined;
  if (!(revokedMs === null || isTime(revokedMs)) || !(replaces === null || typeof replaces === 'string'))
    return undefined;
  return { id, hash, principal, tenant, roles: held, servers: named, createdMs, expiresMs, revokedMs, by, replaces };
}

function readNames(value: Json | undefined): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > MOST_NAMES) return undefined;
  const names: readonly Json[] = value;
  return names.every((name): name is string => typeof name === 'string' && name.length > 0 && name.length <= 256)
    ? names
    : undefined;
}

function isTime(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isForgotten({ revokedMs, expiresMs }: TokenRecord, nowMs: number): boolean {
  const overMs = Math.min(revokedMs ?? Number.POSITIVE_INFINITY, expiresMs ?? Number.POSITIVE_INFINITY);
  return nowMs > overMs + KEPT_MS;
}
