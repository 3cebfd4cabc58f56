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

/** Undefined: they cannot be had. */
export async function loadIssuerKeys(source: JwtPolicy['keys'], parts: KeySource): Promise<IssuerKeys | undefined> {
  if (source.kind === 'file') {
    const keys = readKeyFile(source.path);
    return keys === undefined ? undefined : { keys, refresh: async () => undefined };
  }
  const { url, cacheMs } = source;
  const cached = readCache(parts.stateDir, url);
  // a clock that was set back makes them no younger
  const isWithin = (sinceMs: number | undefined, ms: number): boolean =>
    sinceMs !== undefined && parts.nowMs >= sinceMs && parts.nowMs - sinceMs < ms;
  const askAnew = async (): Promise<IssuerKeys | undefined> =>
    isWithin(cached?.askedMs, ASK_AGAIN_MS) ? undefined : fetchAnew(url, parts);
  if (cached === undefined || cached.keys.length === 0 || !isWithin(cached.fetchedMs, cacheMs)) return askAnew();
  return { keys: cached.keys, refresh: askAnew };
}

async function fetchAnew(url: string, parts: KeySource): Promise<IssuerKeys | undefined> {
  const keys = await parts.fetchText(url).then(readKeySet, () => undefined);
  const askedMs = parts.nowMs;
  if (keys === undefined) {
    // INVARIANT: an answer without a key that counts takes no place of a good one; read anew, as another guard may have had one.
    const kept = readCache(parts.stateDir, url);
    writeCache(parts, url, { keys: kept?.keys ?? [], fetchedMs: kept?.fetchedMs ?? 0, askedMs });
    return undefined;
  }
  writeCache(parts, url, { keys, fetchedMs: askedMs, askedMs });
  return { keys, refresh: async () => undefined };
}

/** Undefined where it cannot be read, others can write it, or no key in it counts. */
export function readKeyFile(path: string): readonly JsonObject[] | undefined {
  const read = readTrustedFile(path, { uid: process.getuid?.(), maxBytes: MAX_BYTES, secret: false });
  return read.kind === 'read' ? readKeySet(read.bytes.toString('utf8')) : undefined;
}

/** Undefined where there is no key in it that counts. */
function readKeySet(text: string): readonly JsonObject[] | undefined {
  const keys = usableKeys(parse(text));
  return keys === undefined || keys.length === 0 ? undefined : keys;
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
