// What is wrong with the scopes of a config beyond their shape: targets, dates, names of scopes. Works on an unchecked
// document, so that its findings come together with those of the schema. Knows no constraint and no meaning.
import { REQUEST_METHODS } from '../wire/protocol-keys.ts';
import { hasUnsafeUnit } from '../wire/request-id.ts';
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, isPlainObject, showPath, valueAt } from './json-path.ts';
import { nearestWord } from './nearest-word.ts';
import type { JsonPath } from './read-shape.ts';

type Report = (diagnostic: Diagnostic) => void;

export const TARGET_KINDS = ['tool', 'resource', 'prompt', 'request', 'method'] as const;

/** What a server may ask of a client, all revisions together. Others may come: they are no error. */
const CLIENT_METHODS = ['sampling/createMessage', 'elicitation/create', 'roots/list'];
const DAY_MS = 86_400_000;

export function checkScopes(document: unknown, report: Report): void {
  const scopes = entriesOf(valueAt(document, ['scopes']));
  for (const [name, scope] of scopes) {
    for (const list of ['grants', 'deny']) {
      checkRules(valueAt(scope, [list]), ['scopes', name, list], report);
    }
  }
  for (const [id, server] of entriesOf(valueAt(document, ['servers']))) {
    const wanted = valueAt(server, ['scope']);
    if (typeof wanted === 'string') checkName(wanted, scopes, ['servers', id, 'scope'], report);
  }
}

/** A list of grants or of denials, wherever it stands. */
export function checkRules(rules: unknown, path: JsonPath, report: Report): void {
  if (!Array.isArray(rules)) return;
  for (const [index, rule] of rules.entries()) if (isPlainObject(rule)) checkRule(rule, [...path, index], report);
}

/** Milliseconds since the epoch, from which on it is over; undefined where there is no such day or time. */
export function readExpiry(expires: string): number | undefined {
  const isDay = expires.length === 10;
  const startMs = Date.parse(expires);
  // `2026-02-30` is read as the 2nd of March
  if (Number.isNaN(startMs) || !new Date(startMs).toISOString().startsWith(expires.slice(0, 10))) return undefined;
  return isDay ? startMs + DAY_MS : startMs;
}

function checkRule(rule: Record<string, unknown>, path: JsonPath, report: Report): void {
  const named = TARGET_KINDS.filter((kind) => Object.hasOwn(rule, kind));
  const [kind] = named;
  if (kind === undefined || named.length > 1) {
    report({
      path: showPath(path),
      what: kind === undefined ? 'names nothing' : `names ${named.map((one) => `\`${one}\``).join(' and ')} at once`,
      why: 'one rule is about one thing',
      mend:
        kind === undefined
          ? `add one of ${TARGET_KINDS.map((one) => `\`${one}\``).join(', ')}`
          : 'write one rule for each',
    });
    return;
  }
  const pattern = rule[kind];
  if (typeof pattern === 'string') checkPattern(pattern, [...path, kind], report);
  for (const key of ['args', 'additional']) {
    if (kind === 'tool' || kind === 'prompt' || !Object.hasOwn(rule, key)) continue;
    report({
      path: showPath([...path, key]),
      what: `a ${kind} has no arguments`,
      why: 'the constraint would never be looked at',
      mend: 'remove it',
    });
  }
  const { expires } = rule;
  if (typeof expires === 'string' && /^\d{4}-\d\d-\d\d/.test(expires) && readExpiry(expires) === undefined) {
    report({
      path: showPath([...path, 'expires']),
      what: `there is no such time as \`${expires.slice(0, 64)}\``,
      why: '',
      mend: 'write a day or time that exists, as `2026-12-31`',
    });
  }
}

function checkPattern(pattern: string, path: JsonPath, report: Report): void {
  if (hasUnsafeUnit(pattern)) {
    report({
      path: showPath(path),
      what: 'holds a character that no name can have',
      why: 'names with half a surrogate pair or a line separator are refused, so this would match nothing',
      mend: 'remove it',
    });
  }
  if (path.at(-1) === 'method' && REQUEST_METHODS.has(pattern)) {
    report({
      path: showPath(path),
      what: `\`${pattern}\` is a method of the protocol`,
      why: 'what it reaches is granted by name, and `method` is for methods that MCP does not define',
      mend: 'grant the `tool`, `resource` or `prompt`, or the `request` that the server asks of the client',
    });
  }
  if (path.at(-1) !== 'request' || /[*?]/.test(pattern) || CLIENT_METHODS.includes(pattern)) return;
  const near = nearestWord(pattern, CLIENT_METHODS);
  if (near === undefined) return;
  report({
    path: showPath(path),
    what: `\`${pattern}\` is no method of the protocol`,
    why: 'the rule would match nothing',
    mend: `did you mean \`${near}\`?`,
  });
}

function checkName(
  wanted: string,
  scopes: readonly (readonly [string, unknown])[],
  path: JsonPath,
  report: Report,
): void {
  const names = scopes.map(([name]) => name);
  if (names.includes(wanted)) return;
  const near = nearestWord(wanted, names);
  report({
    path: showPath(path),
    what: `there is no scope ${wanted.length <= 64 ? `\`${wanted}\`` : 'of this name'}`,
    why: '',
    mend:
      near === undefined
        ? `write it under \`scopes\`, which has ${names.map((name) => `\`${name}\``).join(', ') || 'none'}`
        : `did you mean \`${near}\`?`,
  });
}
