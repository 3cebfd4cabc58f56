// The constraints of one grant: compiled once, asked about every call. Knows each kind of rule only by its table.
import type { JsonObject } from '../../wire/json.ts';
import {
  CONSTRAINT_KINDS,
  type ConstraintDocument,
  type ConstraintKind,
  type ConstraintPorts,
} from './constraint-document.ts';
import { type Declared, findUndeclared, nameDeclared } from './declared-arguments.ts';
import { compileHost } from './host.ts';
import { parsePointer, type Segment, selectPlaces, writePointer } from './pointer.ts';
import { type Budget, type CompileRule, createBudget, type Report, type Rule } from './rule.ts';
import {
  compileEquals,
  compileMax,
  compileMaxLength,
  compileMin,
  compileOneOf,
  compilePattern,
  compilePrefix,
} from './scalar-rules.ts';
import { compileSchema } from './schema.ts';
import { quote } from './shown-text.ts';
import { compileSql } from './sql-read-only.ts';
import { compileWithin } from './within.ts';

interface Constraint {
  readonly pointer: string;
  readonly segments: readonly Segment[];
  readonly rules: readonly Rule[];
  readonly presence: 'required' | 'optional' | 'absent';
}

export interface ConstraintSet {
  readonly constraints: readonly Constraint[];
  /** What may be there at all; undefined: anything. */
  readonly declared: Declared | undefined;
}

export interface Violation {
  /** A kind of rule, or `required`, `additional`, `type`, `confusable_key`, `too_much`. */
  readonly rule: ConstraintKind | 'required' | 'additional' | 'type' | 'confusable_key' | 'too_much' | 'own_paths';
  /** Where it is, as a JSON pointer into the arguments; inert, at most some 80 characters. */
  readonly pointer: string;
  /** One sentence for a model: what is wrong, and what is allowed. Inert, at most 1,500 characters. */
  readonly text: string;
}

export interface ConstraintProblem {
  /** Where in the config, below `where`. */
  readonly path: string;
  readonly message: string;
}

export type ConstraintReading =
  | { readonly ok: true; readonly set: ConstraintSet }
  | { readonly ok: false; readonly problems: readonly ConstraintProblem[] };

interface ConstraintSource {
  readonly args?: Readonly<Record<string, ConstraintDocument>> | undefined;
  readonly additional?: boolean | undefined;
}

/**
 * @param where the path of the grant in the config, as it is shown to people.
 *
 * Asks `ports.realPath` for the roots of `within`, once.
 */
export function compileConstraints(source: ConstraintSource, where: string, ports: ConstraintPorts): ConstraintReading {
  const problems: ConstraintProblem[] = [];
  const constraints: Constraint[] = [];
  for (const [pointer, document] of Object.entries(source.args ?? {})) {
    const path = `${where}.args[${JSON.stringify(pointer)}]`;
    const report: Report = (at, message) => void problems.push({ path: `${path}${at}`, message });
    const segments = parsePointer(pointer);
    if (segments === undefined)
      report('', 'must be a JSON pointer such as `/path` or `/files/*/name`, of at most 16 segments');
    const rules = compileRules(document, report, ports);
    const presence = readPresence(document, rules, report);
    if (segments !== undefined) constraints.push({ pointer, segments, rules, presence });
  }
  if (problems.length > 0) return { ok: false, problems };
  const declared =
    source.additional === false
      ? nameDeclared(constraints.map(({ segments, presence }) => ({ segments, isAbsent: presence === 'absent' })))
      : undefined;
  return { ok: true, set: { constraints, declared } };
}

/** Undefined where every constraint holds. Deterministic but for the file system. attacker-controlled: `args`. */
export function checkArguments(set: ConstraintSet, args: JsonObject | undefined): Violation | undefined {
  const given = args ?? {};
  const budget = createBudget();
  for (const constraint of set.constraints) {
    const violation = checkConstraint(constraint, given, budget);
    if (violation !== undefined) return violation;
  }
  const undeclared = set.declared === undefined ? undefined : findUndeclared(given, set.declared, budget);
  return undeclared && violate(undeclared.rule, undeclared.path, undeclared.text);
}

function checkConstraint(constraint: Constraint, args: JsonObject, budget: Budget): Violation | undefined {
  const places = selectPlaces(args, constraint.segments);
  if ('rule' in places) return violate(places.rule, places.path, places.text);
  for (const { path, value } of places) {
    if (value === undefined) {
      if (constraint.presence === 'required') return violate('required', path, 'is missing: it must be given');
      continue;
    }
    if (constraint.presence === 'absent') return violate('absent', path, 'must be left out');
    for (const rule of constraint.rules) {
      const fault = rule.check(value, budget);
      if (fault !== undefined) return violate(rule.kind, path, fault);
    }
  }
  return undefined;
}

function violate(rule: Violation['rule'], path: readonly string[], text: string): Violation {
  // all of them together are many
  if (path.length === 0) {
    return { rule, pointer: '', text: `the arguments ${text.replace(/^holds /, 'hold ').replace(/^is /, 'are ')}` };
  }
  const name = quote(writePointer(path));
  return { rule, pointer: name.slice(1, -1), text: text.startsWith(':') ? `${name}${text}` : `${name} ${text}` };
}

/** A rule without a value to compile, or that is not given, is not there. */
function compileRules(document: ConstraintDocument, report: Report, ports: ConstraintPorts): readonly Rule[] {
  const found: (Rule | undefined)[] = [];
  const add = <T>(kind: ConstraintKind, value: T | undefined, compile: CompileRule<T>): void => {
    if (value === undefined) return;
    found.push(compile(value, (at, message) => report(`.${kind}${at}`, message), ports));
  };
  add('equals', document.equals, compileEquals);
  add('oneOf', document.oneOf, compileOneOf);
  add('maxLength', document.maxLength, compileMaxLength);
  add('min', document.min, compileMin);
  add('max', document.max, compileMax);
  add('prefix', document.prefix, compilePrefix);
  add('pattern', document.pattern, compilePattern);
  add('sql', document.sql, compileSql);
  add('host', document.host, compileHost);
  add('schema', document.schema, compileSchema);
  add('within', document.within, compileWithin);
  if (document.min !== undefined && document.max !== undefined && document.min > document.max) {
    report('.min', '`min` is above `max`: no number fits');
  }
  // INVARIANT: a key that this version does not know is no rule that holds
  for (const key of Object.keys(document)) {
    if (key !== 'optional' && !CONSTRAINT_KINDS.some((kind) => kind === key))
      report(`.${key}`, 'is no kind of constraint');
  }
  return found.filter((rule) => rule !== undefined);
}

function readPresence(document: ConstraintDocument, rules: readonly Rule[], report: Report): Constraint['presence'] {
  if (document.absent === undefined) return document.optional === true ? 'optional' : 'required';
  if (rules.length > 0 || document.optional !== undefined)
    report('.absent', 'stands alone: what is absent has no other rule');
  return 'absent';
}
