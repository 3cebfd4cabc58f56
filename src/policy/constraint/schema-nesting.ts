// The keywords of a schema that hold schemas: properties, items, combinations. Knows no scalar.
import { isJsonObject, type Json } from '../../wire/json.ts';
import { describeConfusable, findConfusable, wantKeys } from './confusable-argument.ts';
import {
  type CompileKeyword,
  type KeywordPlace,
  MATCHES,
  type Mismatch,
  refuse,
  type SchemaCheck,
} from './schema-check.ts';
import { listChoices, quote } from './shown-text.ts';

/** Also what `additionalProperties` needs to know: what is named. */
const compileProperties: CompileKeyword = (value, place) => {
  if (!isJsonObject(value)) return void place.report('', 'must be an object of schemas');
  const named = new Map(Object.keys(value).map((key) => [key, place.compile(value[key] ?? null, `.${key}`)]));
  const wanted = wantKeys([...named.keys()]);
  return (given, path, budget) => {
    if (!isJsonObject(given)) return undefined;
    const double = findConfusable(Object.keys(given), wanted);
    if (double !== undefined) return { path, text: describeConfusable(double), certain: false };
    for (const [key, check] of named) {
      const member = Object.hasOwn(given, key) ? given[key] : undefined;
      const mismatch = member === undefined ? undefined : check(member, [...path, key], budget);
      if (mismatch !== undefined) return mismatch;
    }
    return undefined;
  };
};

const compileRequired: CompileKeyword = (value, { report }) => {
  if (!isStrings(value)) return void report('', 'must be a list of names');
  const wanted = wantKeys(value);
  return (given, path) => {
    if (!isJsonObject(given)) return undefined;
    const double = findConfusable(Object.keys(given), wanted);
    if (double !== undefined) return { path, text: describeConfusable(double), certain: false };
    const missing = value.find((key) => !Object.hasOwn(given, key));
    return missing === undefined ? undefined : refuse(path, `must have ${quote(missing)}`);
  };
};

const compileAdditional: CompileKeyword = (value, place) => {
  const check = place.compile(value, '');
  const properties = place.schema.properties;
  const named = new Set(isJsonObject(properties) ? Object.keys(properties) : []);
  const allowed = named.size === 0 ? 'none is' : `allowed are ${listChoices([...named].map(quote))}`;
  return (given, path, budget) => {
    if (!isJsonObject(given)) return undefined;
    for (const [key, member] of Object.entries(given)) {
      if (named.has(key) || member === undefined) continue;
      const mismatch = check(member, [...path, key], budget);
      if (mismatch === undefined) continue;
      return value === false ? refuse(path, `must not have ${quote(key)}; ${allowed}`) : mismatch;
    }
    return undefined;
  };
};

const compileItems: CompileKeyword = (value, place) => {
  if (Array.isArray(value)) return void place.report('', 'must be one schema: write `prefixItems` for a list of them');
  const check = place.compile(value, '');
  const first = place.schema.prefixItems;
  const from = Array.isArray(first) ? first.length : 0;
  return (given, path, budget) => {
    if (!Array.isArray(given)) return undefined;
    for (let index = from; index < given.length; index++) {
      const mismatch = check(given[index] ?? null, [...path, String(index)], budget);
      if (mismatch !== undefined) return mismatch;
    }
    return undefined;
  };
};

const compilePrefixItems: CompileKeyword = (value, place) => {
  const checks = compileList(value, place);
  if (checks === undefined) return undefined;
  return (given, path, budget) => {
    if (!Array.isArray(given)) return undefined;
    for (const [index, check] of checks.slice(0, given.length).entries()) {
      const mismatch = check(given[index] ?? null, [...path, String(index)], budget);
      if (mismatch !== undefined) return mismatch;
    }
    return undefined;
  };
};

/** At least `least` and at most `most` of the schemas must match. What cannot be judged ends it. */
function compileCount(least: (all: number) => number, most: (all: number) => number, words: string): CompileKeyword {
  return (value, place) => {
    const checks = compileList(value, place);
    if (checks === undefined) return undefined;
    return (given, path, budget) => {
      let matching = 0;
      let last: Mismatch | undefined;
      for (const check of checks) {
        const mismatch = check(given, path, budget);
        if (mismatch?.certain === false) return mismatch;
        if (mismatch === undefined) matching += 1;
        else last = mismatch;
      }
      if (matching >= least(checks.length) && matching <= most(checks.length)) return undefined;
      // the only reason there is says more than that there is one
      const isOnly = last !== undefined && (checks.length === 1 || least(checks.length) === checks.length);
      return isOnly ? last : refuse(path, `must match ${words} of ${checks.length} allowed forms`);
    };
  };
}

const compileNot: CompileKeyword = (value, place) => {
  const check = place.compile(value, '');
  return (given, path, budget) => {
    const mismatch = check(given, path, budget);
    if (mismatch?.certain === false) return mismatch;
    return mismatch === undefined ? refuse(path, 'must not have this form') : undefined;
  };
};

function compileList(value: Json, place: KeywordPlace): readonly SchemaCheck[] | undefined {
  if (!Array.isArray(value) || value.length === 0)
    return void place.report('', 'must be a list of at least one schema');
  return value.map((schema: Json, index) => place.compile(schema, `[${index}]`));
}

function isStrings(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

const annotation: CompileKeyword = () => MATCHES;

export const NESTING_KEYWORDS: Readonly<Record<string, CompileKeyword>> = {
  properties: compileProperties,
  required: compileRequired,
  additionalProperties: compileAdditional,
  items: compileItems,
  prefixItems: compilePrefixItems,
  allOf: compileCount(
    (all) => all,
    (all) => all,
    'all',
  ),
  anyOf: compileCount(
    () => 1,
    (all) => all,
    'one',
  ),
  oneOf: compileCount(
    () => 1,
    () => 1,
    'exactly one',
  ),
  not: compileNot,
  title: annotation,
  description: annotation,
  $comment: annotation,
  examples: annotation,
};
