// Reads a file of policy cases strictly: everything that is wrong with it at once, and nothing that is guessed. Knows no policy
// but the names of its servers.
import type { Diagnostic } from '../config/diagnostics.ts';
import { isPlainObject, showPath } from '../config/json-path.ts';
import { nearestWord } from '../config/nearest-word.ts';
import type { JsonPath } from '../config/read-shape.ts';
import type { TargetKind } from '../policy/scope/scope-policy.ts';
import type { Json, JsonObject } from '../wire/json.ts';
import type { Question } from './scope-request.ts';

export interface PolicyCase extends Question {
  readonly title: string;
  /** Milliseconds since the epoch; undefined: now. */
  readonly atMs: number | undefined;
  /** `observe`: a rule denies it, and it goes out, for its server is only observed. */
  readonly expect: 'allow' | 'deny' | 'observe';
  /** Anchored glob over the rule that is to decide. */
  readonly rule: string | undefined;
}

export type CaseReading =
  | { readonly ok: true; readonly cases: readonly PolicyCase[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

type Report = (path: JsonPath, what: string, mend: string) => void;

const TARGETS: readonly TargetKind[] = ['tool', 'resource', 'prompt', 'request', 'method'];
const CASE_KEYS = ['name', 'server', ...TARGETS, 'args', 'at', 'expect', 'rule'];
const FILE_KEYS = ['version', 'cases'];
const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/;

/** @param servers undefined: any name will do */
export function readCases(document: unknown, servers: readonly string[] | undefined): CaseReading {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (path, what, mend) => void diagnostics.push({ path: showPath(path), what, why: '', mend });
  const cases = readAll(document, servers, report);
  return diagnostics.length > 0 ? { ok: false, diagnostics } : { ok: true, cases };
}

function readAll(document: unknown, servers: readonly string[] | undefined, report: Report): readonly PolicyCase[] {
  if (!isPlainObject(document)) {
    report([], 'is no object', 'write `cases:` with a list below');
    return [];
  }
  reportUnknown(document, [], FILE_KEYS, report);
  if (Object.hasOwn(document, 'version') && document.version !== 1) report(['version'], 'is not `1`', 'write `1`');
  const { cases } = document;
  if (!Array.isArray(cases) || cases.length === 0) {
    report(['cases'], 'is no list of cases', 'write at least one: a file without cases proves nothing');
    return [];
  }
  const titles = new Set<string>();
  return cases.flatMap((one: unknown, index): readonly PolicyCase[] => {
    const path = ['cases', index];
    if (!isPlainObject(one)) {
      report(path, 'is no object', 'write `name`, `server`, what is asked for, and `expect`');
      return [];
    }
    const read = readCase(one, path, servers, report);
    if (read === undefined) return [];
    if (titles.has(read.title)) report([...path, 'name'], 'stands twice', 'give each case a name of its own');
    titles.add(read.title);
    return [read];
  });
}

function readCase(
  one: Record<string, unknown>,
  path: JsonPath,
  servers: readonly string[] | undefined,
  report: Report,
): PolicyCase | undefined {
  reportUnknown(one, path, CASE_KEYS, report);
  const text = (key: string, isRequired: boolean): string | undefined => {
    const value = Object.hasOwn(one, key) ? one[key] : undefined;
    if (typeof value === 'string' && value !== '') return value;
    if (value !== undefined)
      report([...path, key], value instanceof Date ? 'is a date' : 'is no text', 'put it in quotes');
    else if (isRequired) report([...path, key], 'is missing', 'add it');
    return undefined;
  };
  const title = text('name', true);
  const server = text('server', true);
  if (server !== undefined && servers !== undefined && !servers.includes(server)) {
    const near = nearestWord(server, servers);
    const names = servers.map((name) => `\`${name}\``).join(', ') || 'none';
    report(
      [...path, 'server'],
      'is no server of the config',
      near === undefined ? `it has ${names}` : `did you mean \`${near}\`?`,
    );
  }
  const target = readTarget(one, path, report);
  const args = readArguments(one, target?.kind, path, report);
  const { expect } = one;
  const isExpectation = expect === 'allow' || expect === 'deny' || expect === 'observe';
  if (!isExpectation) report([...path, 'expect'], 'is none of `allow`, `deny` and `observe`', 'write one of them');
  const atMs = readTime(text('at', false), path, report);
  const rule = text('rule', false);
  if (title === undefined || server === undefined || target === undefined) return undefined;
  if (!isExpectation) return undefined;
  return { title, server, ...target, args, atMs, expect, rule };
}

function readTarget(
  one: Record<string, unknown>,
  path: JsonPath,
  report: Report,
): { readonly kind: TargetKind; readonly name: string } | undefined {
  const named = TARGETS.filter((kind) => Object.hasOwn(one, kind));
  const [kind] = named;
  if (kind === undefined || named.length > 1) {
    const what =
      kind === undefined ? 'asks for nothing' : `asks for ${named.map((word) => `\`${word}\``).join(' and ')} at once`;
    report(path, what, `write one of ${TARGETS.map((word) => `\`${word}\``).join(', ')}`);
    return undefined;
  }
  const name = one[kind];
  if (typeof name === 'string' && name !== '') return { kind, name };
  report([...path, kind], 'is no text', 'put it in quotes');
  return undefined;
}

/** A call without `args` has no arguments: `{}`. */
function readArguments(
  one: Record<string, unknown>,
  kind: TargetKind | undefined,
  path: JsonPath,
  report: Report,
): JsonObject | undefined {
  const hasArguments = kind === 'tool' || kind === 'prompt';
  if (!Object.hasOwn(one, 'args')) return hasArguments ? {} : undefined;
  if (kind !== undefined && !hasArguments) {
    report([...path, 'args'], `a ${kind} has no arguments`, 'remove it');
    return undefined;
  }
  const { args } = one;
  const odd = findNoJson(args, [...path, 'args']);
  if (odd !== undefined) report(odd, 'is no JSON: a date, or a number that JSON has not', 'put it in quotes');
  else if (!isPlainObject(args)) report([...path, 'args'], 'is no object', 'write the arguments by name');
  // untyped input enters here: only JSON is left
  return isPlainObject(args) ? (args as Record<string, Json>) : undefined;
}

/** YAML knows dates, infinities and keys that are no text. */
function findNoJson(value: unknown, path: JsonPath): JsonPath | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path;
  if (Array.isArray(value)) return findFirst(value.map((item, index) => findNoJson(item, [...path, index])));
  if (!isPlainObject(value) || value instanceof Date) return path;
  return findFirst(Object.entries(value).map(([key, item]) => findNoJson(item, [...path, key])));
}

function findFirst(found: readonly (JsonPath | undefined)[]): JsonPath | undefined {
  return found.find((path) => path !== undefined);
}

/** A day is its beginning, UTC. */
function readTime(text: string | undefined, path: JsonPath, report: Report): number | undefined {
  if (text === undefined) return undefined;
  const atMs = TIME.test(text) ? Date.parse(text) : Number.NaN;
  // `2026-02-30` is read as the 2nd of March
  if (!Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text.slice(0, 10))) return atMs;
  report([...path, 'at'], 'is no day or time', 'write `2026-12-31` or `2026-12-31T12:00:00Z`');
  return undefined;
}

function reportUnknown(
  object: Record<string, unknown>,
  path: JsonPath,
  known: readonly string[],
  report: Report,
): void {
  for (const key of Object.keys(object)) {
    if (known.includes(key)) continue;
    const near = nearestWord(key, known);
    const list = known.map((word) => `\`${word}\``).join(', ');
    report(
      [...path, key],
      'unknown key',
      near === undefined ? `remove it; known here: ${list}` : `did you mean \`${near}\`?`,
    );
  }
}
