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
/** A token with an unknown key makes the guards of this machine ask the issuer, but not more often. */
const ASK_AGAIN_MS = 30_000;

/** Undefined: they cannot be had. */
export async function loadIssuerKeys(source: JwtPolicy['keys'], parts: KeySource): Promise<IssuerKeys | undefined> {
  if (source.kind === 'file') {
    const keys = readKeyFile(source.path);
    return keys === undefined ? undefined : { keys, refresh: async () => undefined };
  }
  const { url, cacheMs } = source;
  const cached = readCache(cachePath(parts.stateDir, url), url);
  const ageMs = cached === undefined ? Number.NaN : parts.nowMs - cached.fetchedMs;
  // a clock that was set back makes them no younger
  if (cached === undefined || !(ageMs >= 0 && ageMs < cacheMs)) return fetchAnew(url, parts);
  return {
    keys: cached.keys,
    refresh: async () => (ageMs < ASK_AGAIN_MS ? undefined : fetchAnew(url, parts)),
  };
}

async function fetchAnew(url: string, parts: KeySource): Promise<IssuerKeys | undefined> {
  let keys: readonly JsonObject[] | undefined;
  try {
    keys = readKeySet(await parts.fetchText(url));
  } catch {
    return undefined;
  }
  if (keys === undefined) return undefined;
  writeCache(parts, url, keys);
  return { keys, refresh: async () => undefined };
}

function readKeyFile(path: string): readonly JsonObject[] | undefined {
  const read = readTrustedFile(path, { uid: process.getuid?.(), maxBytes: MAX_BYTES, secret: false });
  return read.kind === 'read' ? readKeySet(read.bytes.toString('utf8')) : undefined;
}

/** Undefined where it is no key set. INVARIANT: no key with which somebody could sign is among them: not one that is shared. */
function readKeySet(text: string): readonly JsonObject[] | undefined {
  const value = parse(text);
  const list = isJsonObject(value) ? value.keys : undefined;
  if (!Array.isArray(list) || list.length > MOST_KEYS) return undefined;
  const keys: readonly Json[] = list;
  return keys
    .filter(isJsonObject)
    .filter(({ kty, use }) => ['RSA', 'EC', 'OKP'].includes(String(kty)) && (use === undefined || use === 'sig'));
}

function readCache(path: string, url: string): { keys: readonly JsonObject[]; fetchedMs: number } | undefined {
  try {
    const value = parse(readPrivateFile(path, 2 * MAX_BYTES)?.toString('utf8') ?? '');
    if (!isJsonObject(value) || value.version !== 1 || value.url !== url) return undefined;
    const keys = readKeySet(JSON.stringify(value));
    return keys === undefined || typeof value.fetchedMs !== 'number' ? undefined : { keys, fetchedMs: value.fetchedMs };
  } catch {
    return undefined;
  }
}

/** A cache that cannot be written costs the next start a request, and no more. */
function writeCache({ stateDir, nowMs }: KeySource, url: string, keys: readonly JsonObject[]): void {
  try {
    makePrivateDir(stateDir, ['tokens']);
    const document = { version: 1, url, fetchedMs: nowMs, keys };
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
