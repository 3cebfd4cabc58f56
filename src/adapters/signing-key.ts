// This machine's Ed25519 key, made on first need, and the keys of approvers. Knows nothing of what is signed.
// TRUST: whoever can read the key can approve; it lies in the state directory, private to this user.
import type { KeyObject } from 'node:crypto';
// by name: taking the whole module over costs every start more than the signature
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { readTrustedFile } from '../config/trusted-file.ts';
import { GuardError } from '../guard-error.ts';
import { codeOf } from './state-paths.ts';

export interface SigningKey {
  /** `ed25519:<base64>`: the notation of `approvers`. */
  readonly publicKey: string;
  /** A signature over the UTF-8 bytes of `text`, base64. */
  sign(text: string): string;
}

const PREFIX = 'ed25519:';
const MAX_BYTES = 4_096;

/** @param directory `<state>/lock/keys` */
export function signingKeyPath(directory: string): string {
  return join(directory, 'ed25519.pem');
}

/**
 * The private key of a PEM file (PKCS #8), as `openssl genpkey -algorithm ed25519` writes it; undefined where there is none.
 * @throws GuardError key_unusable: not Ed25519, or others can read or write it
 */
export function readSigningKey(path: string): SigningKey | undefined {
  const unusable = (why: string, mend: string, cause?: unknown): GuardError =>
    new GuardError('key_unusable', `cannot use the key \`${path}\`: ${why}`, { hint: mend, cause });
  const read = readTrustedFile(path, { uid: process.getuid?.(), maxBytes: MAX_BYTES, secret: true });
  if (read.kind === 'absent') return undefined;
  if (read.kind === 'unreadable') throw unusable(read.why, 'name a PEM file of this user');
  if (read.kind === 'untrusted') throw unusable(read.why, read.mend);
  let key: KeyObject;
  try {
    key = createPrivateKey(read.bytes);
  } catch (error) {
    throw unusable('it is no unencrypted private key', 'make one with `openssl genpkey -algorithm ed25519`', error);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw unusable('it is no Ed25519 key', 'make one with `openssl genpkey -algorithm ed25519`');
  return {
    publicKey: showPublicKey(createPublicKey(key)),
    sign: (text) => sign(null, Buffer.from(text), key).toString('base64'),
  };
}

/**
 * The key of this machine, made where there is none; of two processes that make one at once, one wins.
 * @param directory exists and is private @throws GuardError key_unusable
 */
export function openSigningKey(directory: string): SigningKey {
  const path = signingKeyPath(directory);
  const known = readSigningKey(path);
  if (known !== undefined) return known;
  writeNewKey(path);
  const made = readSigningKey(path);
  if (made === undefined) throw new GuardError('key_unusable', `the key \`${path}\` vanished as it was made`);
  return made;
}

/** Through link(2): a key is never seen half written, and never replaced. */
function writeNewKey(path: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  const draft = `${path}.draft-${process.pid}-${randomBytes(6).toString('hex')}`;
  try {
    const fd = fs.openSync(draft, 'wx', 0o600);
    try {
      fs.writeFileSync(fd, privateKey.export({ type: 'pkcs8', format: 'pem' }));
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.linkSync(draft, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return;
    throw new GuardError('key_unusable', `cannot make the key \`${path}\`: ${codeOf(error) ?? 'it failed'}`, {
      cause: error,
      hint: 'mend the owner and mode of the state directory, or set `MCP_GUARD_STATE_DIR`',
    });
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** Whether `signature` (base64) over `text` is by `key`. False for whatever is wrong with either. */
export function verifySignature(key: string, text: string, signature: string): boolean {
  const [raw, signed] = [decode(key.startsWith(PREFIX) ? key.slice(PREFIX.length) : ''), decode(signature)];
  if (raw === undefined || signed === undefined) return false;
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
    return verify(null, Buffer.from(text), createPublicKey({ key: jwk, format: 'jwk' }), signed);
  } catch {
    // too many or too few bytes, or no point of the curve
    return false;
  }
}

/** Base64 in its one canonical form, or undefined: two spellings of one key would be two keys. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function showPublicKey(key: KeyObject): string {
  // the JWK of an OKP key always has its point
  return `${PREFIX}${Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')}`;
}
