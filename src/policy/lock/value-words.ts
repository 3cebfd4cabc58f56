// Values and names of a config in the lines of a difference: cut, inert, and without what may be a secret. Knows no line.
import { inertName, showInert } from '../../wire/inert-text.ts';
import type { Json } from '../../wire/json.ts';
import { isJsonObject } from '../../wire/json.ts';

/** An end that is cut off is said, with its length. */
const LONGEST_VALUE = 4_096;
/** Names of variables whose literals are not shown. */
export const SECRET = /key|token|secret|passw|pwd|auth|cred|dsn|cookie|session/i;

/** A reference is shown, a literal is not. */
export function secretText(value: Json | undefined): string {
  return typeof value === 'string' && /^(env|file):/.test(value) ? cut(value) : '(a literal)';
}

/** TRUST: a literal below `env` or `headers` may be a secret and is not shown; a reference to one is. @param path of the value */
export function changedValue(path: readonly string[], value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const isSecret = path.includes('env') || path.includes('headers');
  if (!isSecret) return cut(JSON.stringify(value));
  if (isJsonObject(value))
    return `{${Object.entries(value)
      .map(([name, one]) => `${inertName(name)}: ${secretText(one)}`)
      .join(', ')}}`;
  return secretText(value);
}

export function quoteKey(key: string): string {
  return /^[A-Za-z$_][\w$-]*$/.test(key) ? key : `[${JSON.stringify(inertName(key))}]`;
}

export function cut(text: string): string {
  const missing = text.length - LONGEST_VALUE;
  return showInert(missing > 0 ? `${text.slice(0, LONGEST_VALUE)}… (${missing} more characters)` : text);
}
