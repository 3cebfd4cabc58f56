// The rule `schema`: a bounded subset of JSON Schema (2020-12). Unknown keywords are refused when the config is compiled: somebody who
// writes one must not believe that it holds. Knows each keyword only by its table.
import { isJsonObject, type Json, type JsonObject } from '../../wire/json.ts';
import { describeConfusable, findLender } from './confusable-argument.ts';
import type { ConstraintPorts } from './constraint-document.ts';
import { writePointer } from './pointer.ts';
import { findScalarFault } from './readable-value.ts';
import { type Budget, type CompileRule, type Report, TOO_MUCH } from './rule.ts';
import { type CompileKeyword, MATCHES, refuse, type SchemaCheck } from './schema-check.ts';
import { NESTING_KEYWORDS } from './schema-nesting.ts';
import { SCALAR_KEYWORDS } from './schema-scalars.ts';
import { listChoices, quote } from './shown-text.ts';

const MAX_DEPTH = 16;
const MAX_SCHEMAS = 1_000;

export const SCHEMA_KEYWORDS: ReadonlyMap<string, CompileKeyword> = new Map(
  Object.entries({ ...SCALAR_KEYWORDS, ...NESTING_KEYWORDS }),
);

/** These say nothing about values of another type: without `type` beside them such values would pass unseen. */
const NEEDS_TYPE: readonly (readonly [types: readonly string[], keywords: readonly string[]])[] = [
  [
    ['number', 'integer'],
    ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ],
  [['string'], ['minLength', 'maxLength', 'pattern']],
  [['array'], ['minItems', 'maxItems', 'items', 'prefixItems']],
  [['object'], ['minProperties', 'maxProperties', 'properties', 'required', 'additionalProperties']],
];

export const compileSchema: CompileRule<JsonObject> = (schema, report, ports) => {
  let ok = true;
  const compiler = createCompiler((at, message) => {
    ok = false;
    report(at, message);
  }, ports);
  const check = compiler(schema, '', 0);
  if (!ok) return undefined;
  return {
    kind: 'schema',
    check(value, budget) {
      const fault = findUnreadable(value, budget);
      if (fault !== undefined) return fault;
      const mismatch = check(value, [], budget);
      if (mismatch === undefined) return undefined;
      return mismatch.path.length === 0 ? mismatch.text : `: ${quote(writePointer(mismatch.path))} ${mismatch.text}`;
    },
  };
};

function createCompiler(
  report: Report,
  ports: ConstraintPorts,
): (schema: Json, at: string, depth: number) => SchemaCheck {
  let schemas = 0;
  const compile = (schema: Json, at: string, depth: number): SchemaCheck => {
    schemas += 1;
    if (schemas > MAX_SCHEMAS || depth > MAX_DEPTH) {
      // once is enough: everything below and after is over the limit, too
      if (schemas === MAX_SCHEMAS + 1 || depth > MAX_DEPTH)
        report(at, `holds more than ${MAX_SCHEMAS} schemas or ${MAX_DEPTH} levels`);
      return MATCHES;
    }
    if (schema === true) return MATCHES;
    if (schema === false) return (_value, path) => refuse(path, 'must not be there');
    if (!isJsonObject(schema)) {
      report(at, 'must be a schema: an object, `true` or `false`');
      return MATCHES;
    }
    const checks = Object.entries(schema).map(([key, value]) => {
      const keyword = SCHEMA_KEYWORDS.get(key);
      const here = `${at}.${key}`;
      const mend = keyword === undefined ? explainUnknown(key) : findTypeFault(schema, key);
      if (keyword === undefined || mend !== undefined) {
        report(here, mend ?? '');
        return undefined;
      }
      return keyword(value ?? null, {
        schema,
        ports,
        report: (below, message) => report(`${here}${below}`, message),
        compile: (child, below) => compile(child, `${here}${below}`, depth + 1),
      });
    });
    return checkAll(checks.filter((check) => check !== undefined));
  };
  return compile;
}

function checkAll(checks: readonly SchemaCheck[]): SchemaCheck {
  return (value, path, budget) => {
    if (!budget.spend(10 + checks.length)) return { path, text: TOO_MUCH, certain: false };
    for (const check of checks) {
      const mismatch = check(value, path, budget);
      if (mismatch !== undefined) return mismatch;
    }
    return undefined;
  };
}

function explainUnknown(key: string): string {
  if (key === '$ref' || key === '$dynamicRef') return 'is refused: write the schema out where it holds';
  return `is not one of the keywords of this version: ${listKeywords()}`;
}

function findTypeFault(schema: JsonObject, key: string): string | undefined {
  const needed = NEEDS_TYPE.find(([, keywords]) => keywords.includes(key))?.[0];
  if (needed === undefined) return undefined;
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return needed.some((type) => types.includes(type))
    ? undefined
    : `needs \`type\` beside it, with ${listChoices(needed.map(quote))}`;
}

function listKeywords(): string {
  return [...SCHEMA_KEYWORDS.keys()].join(', ');
}

/** Why readers may differ about something in the value. Each key and value is looked at once. attacker-controlled. */
function findUnreadable(root: Json, budget: Budget): string | undefined {
  const pending: Json[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value === 'object' && value !== null) {
      const members: readonly (Json | undefined)[] = Object.values(value);
      if (!budget.spend(10 * members.length)) return TOO_MUCH;
      for (const member of members) if (member !== undefined) pending.push(member);
      if (Array.isArray(value)) continue;
      const keys = Object.keys(value);
      const lender = findLender(keys);
      if (lender !== undefined) return describeConfusable(lender);
      const fault = keys.map(findScalarFault).find((found) => found !== undefined);
      if (fault !== undefined) return fault;
    } else {
      if (!budget.spend(typeof value === 'string' ? 5 + value.length / 4 : 5)) return TOO_MUCH;
      const fault = findScalarFault(value);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}
