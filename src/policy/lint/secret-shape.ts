// Whether a text written into a config is a secret: by the shape of a known token, or because it is dense and stands under a
// name for secrets. Pure. INVARIANT: says what kind it seems to be, never a part of it.

const TOKENS: readonly (readonly [kind: string, shape: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['a GitHub token', /\b(?:gh[opsur]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})/],
  ['a GitLab token', /\bglpat-[A-Za-z0-9_-]{20,}/],
  ['a Slack token', /\bxox[abeprs]-[A-Za-z0-9-]{10,}/],
  ['an AWS access key', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['a Google API key', /\bAIza[A-Za-z0-9_-]{35}/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}/],
  ['a Stripe key', /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/],
  ['an API key', /\bsk-[A-Za-z0-9_-]{20,}/],
  ['a Hugging Face token', /\bhf_[A-Za-z0-9]{30,}/],
  ['a JSON web token', /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}/],
];
/** `scheme://user:password@host` */
const WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/i;
const SECRET_NAME =
  /(?:^|[^a-z])(?:token|secret|password|passwd|passphrase|pwd|credentials?|api[_-]?key|apikey|private[_-]?key|access[_-]?key|auth|authorization|cookie|bearer)(?:$|[^a-z])/i;
const PASSWORD_NAME = /passw|passphrase|pwd/i;
const BEARER = /^(?:bearer|basic|token)\s+/i;
/** What stands where a secret will come. */
const PLACEHOLDER = /^(?:<.*>|x{3,}|\*{3,}|\.{3,}|changeme|todo|none|null|true|false|\d{1,6})$/i;

const SHORTEST_DENSE = 16;
const SHORTEST_PASSWORD = 6;
/** Bits a character: English words have some 2.5 to 3.2 by this count, random base64 of 20 characters 3.7 and more. */
const DENSE_BITS = 3.3;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/([a-z0-9])([A-Z])/g, '$1_$2'));
}

/** Its kind in words; undefined where it looks like no secret. @param name the variable, header or option it belongs to */
export function secretKind(text: string, name: string): string | undefined {
  const known = TOKENS.find(([, shape]) => shape.test(text));
  if (known !== undefined) return known[0];
  const password = WITH_PASSWORD.exec(text)?.[1];
  if (password !== undefined && !isReference(password)) return 'a password in a URL';
  if (!isSecretName(name)) return undefined;
  const value = text.replace(BEARER, '');
  if (isReference(value) || PLACEHOLDER.test(value) || isPlace(value)) return undefined;
  if (PASSWORD_NAME.test(name) && value.length >= SHORTEST_PASSWORD) return 'a password';
  return value.length >= SHORTEST_DENSE && bitsOf(value) >= DENSE_BITS
    ? 'a secret, by its name and its text'
    : undefined;
}

/** Filled in from the environment. */
function isReference(text: string): boolean {
  return /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/.test(text);
}

/** Where something is, not what it is. */
function isPlace(text: string): boolean {
  return /^(?:[~.]{0,2}\/|[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]*:\/\/)/i.test(text) || /\$\{/.test(text);
}

/** Shannon entropy of the characters, in bits each. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
