// What is wrong with `auth` and `roles` of a config beyond their shape: keys of the issuer, algorithms, names of scopes. Works on an
// unchecked document, so that its findings come together with those of the schema. Knows no token.
import { ALGORITHMS } from './auth-policy.ts';
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, isPlainObject, showPath, valueAt } from './json-path.ts';
import { nearestWord } from './nearest-word.ts';
import type { JsonPath } from './read-shape.ts';

type Report = (diagnostic: Diagnostic) => void;

export function checkAuth(document: unknown, report: Report): void {
  const auth = valueAt(document, ['auth']);
  checkPath(valueAt(auth, ['tokenFile']), ['auth', 'tokenFile'], report);
  const jwt = valueAt(auth, ['jwt']);
  if (isPlainObject(jwt)) checkJwt(jwt, report);
  checkRoles(document, report);
}

function checkJwt(jwt: Record<string, unknown>, report: Report): void {
  const path = ['auth', 'jwt'];
  const sources = ['jwksFile', 'jwksUrl'].filter((key) => Object.hasOwn(jwt, key));
  if (sources.length !== 1) {
    report({
      path: showPath(path),
      what: sources.length === 0 ? 'names no keys' : 'names two sources of keys',
      why: 'a signature is checked with the keys of one issuer',
      mend: 'write one of `jwksFile` and `jwksUrl`',
    });
  }
  if (Object.hasOwn(jwt, 'cacheMs') && Object.hasOwn(jwt, 'jwksFile')) {
    report({
      path: showPath([...path, 'cacheMs']),
      what: 'means nothing here',
      why: 'a file is read at each start',
      mend: 'remove it',
    });
  }
  checkPath(jwt.jwksFile, [...path, 'jwksFile'], report);
  if (typeof jwt.jwksUrl === 'string') checkUrl(jwt.jwksUrl, [...path, 'jwksUrl'], report);
  const algorithms: readonly unknown[] = Array.isArray(jwt.algorithms) ? jwt.algorithms : [];
  for (const [index, name] of algorithms.entries()) {
    if (typeof name === 'string' && !ALGORITHMS.includes(name))
      reportAlgorithm(name, [...path, 'algorithms', index], report);
  }
  for (const [key, name] of entriesOf(jwt.claims)) {
    if (typeof name !== 'string' || !name.startsWith('/') || /^(\/([^~/]|~[01])+)+$/.test(name)) continue;
    report({
      path: showPath([...path, 'claims', key]),
      what: 'is no JSON pointer',
      why: 'what begins with `/` leads into the claims, step by step',
      mend: 'write it as `/realm_access/roles`, or the name of one claim',
    });
  }
}

function reportAlgorithm(name: string, path: JsonPath, report: Report): void {
  const isShared = /^(none|hs\d*)$/i.test(name);
  const near = isShared ? undefined : nearestWord(name, ALGORITHMS);
  report({
    path: showPath(path),
    what: isShared ? 'is no algorithm for this' : 'is not known',
    why: isShared ? 'whoever knows the public key, or nothing at all, could sign with it' : '',
    mend: near === undefined ? `use one of ${ALGORITHMS.join(', ')}` : `did you mean \`${near}\`?`,
  });
}

/** TRUST: whoever answers there decides who is who, so that nobody on the way may. */
function checkUrl(text: string, path: JsonPath, report: Report): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return;
  const isHere = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname);
  const mend = 'write the `https:` address under which the issuer publishes its keys';
  const tell = (what: string, why: string): void => report({ path: showPath(path), what, why, mend });
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isHere))
    tell('is not `https:`', 'whoever is on the way could answer with keys of their own');
  if (url.username !== '' || url.password !== '') tell('holds a name or a password', 'public keys need none');
}

function checkRoles(document: unknown, report: Report): void {
  const roles = valueAt(document, ['roles']);
  if (roles === undefined) return;
  if (valueAt(document, ['auth', 'required']) !== true) {
    report({
      path: 'roles',
      what: 'restricts nobody',
      why: 'nobody has to say who it is',
      mend: 'set `auth.required` to `true`, or remove it',
    });
  }
  const scopes = entriesOf(valueAt(document, ['scopes'])).map(([name]) => name);
  for (const [role, entry] of entriesOf(roles)) {
    const wanted = valueAt(entry, ['scopes']);
    for (const [index, name] of (Array.isArray(wanted) ? wanted : []).entries()) {
      if (typeof name !== 'string' || scopes.includes(name)) continue;
      const near = nearestWord(name, scopes);
      report({
        path: showPath(['roles', role, 'scopes', index]),
        what: `there is no scope ${name.length <= 64 ? `\`${name}\`` : 'of this name'}`,
        why: '',
        mend:
          near === undefined
            ? `write it under \`scopes\`, which has ${scopes.map((one) => `\`${one}\``).join(', ') || 'none'}`
            : `did you mean \`${near}\`?`,
      });
    }
  }
}

function checkPath(value: unknown, path: JsonPath, report: Report): void {
  if (typeof value !== 'string' || !value.includes('${')) return;
  report({
    path: showPath(path),
    what: 'variables are not expanded here',
    why: 'only `command`, `args`, `cwd` and `env` of a server take them',
    mend: 'write an absolute path, or one that counts from the directory of this file',
  });
}
