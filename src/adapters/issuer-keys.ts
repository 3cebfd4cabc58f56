// The public keys of the one issuer: out of a file, or from its address by way of a cache that the guards of this machine share. Knows
// no token. What cannot be had is not guessed: keys that are older than the cache allows count no longer, and nobody starts.
import * as crypto from 'node:crypto';
import { join } from 'node:path';
import type { JwtPolicy } from '../config/auth-policy.ts';
import { readTrustedFile } from '../config/trusted-file.ts';
import { isJsonObject, type Json, type JsonObject } from '../wire/json.ts';
import { readPrivateFile, replaceFile } from './durable-file.ts';
import { makePrivateDir } from './state-paths.ts';
import { tokensDir } from './token-store.ts';

export interface IssuerKeys {
  /** JWKs that can only verify. */
  readonly keys: readonly JsonObject[];
  /** Keys that are newer than these; undefined where there are none to be had now. */
  readonly refresh: () => Promise<IssuerKeys | undefined>;
}

export interface KeySource {
  readonly stateDir: string;
  readonly nowMs: number;
  /** The text behind an address. @throws why it cannot be had */
  readonly fetchText: (url: string) => Promise<string>;
}

const MAX_BYTES = 262_144;
const MOST_KEYS = 100;
/** RFC 7518, sections 3.3 and 3.5: a smaller one must not be used. */
const LEAST_RSA_BITS = 2048;
/** The guards of this machine ask the issuer, whatever it answers and for whatever token, but not more often. */
const ASK_AGAIN_MS = 30_000;

interface Cache {
  /** Those that came last; none where none ever came. */
  readonly keys: readonly JsonObject[];
  readonly fetchedMs: number;
  /** The last time that the issuer was asked, in vain or not. */
  readonly askedMs: number;
}

/** They cannot be had. */
export interface NoKeys {
  /** For people, and for the record: nothing of what stands in a file or came from an address. */
  readonly why: string;
  readonly mend: string;
}

export async function loadIssuerKeys(source: JwtPolicy['keys'], parts: KeySource): Promise<IssuerKeys | NoKeys> {
  if (source.kind === 'file') {
    const read = readKeyFile(source.path);
    if ('mend' in read) return { ...read, why: `\`auth.jwt.jwksFile\`: ${read.why}` };
    return { keys: read, refresh: async () => undefined };
  }
  const { url, cacheMs } = source;
  const cached = readCache(parts.stateDir, url);
  // a clock that was set back makes them no younger
  const isWithin = (sinceMs: number | undefined, ms: number): boolean =>
    sinceMs !== undefined && parts.nowMs >= sinceMs && parts.nowMs - sinceMs < ms;
  const askAnew = async (): Promise<IssuerKeys | NoKeys> =>
    isWithin(cached?.askedMs, ASK_AGAIN_MS)
      ? away('it was asked in vain less than 30 s ago, and is asked no more often')
      : fetchAnew(url, parts);
  if (cached === undefined || cached.keys.length === 0 || !isWithin(cached.fetchedMs, cacheMs)) return askAnew();
  return {
    keys: cached.keys,
    async refresh() {
      const fresh = await askAnew();
      return 'keys' in fresh ? fresh : undefined;
    },
  };
}

/** INVARIANT: without the address, which may hold more than a name. */
function away(why: string): NoKeys {
  return { why: `\`auth.jwt.jwksUrl\`: ${why}`, mend: 'see that the issuer can be reached from here' };
}

async function fetchAnew(url: string, parts: KeySource): Promise<IssuerKeys | NoKeys> {
  const keys = await parts.fetchText(url).then(readKeySet, (error: unknown) => `could not be had (${codeOf(error)})`);
  const askedMs = parts.nowMs;
  if (typeof keys === 'string') {
    // INVARIANT: an answer without a key that counts takes no place of a good one; read anew, as another guard may have had one.
    const kept = readCache(parts.stateDir, url);
    writeCache(parts, url, { keys: kept?.keys ?? [], fetchedMs: kept?.fetchedMs ?? 0, askedMs });
    return away(`what stands there ${keys}`);
  }
  writeCache(parts, url, { keys, fetchedMs: askedMs, askedMs });
  return { keys, refresh: async () => undefined };
}

/** @returns why there are none where it cannot be read, others can write it, or no key in it counts */
export function readKeyFile(path: string): readonly JsonObject[] | NoKeys {
  const read = readTrustedFile(path, { uid: process.getuid?.(), maxBytes: MAX_BYTES, secret: false });
  const mend = 'put the key set of the issuer there (`{"keys":[…]}`)';
  if (read.kind === 'absent') return { why: `there is no file \`${path}\``, mend };
  if (read.kind === 'untrusted') return { why: `\`${path}\` is not believed: ${read.why}`, mend: read.mend };
  if (read.kind === 'unreadable') return { why: `\`${path}\` cannot be read (${read.why})`, mend };
  const keys = readKeySet(read.bytes.toString('utf8'));
  return typeof keys === 'string' ? { why: `\`${path}\` ${keys}`, mend } : keys;
}

/** @returns what is wrong with it where there is no key in it that counts: "is no JSON" */
function readKeySet(text: string): readonly JsonObject[] | string {
  const value = parse(text);
  if (value === undefined) return 'is no JSON';
  const keys = usableKeys(value);
  if (keys === undefined) return `is no key set: no object with \`keys\`, a list of at most ${MOST_KEYS}`;
  if (keys.length > 0) return keys;
  const isEmpty = isJsonObject(value) && Array.isArray(value.keys) && value.keys.length === 0;
  return isEmpty
    ? 'holds no key at all'
    : `holds no public key that could be used: EC, OKP, or RSA from ${LEAST_RSA_BITS} bits, to verify with`;
}

/** Of a `fetch` that failed: the message of its cause may quote what was asked for. */
function codeOf(error: unknown): string {
  const codes = [error, error instanceof Error ? error.cause : undefined].flatMap((one) =>
    one instanceof Error && 'code' in one && typeof one.code === 'string' ? [one.code] : [],
  );
  if (codes[0] !== undefined) return codes[0];
  const isOurs = error instanceof Error && error.message.startsWith('it answered with ');
  return isOurs ? error.message : error instanceof Error ? error.name : 'unknown';
}

/** Undefined where it is no key set. INVARIANT: no key with which somebody could sign is among them: not one that is shared. */
function usableKeys(value: Json | undefined): readonly JsonObject[] | undefined {
  const list = isJsonObject(value) ? value.keys : undefined;
  if (!Array.isArray(list) || list.length > MOST_KEYS) return undefined;
  const keys: readonly Json[] = list;
  return keys
    .filter(isJsonObject)
    .filter(({ kty, use }) => ['RSA', 'EC', 'OKP'].includes(String(kty)) && (use === undefined || use === 'sig'))
    .filter(canVerify);
}

/** What is only called a key is none: it must not take the place of one. */
function canVerify(jwk: JsonObject): boolean {
  try {
    const key = crypto.createPublicKey({ format: 'jwk', key: { ...jwk } });
    return key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS;
  } catch {
    return false;
  }
}

function readCache(stateDir: string, url: string): Cache | undefined {
  try {
    const value = parse(readPrivateFile(cachePath(stateDir, url), 2 * MAX_BYTES)?.toString('utf8') ?? '');
    if (!isJsonObject(value) || value.version !== 1 || value.url !== url) return undefined;
    const keys = usableKeys(value);
    const { fetchedMs, askedMs = fetchedMs } = value;
    if (keys === undefined || typeof fetchedMs !== 'number' || typeof askedMs !== 'number') return undefined;
    return { keys, fetchedMs, askedMs };
  } catch {
    return undefined;
  }
}

/** A cache that cannot be written costs the next start a request, and no more. */
function writeCache({ stateDir }: KeySource, url: string, cache: Cache): void {
  try {
    makePrivateDir(stateDir, ['tokens']);
    const document = { version: 1, url, ...cache };
    replaceFile(cachePath(stateDir, url), `${JSON.stringify(document)}\n`, 'drop', false);
  } catch {
    // said by nobody: the keys are at hand
  }
}

function cachePath(stateDir: string, url: string): string {
  return join(tokensDir(stateDir), `keys-${crypto.hash('sha256', url).slice(0, 32)}.json`);
}

function parse(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text); // untyped input enters here
    return value;
  } catch {
    return undefined;
  }
}
