// Paths into a config document: how they are shown, walked and matched. Knows no schema.
import { nearestWord } from './nearest-word.ts';
import type { JsonPath } from './read-shape.ts';

/** Where values, or what was meant as one and became a key, may be secret; also as other tools call it. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  ...['env', 'environment', 'passenv', 'args', 'arguments', 'headers', 'auth'],
]);
const NAME = /^[A-Za-z_][A-Za-z0-9_()]*$/;
/** The keys of `auth` at the top level, none of which holds a secret. What else stands there may be a token. */
const AUTH_KEYS: ReadonlySet<string> = new Set([
  ...['auth', 'required', 'tokenFile', 'jwt', 'issuer', 'audience', 'jwksFile', 'jwksUrl', 'cacheMs', 'algorithms'],
  ...['clockToleranceMs', 'claims', 'principal', 'tenant', 'roles'],
]);

/**
 * `servers.files.args[2]`, `servers.files.tools["read_*"]`; the whole document is `(document)`. TRUST: of the keys below a
 * secret one only names of variables are shown, any other is `[…]`.
 */
export function showPath(path: JsonPath): string {
  if (path.length === 0) return '(document)';
  let shown = '';
  for (const [index, part] of path.entries()) {
    if (typeof part === 'number') shown += `[${part}]`;
    else if (isHidden(path, index)) shown += '[…]';
    else if (/^[A-Za-z$_][\w$-]*$/.test(part)) shown += shown === '' ? part : `.${part}`;
    else shown += `[${JSON.stringify(part)}]`;
  }
  return shown;
}

/** A key that `auth` does not have may be a token that was put there. */
function isHidden(path: JsonPath, index: number): boolean {
  return isSecretKey(path.slice(0, index + 1)) && !isShowable(path, index);
}

/** Whether the last key of `path` must not be quoted. */
export function isSecretKey(path: JsonPath): boolean {
  return isSecret(path.slice(0, -1)) || (path[0] === 'auth' && path.length > 1);
}

/** Whether what stands at `path`, be it a value or a key below it, must not be quoted. */
export function isSecret(path: JsonPath): boolean {
  const open = countOpen(path);
  return path.some((part, index) => index >= open && typeof part === 'string' && SECRET_KEYS.has(part.toLowerCase()));
}

/** Where only an object may stand, of pointers or of rules: what stands there instead may have been meant as a command line. */
export function isOfConstraints(path: JsonPath): boolean {
  const at = findRule(path);
  return at !== undefined && path[at + 2] === 'args' && path.length <= at + 4;
}

/** How many leading parts name rules of a scope, which are told to whoever is refused; a scope may be called `env`. */
function countOpen(path: JsonPath): number {
  const at = findRule(path);
  if (at === undefined && path[0] === 'auth' && path.every(isOfAuth)) return path.length;
  if (at === undefined) return 0;
  return path[at] === 'grants' && path[at + 2] === 'args' ? path.length : at + 2;
}

function isOfAuth(part: string | number): boolean {
  return typeof part === 'number' || AUTH_KEYS.has(part);
}

/** Also a slip of the hand: no token is a letter or two away from one of these words. */
function isLikeAuth(part: string | number): boolean {
  return isOfAuth(part) || nearestWord(String(part), [...AUTH_KEYS]) !== undefined;
}

/** The index of `grants` or `deny` in a path to or below a rule of a scope. */
function findRule(path: JsonPath): number | undefined {
  const at = path[0] === 'tenants' && path[2] === 'scopes' ? 4 : 2;
  const isRule = path[at - 2] === 'scopes' && (path[at] === 'grants' || path[at] === 'deny');
  return isRule && typeof path[at + 1] === 'number' ? at : undefined;
}

/** A name directly below `env`, or a word below a server that is itself called so: `servers.auth.deadline.hardMs`. */
function isShowable(path: JsonPath, index: number): boolean {
  if (path[0] === 'auth' && path.slice(0, index + 1).every(isLikeAuth)) return true;
  if (!NAME.test(String(path[index]))) return false;
  const above = path.slice(0, index);
  if (/^env(ironment)?$/i.test(String(above.at(-1)))) return true;
  return path[0] === 'servers' && index > 1 && !isSecret(above.slice(2));
}

/** The value at `path`, or undefined where there is none. Own members only. */
export function valueAt(document: unknown, path: JsonPath): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** The own members of an object with their values; nothing for anything else. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isPlainObject(value) ? Object.entries(value) : [];
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True where `path` is `above` or lies below it. */
export function isWithin(path: JsonPath, above: JsonPath): boolean {
  return above.length <= path.length && above.every((part, index) => part === path[index]);
}
