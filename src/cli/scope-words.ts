// A grant in words, from its notation: what its arguments must be, until when it holds. Decides nothing; shows inert text.
import type { ConstraintKind } from '../policy/constraint/constraint-document.ts';
import type { Grant, Scope } from '../policy/scope/scope-policy.ts';
import { isJsonObject, type Json, type JsonObject, objectAt } from '../wire/json.ts';
import { makeInert } from './inert-text.ts';
import { cutText } from './text-width.ts';

/** Columns of one value: a pattern or a list of roots may be long, and `--json` has it whole. */
const LONGEST = 300;

/** A grant as it was written. Undefined for one that no config holds: the default grant, one of a lock or ceiling. */
export function findSource(scope: Scope | undefined, grant: Grant): JsonObject | undefined {
  const index = scope?.grants.indexOf(grant) ?? -1;
  const grants = scope?.source.grants;
  const source = index === -1 || !Array.isArray(grants) ? undefined : grants[index];
  return isJsonObject(source) ? source : undefined;
}

/** One line for each argument; none where any will do. */
export function describeArguments(source: JsonObject): readonly string[] {
  const lines = Object.entries(objectAt(source, 'args') ?? {}).map(([pointer, constraint]) => {
    const words = isJsonObject(constraint) ? describeConstraint(constraint) : [];
    const name = pointer === '' ? 'the arguments' : makeInert(pointer);
    return `${name}: ${words.join(', ') || 'must be given'}`;
  });
  return source.additional === false ? [...lines, 'no other arguments'] : lines;
}

type Word = readonly [kind: ConstraintKind | 'optional', describe: (value: Json, all: JsonObject) => string];

/** Every kind of constraint, in the order in which they are told. */
const WORDS: readonly Word[] = [
  ['absent', () => 'must be left out'],
  ['optional', (value) => (value === true ? 'may be missing' : '')],
  ['equals', (value) => `is ${show(value)}`],
  ['oneOf', (value) => `one of ${list(value, show)}`],
  ['min', (value, { max }) => (max === undefined ? `at least ${show(value)}` : `${show(value)} to ${show(max)}`)],
  ['max', (value, { min }) => (min === undefined ? `at most ${show(value)}` : '')],
  ['maxLength', (value) => `at most ${show(value)} long`],
  ['prefix', (value) => `begins with ${show(value)}`],
  ['pattern', (value) => `matches ${show(value)}`],
  ['within', (value) => `within ${list(value, bare)}`],
  ['host', (value) => `on ${list(value, bare)}`],
  ['sql', () => 'SQL that only reads'],
  ['schema', (value) => `fits the schema ${show(value)}`],
];

function describeConstraint(constraint: JsonObject): readonly string[] {
  return WORDS.flatMap(([kind, describe]) => {
    const value = Object.hasOwn(constraint, kind) ? constraint[kind] : undefined;
    const words = value === undefined ? '' : describe(value, constraint);
    return words === '' ? [] : [cutText(words, LONGEST)];
  });
}

function show(value: Json): string {
  return makeInert(JSON.stringify(value));
}

function bare(value: Json): string {
  return typeof value === 'string' ? makeInert(value) : show(value);
}

function list(value: Json, one: (value: Json) => string): string {
  return Array.isArray(value) ? value.map((item: Json) => one(item)).join(', ') : one(value);
}

const DAY_MS = 86_400_000;

/** `2026-12-31T18:42:10Z`: what is finer tells a person nothing. */
export function showExact(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** `2026-12-31`: to the end of that day; else the moment, to the second. UTC. */
export function showExpiry(expiresAtMs: number): string {
  const isDay = expiresAtMs % DAY_MS === 0;
  const text = new Date(isDay ? expiresAtMs - 1 : expiresAtMs).toISOString();
  return isDay ? text.slice(0, 10) : text.replace(/(?::00)?\.\d{3}Z$/, 'Z');
}
