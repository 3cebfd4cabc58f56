// What is wrong with a config, for people: every error at once, each with its place, what it is, why, and how to mend it.
// TRUST: the document is shown to whoever reads stderr, so values of `env` and `headers` are never quoted.
import { showPath, valueAt } from './json-path.ts';
import { nearestWord } from './nearest-word.ts';
import type { JsonPath, ShapeIssue } from './read-shape.ts';

export interface Diagnostic {
  /** JSON path, as `servers.files.args[2]`. */
  readonly path: string;
  readonly what: string;
  readonly why: string;
  readonly mend: string;
}

const FORMATS: Readonly<Record<string, readonly [why: string, mend: string]>> = {
  id: ['ids name directories and audit records', 'use 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`'],
  argument: ['it is handed to a process, which cannot take NUL or line breaks', 'remove the control characters'],
  pattern: ['a pattern names tools', 'use 1 to 256 printable characters; `*` and `?` are wildcards'],
  pointer: ['it is read as a JSON pointer (RFC 6901)', 'start with `/`; write `~1` for `/` and `~0` for `~`'],
  variable: ['it is no name of an environment variable', 'use letters, digits and `_`, not starting with a digit'],
  rate: ['it is read as calls per unit', 'write a number and `/s`, `/min`, `/h` or `/day`, as in `60/min`'],
};
const UNITS = { number: '', string: ' characters', array: ' entries' } as const;

/** @param keysAt the keys that the schema knows at a path, for "did you mean" */
export function explainIssue(
  document: unknown,
  issue: ShapeIssue,
  keysAt: (path: JsonPath) => readonly string[],
): Diagnostic {
  const value = valueAt(document, issue.path);
  const path = showPath(issue.path);
  const shown = showValue(issue.path, value);
  if (issue.kind === 'unknown_key') {
    const known = keysAt(issue.path.slice(0, -1));
    const near = nearestWord(issue.expected, known);
    return {
      path,
      what: `unknown key \`${issue.expected}\``,
      why: 'a key that is not understood is refused, so that no policy is lost to a typing error',
      mend: near === undefined ? `remove it; known here: ${known.join(', ') || 'none'}` : `did you mean \`${near}\`?`,
    };
  }
  if (value === undefined && issue.kind !== 'bad_key') {
    const wanted = issue.choices.length > 0 ? listChoices(issue.choices) : `a value (${issue.expected})`;
    return {
      path,
      what: 'required key is missing',
      why: 'the config has no meaning without it',
      mend: `add ${wanted}`,
    };
  }
  switch (issue.kind) {
    case 'type':
      return {
        path,
        what: `${shown} is of the wrong type`,
        why: `expected ${issue.expected}, found ${typeName(value)}`,
        mend: `write ${article(issue.expected)}`,
      };
    case 'choice': {
      const near = typeof value === 'string' ? nearestWord(value, issue.choices) : undefined;
      return {
        path,
        what: `${shown} is not allowed here`,
        why: `allowed: ${listChoices(issue.choices)}`,
        mend: near === undefined ? 'use one of these' : `did you mean \`${near}\`?`,
      };
    }
    case 'too_small':
    case 'too_big': {
      const side = issue.kind === 'too_small' ? 'at least' : 'at most';
      const limit = `${side} ${issue.bound ?? '?'}${UNITS[issue.unit]}`;
      return { path, what: `${shown} is out of range`, why: `allowed: ${limit}`, mend: `use ${limit}` };
    }
    case 'format':
    case 'bad_key': {
      const [why, mend] = FORMATS[issue.expected] ?? [issue.expected, 'see docs/config.md for its form'];
      const what =
        issue.kind === 'bad_key' ? `\`${String(issue.path.at(-1))}\` is no legal name` : `${shown} is malformed`;
      return { path, what, why, mend };
    }
    case 'other':
      return { path, what: `${shown} does not fit`, why: issue.expected, mend: 'see docs/config.md for its form' };
  }
}

export function explainNotYet(path: JsonPath): Diagnostic {
  return {
    path: showPath(path),
    what: `\`${path.at(-1)}\` is not yet enforced in this version`,
    why: 'a policy that is written down and not enforced would be trusted in vain',
    mend: 'remove it',
  };
}

/** `path: what: why. mend.`, on one line. */
export function showDiagnostic(diagnostic: Diagnostic): string {
  return `${diagnostic.path}: ${diagnostic.what}: ${diagnostic.why}; ${diagnostic.mend}`;
}

function listChoices(choices: readonly string[]): string {
  return choices.map((choice) => `\`${choice}\``).join(', ');
}

function showValue(path: JsonPath, value: unknown): string {
  if (path.includes('env') || path.includes('headers') || path.includes('auth')) return 'the value';
  if (typeof value === 'number' || typeof value === 'boolean') return `\`${value}\``;
  return typeof value === 'string' && value.length <= 64 ? `\`${value}\`` : 'the value';
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'a date (quote it)';
  return article(Array.isArray(value) ? 'array' : typeof value);
}

function article(type: string): string {
  if (type === 'int') return 'an integer';
  if (type === 'record' || type === 'object') return 'an object';
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}
