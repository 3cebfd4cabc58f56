// The keywords of a schema that judge one value by itself: type, enum, const, bounds, pattern. Knows no nesting.
import { messageOf } from '../../error-text.ts';
import type { Json, JsonScalar } from '../../wire/json.ts';
import { findScalarFault } from './readable-value.ts';
import { TOO_MUCH } from './rule.ts';
import { countPoints, MAX_MATCHED_LENGTH } from './scalar-rules.ts';
import { type CompileKeyword, type KeywordPlace, refuse, type SchemaCheck, typeOf } from './schema-check.ts';
import { listChoices, quote, quoteScalar } from './shown-text.ts';

const TYPES: ReadonlySet<unknown> = new Set([...['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']]);

const compileType: CompileKeyword = (value, { report }) => {
  const types: readonly Json[] = Array.isArray(value) ? value : [value];
  if (types.length === 0 || types.some((type) => !TYPES.has(type))) {
    return void report('', `must name one or more of ${[...TYPES].join(', ')}`);
  }
  const text = `must be of type ${listChoices(types.map((type) => quote(String(type))))}`;
  return (given, path) => {
    const isInteger = typeof given === 'number' && Number.isInteger(given) && types.includes('integer');
    return isInteger || types.includes(typeOf(given)) ? undefined : refuse(path, text);
  };
};

const compileEnum: CompileKeyword = (value, { report }) => {
  if (!Array.isArray(value) || value.length === 0) return void report('', 'must be a list of at least one value');
  return compareScalars(value, report);
};

const compileConst: CompileKeyword = (value, { report }) => compareScalars([value], report);

function compareScalars(wanted: readonly Json[], report: KeywordPlace['report']): SchemaCheck | undefined {
  const scalars = wanted.filter((value): value is JsonScalar => typeof value !== 'object' || value === null);
  if (scalars.length < wanted.length)
    return void report('', 'must hold no object and no array: this version compares scalars');
  const fault = scalars.map(findScalarFault).find((found) => found !== undefined);
  if (fault !== undefined) return void report('', fault);
  const allowed: ReadonlySet<Json> = new Set(scalars);
  const text = `must be ${listChoices(scalars.map(quoteScalar))}`;
  return (given, path) => (allowed.has(given) ? undefined : refuse(path, text));
}

function compileBound(holds: (value: number, bound: number) => boolean, words: string): CompileKeyword {
  return (bound, { report }) => {
    const fault = typeof bound === 'number' ? findScalarFault(bound) : 'must be a number';
    if (typeof bound !== 'number' || fault !== undefined) return void report('', fault ?? '');
    const text = `must be ${words} ${bound}`;
    return (given, path) => (typeof given !== 'number' || holds(given, bound) ? undefined : refuse(path, text));
  };
}

/** `measure` gives undefined for what the keyword does not speak of. */
function compileSize(measure: (value: Json) => number | undefined, isMax: boolean, unit: string): CompileKeyword {
  return (bound, { report }) => {
    if (typeof bound !== 'number' || !Number.isSafeInteger(bound) || bound < 0) {
      return void report('', 'must be an integer of at least 0');
    }
    const text = `must have ${isMax ? 'at most' : 'at least'} ${bound} ${unit}`;
    return (given, path) => {
      const size = measure(given);
      const holds = size === undefined || (isMax ? size <= bound : size >= bound);
      return holds ? undefined : refuse(path, text);
    };
  };
}

const points = (value: Json): number | undefined => (typeof value === 'string' ? countPoints(value) : undefined);
const elements = (value: Json): number | undefined => (Array.isArray(value) ? value.length : undefined);
const members = (value: Json): number | undefined =>
  typeOf(value) === 'object' ? Object.keys(value ?? {}).length : undefined;

/** Not anchored, as JSON Schema has it: the ports' test is of a whole text, so the source is put amid anything. */
const compilePattern: CompileKeyword = (source, { report, ports }) => {
  if (typeof source !== 'string') return void report('', 'must be a string');
  let matches: (text: string) => boolean;
  try {
    // by itself first: `a)|(b` must not become a pattern by what is put around it
    ports.compilePattern(source);
    matches = ports.compilePattern(`(?s:.*)(?:${source})(?s:.*)`);
  } catch (error) {
    return void report('', `is no RE2 pattern: ${messageOf(error)}`);
  }
  return (given, path, budget) => {
    if (typeof given !== 'string') return undefined;
    if (given.length > MAX_MATCHED_LENGTH || !budget.spend(100 + 15 * given.length)) {
      return { path, text: TOO_MUCH, certain: false };
    }
    return matches(given) ? undefined : refuse(path, `must match ${quote(source)}`);
  };
};

export const SCALAR_KEYWORDS: Readonly<Record<string, CompileKeyword>> = {
  type: compileType,
  enum: compileEnum,
  const: compileConst,
  minimum: compileBound((value, bound) => value >= bound, 'at least'),
  maximum: compileBound((value, bound) => value <= bound, 'at most'),
  exclusiveMinimum: compileBound((value, bound) => value > bound, 'more than'),
  exclusiveMaximum: compileBound((value, bound) => value < bound, 'less than'),
  minLength: compileSize(points, false, 'characters'),
  maxLength: compileSize(points, true, 'characters'),
  minItems: compileSize(elements, false, 'elements'),
  maxItems: compileSize(elements, true, 'elements'),
  minProperties: compileSize(members, false, 'members'),
  maxProperties: compileSize(members, true, 'members'),
  pattern: compilePattern,
};
