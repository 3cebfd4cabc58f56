// What is wrong with the scopes of a config beyond their shape: targets, dates, names of scopes. Works on an unchecked
// document, so that its findings come together with those of the schema. Knows no constraint and no meaning.
import { checkTarget } from './check-target.ts';
import type { Diagnostic } from './diagnostics.ts';
import { entriesOf, isPlainObject, showPath, valueAt } from './json-path.ts';
import { nearestWord } from './nearest-word.ts';
import type { JsonPath } from './read-shape.ts';

type Report = (diagnostic: Diagnostic) => void;

export const TARGET_KINDS = ['tool', 'resource', 'prompt', 'request', 'method'] as const;

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
  if (typeof pattern === 'string') checkTarget(kind, pattern, [...path, kind], report);
  for (const key of ['args', 'additional']) {
    if (kind === 'tool' || kind === 'prompt' || !Object.hasOwn(rule, key)) continue;
    report({
      path: showPath([...path, key]),
      what: `a ${kind} has no arguments`,
      why: 'the constraint would never be looked at',
      mend: 'remove it',
    });
  }
  checkExpiry(rule.expires, [...path, 'expires'], report);
}

/** A day or time that has the right form, and does not exist. */
export function checkExpiry(expires: unknown, path: JsonPath, report: Report): void {
  if (typeof expires !== 'string' || !/^\d{4}-\d\d-\d\d/.test(expires) || readExpiry(expires) !== undefined) return;
  report({
    path: showPath(path),
    what: `there is no such time as \`${expires.slice(0, 64)}\``,
    why: '',
    mend: 'write a day or time that exists, as `2026-12-31`',
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
