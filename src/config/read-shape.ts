// Checks a parsed document against the schema and says in words of our own what is wrong: no other file sees an issue
// of the schema library. Knows no file and no wording for people (that is diagnostics.ts).

import type { ConstraintDocument } from '../policy/constraint/constraint-document.ts';
import { startRenaming } from './legal-keys.ts';
import { type ConfigDocument, configSchema } from './schema.ts';
import { constraintSchema } from './schema-scope.ts';

export type JsonPath = readonly (string | number)[];

/** One thing that is wrong with the shape. */
export interface ShapeIssue {
  readonly path: JsonPath;
  readonly kind: 'type' | 'choice' | 'too_small' | 'too_big' | 'format' | 'unknown_key' | 'bad_key' | 'other';
  /** The expected type, the name of the expected format, or for `unknown_key` and `bad_key` what was found. */
  readonly expected: string;
  readonly choices: readonly string[];
  /** The limit that was missed, where there is one; of a number, of characters or of entries: `unit` says. */
  readonly bound: number | undefined;
  readonly unit: 'number' | 'string' | 'array';
}

export type ShapeReading =
  | { readonly ok: true; readonly config: ConfigDocument }
  | { readonly ok: false; readonly issues: readonly ShapeIssue[] };

type LibraryIssue = NonNullable<ReturnType<typeof configSchema.safeParse>['error']>['issues'][number];

/** Reads a parsed document. Returns every shape error, not the first, also below a key that is wrong. Never throws. */
export function readShape(document: unknown): ShapeReading {
  const reading = readShapeBy(configSchema, document);
  return reading.ok ? { ok: true, config: reading.value } : reading;
}

type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly ShapeIssue[] };

/** What is asked of a schema. */
interface Schema<T> {
  safeParse(
    document: unknown,
    options: { readonly jitless: true },
  ):
    | { readonly success: true; readonly data: T; readonly error?: undefined }
    | { readonly success: false; readonly error: { readonly issues: readonly LibraryIssue[] } };
}

/** As `readShape`, of another schema. */
export function readShapeBy<T>(schema: Schema<T>, document: unknown): Reading<T> {
  const renaming = startRenaming(document);
  const badKeys: ShapeIssue[] = [];
  for (;;) {
    // one document is read once: compiling a parser for it would cost more than the reading
    const result = schema.safeParse(renaming.document, { jitless: true });
    if (result.success && badKeys.length === 0) return { ok: true, value: result.data };
    const issues = (result.error?.issues ?? []).flatMap((issue) => describeIssue(issue, []));
    const renamed = issues.filter(
      (issue) => issue.kind === 'bad_key' && renaming.rename(issue.path, issue.expected === 'pointer'),
    );
    const restored = (issue: ShapeIssue): ShapeIssue => ({ ...issue, path: renaming.restore(issue.path) });
    if (renamed.length === 0) return { ok: false, issues: [...badKeys, ...issues.map(restored)] };
    badKeys.push(...renamed.map(restored));
  }
}

/** One constraint by itself; undefined where its shape is wrong. */
export function readConstraint(value: unknown): ConstraintDocument | undefined {
  return constraintSchema.safeParse(value, { jitless: true }).data;
}

function describeIssue(issue: LibraryIssue, above: JsonPath): readonly ShapeIssue[] {
  const path = [...above, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  const base = { path, choices: [], bound: undefined, unit: 'number' } as const;
  switch (issue.code) {
    case 'invalid_type':
      return [{ ...base, kind: 'type', expected: issue.expected }];
    case 'invalid_value':
      return [{ ...base, kind: 'choice', expected: 'choice', choices: issue.values.map(String) }];
    case 'too_small':
    case 'too_big': {
      const bound = Number(issue.code === 'too_small' ? issue.minimum : issue.maximum);
      const unit: ShapeIssue['unit'] =
        issue.origin === 'string' ? 'string' : issue.origin === 'array' ? 'array' : 'number';
      return [{ ...base, kind: issue.code, expected: issue.origin, bound, unit }];
    }
    case 'invalid_format':
      return [{ ...base, kind: 'format', expected: issue.message }];
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ ...base, path: [...path, key], kind: 'unknown_key', expected: key }));
    case 'invalid_key':
      return [{ ...base, kind: 'bad_key', expected: nameFormat(issue.issues[0]) }];
    case 'invalid_union':
      return (
        nearestBranch(issue.errors, path) ?? [
          wholeBranches(issue.errors, path) ?? { ...base, kind: 'other', expected: issue.message },
        ]
      );
    default:
      return [{ ...base, kind: 'other', expected: issue.message }];
  }
}

/** The format that a key misses; a key too short or too long misses its length. */
function nameFormat(issue: { readonly code?: string | undefined; readonly message: string } | undefined): string {
  return issue?.code === 'invalid_format' ? issue.message : 'length';
}

/** The value itself fits no alternative: the words that would, or else the types. Undefined where the alternatives are something else. */
function wholeBranches(branches: readonly LibraryIssue[][], path: JsonPath): ShapeIssue | undefined {
  const issues = branches.flat().flatMap((issue) => describeIssue(issue, path));
  const choices = issues.flatMap((issue) => issue.choices);
  const types = issues.flatMap(({ kind, expected }) => (kind === 'type' ? [expected] : []));
  const base = { path, choices, bound: undefined, unit: 'number' } as const;
  if (choices.length > 0) return { ...base, kind: 'choice', expected: 'choice' };
  return types.length === 0 ? undefined : { ...base, kind: 'type', expected: [...new Set(types)].join(' or ') };
}

/** Of the alternatives, the one that was meant: the first whose error lies deeper than the value itself. */
function nearestBranch(branches: readonly LibraryIssue[][], path: JsonPath): readonly ShapeIssue[] | undefined {
  const deep = branches.find((issues) => issues.some((issue) => issue.path.length > 0 || 'keys' in issue));
  return deep?.flatMap((issue) => describeIssue(issue, path));
}
