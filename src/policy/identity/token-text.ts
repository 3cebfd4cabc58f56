// The text of a guard token: `mcpg_<id>_<secret><checksum>`, letters and digits only, so that a double click takes all of it and a
// scanner for secrets finds it. Pure: random bytes and the digest come in.
//
// id: 10 characters, names the token, is no secret. secret: 43, 256 bits. checksum: 6, over all before it: tells a slip of the hand from
// a wrong token, and nothing about the secret that is not in it.

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 10;
const SECRET_LENGTH = 43;
const CHECK_LENGTH = 6;
const SHAPE = /^mcpg_([0-9A-Za-z]{10})_[0-9A-Za-z]{49}$/;

/** SHA-256, hex. */
export type DigestText = (text: string) => string;

export type TokenReading =
  | { readonly kind: 'token'; readonly id: string }
  | { readonly kind: 'checksum_wrong' }
  | { readonly kind: 'malformed' };

/**
 * @param idBytes at least 8 random bytes @param secretBytes 32 random bytes
 * @returns the whole token; it stands nowhere else from then on
 */
export function makeTokenText(
  idBytes: Uint8Array,
  secretBytes: Uint8Array,
  digest: DigestText,
): { readonly id: string; readonly text: string } {
  if (secretBytes.length !== 32 || idBytes.length < 8) throw new RangeError('too few random bytes for a token');
  const id = encode(idBytes, ID_LENGTH);
  const body = `mcpg_${id}_${encode(secretBytes, SECRET_LENGTH)}`;
  return { id, text: body + checksumOf(body, digest) };
}

/** attacker-controlled: `text`, of bounded length. */
export function readTokenText(text: string, digest: DigestText): TokenReading {
  // also for what is no token: each text costs one digest
  const isWhole = checksumOf(text.slice(0, -CHECK_LENGTH), digest) === text.slice(-CHECK_LENGTH);
  const id = SHAPE.exec(text)?.[1];
  if (id === undefined) return { kind: 'malformed' };
  return isWhole ? { kind: 'token', id } : { kind: 'checksum_wrong' };
}

/** Whether it is one as far as its look goes: what begins so is never taken for anything else. */
export function looksLikeToken(text: string): boolean {
  return text.startsWith('mcpg_');
}

function checksumOf(body: string, digest: DigestText): string {
  const hex = digest(body);
  const bytes = Uint8Array.from([0, 2, 4, 6], (at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return encode(bytes, CHECK_LENGTH);
}

/** Base 62, most significant digit first. What does not fit into `length` digits is dropped at the front. */
function encode(bytes: Uint8Array, length: number): string {
  let number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = '';
  for (let place = 0; place < length; place += 1) {
    text = (DIGITS[Number(number % 62n)] ?? '') + text;
    number /= 62n;
  }
  return text;
}
