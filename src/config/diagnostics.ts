// What is wrong with a config, for people: every error at once, each with its place, what it is, why, and how to mend it.
// TRUST: the document is shown to whoever reads stderr, so nothing below `env`, `passEnv`, `args`, `headers` or `auth` is
// quoted (`isSecret`), but for the `args` of a grant, which are rules.
import { isOfConstraints, isSecret, isSecretKey, showPath, valueAt } from './json-path.ts';
import { nearestWord } from './nearest-word.ts';
import { explainRate } from './rate-fault.ts';
import type { JsonPath, ShapeIssue } from './read-shape.ts';

export interface Diagnostic {
  /** JSON path, as `servers.files.args[2]`. */
  readonly path: string;
  readonly what: string;
  /** Empty where `what` and `mend` say it all. */
  readonly why: string;
  readonly mend: string;
  /** True where `why` is a rule of every config, not of this place: screens say it once, at their end. */
  readonly isRule?: true;
}

const FORMATS: Readonly<Record<string, readonly [why: string, mend: string]>> = {
  id: ['ids name directories and audit records', 'use 1 to 63 of `a-z`, `0-9` and `-`, not starting with `-`'],
  argument: ['it is handed to a process, which cannot take NUL or line breaks', 'remove the control characters'],
  pattern: ['a pattern names tools', 'use 1 to 256 printable characters; `*` and `?` are wildcards'],
  pointer: ['it is read as a JSON pointer (RFC 6901)', 'start with `/`; write `~1` for `/` and `~0` for `~`'],
  variable: ['it is no name of an environment variable', 'use letters, digits and `_`, not starting with a digit'],
  length: ['it is too short or too long', 'use 1 to 256 characters'],
  expires: ['it is read as a day (to its end) or a time, both UTC', 'write `2026-12-31` or `2026-12-31T12:00:00Z`'],
  approver: ['it is read as an Ed25519 public key', 'write `ed25519:` and its 32 bytes in base64'],
  domain: [
    'it is read as a name on the network',
    'write `api.example.com`, `*.example.com` or `api.example.com:443`, in lower case',
  ],
};
const UNITS = { number: ['', ''], string: [' character', ' characters'], array: [' entry', ' entries'] } as const;

/** What other tools call a thing that has another name here. */
const ALIASES: Readonly<Record<string, string>> = {
  mcpservers: 'servers',
  mcp_servers: 'servers',
  mcp: 'servers',
  cmd: 'command',
  arguments: 'args',
  environment: 'env',
  directory: 'cwd',
  workingdirectory: 'cwd',
  timeout: 'deadline',
  timeoutms: 'hardMs',
};

/** @param keysAt the keys that may be written at a path, for "did you mean" */
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
    const alias = ALIASES[issue.expected.toLowerCase()];
    const near = alias !== undefined && known.includes(alias) ? alias : nearestWord(issue.expected, known);
    return {
      path,
      what: isSecretKey(issue.path) ? 'unknown key' : `unknown key \`${issue.expected}\``,
      why: 'a key that is not understood is refused, so that no policy is lost to a typing error',
      isRule: true,
      mend:
        near === undefined
          ? `remove it; known here: ${known.map((key) => `\`${key}\``).join(', ') || 'nothing'}`
          : `did you mean \`${near}\`?`,
    };
  }
  if (value === undefined && issue.kind !== 'bad_key') {
    const wanted = issue.choices.length > 0 ? listChoices(issue.choices) : `a value (${issue.expected})`;
    return {
      path,
      what: 'required key is missing',
      why: 'nothing stands in for it',
      mend: `add ${wanted}`,
    };
  }
  if (typeof value === 'number' && !Number.isFinite(value) && issue.kind !== 'bad_key') {
    return { path, what: `${shown} is no finite number`, why: '', mend: 'write one that is at most about 1.8e308' };
  }
  if (issue.kind === 'bad_key' && issue.expected === 'pointer') return explainPointer(path, String(issue.path.at(-1)));
  switch (issue.kind) {
    case 'type':
      return {
        path,
        what: `${shown} is of the wrong type`,
        why: `found ${typeName(value)}`,
        mend: `write ${article(issue.expected)}`,
      };
    case 'choice': {
      if (issue.choices.includes(String(value)) && typeof value !== 'object') {
        const isText = typeof value === 'string';
        const why = isText
          ? `it must be the ${Number.isNaN(Number(value)) ? 'word' : 'number'} itself`
          : 'it must be a string';
        const mend = isText ? `write \`${value}\`, without quotes` : `write \`"${value}"\`, in quotes`;
        return { path, what: `${JSON.stringify(value)} is ${typeName(value)}`, why, mend };
      }
      const near = typeof value === 'string' ? nearestWord(value, issue.choices) : undefined;
      return {
        path,
        what: `${shown} is not allowed here`,
        why: `allowed: ${listChoices(issue.choices)}`,
        mend: near === undefined ? oneOf(issue.choices) : `did you mean \`${near}\`?`,
      };
    }
    case 'too_small':
    case 'too_big': {
      const side = issue.kind === 'too_small' ? 'at least' : 'at most';
      const [one, many] = UNITS[issue.unit];
      const limit = `${side} ${issue.bound ?? '?'}${issue.bound === 1 ? one : many}`;
      return { path, what: `${shown} is out of range`, why: '', mend: `use ${limit}` };
    }
    case 'format':
    case 'bad_key': {
      if (issue.expected === 'rate') {
        const [why, mend] = explainRate(String(value), issue.path.at(-2) === 'bytes');
        return { path, what: `${shown} is no rate`, why, mend };
      }
      const [why, mend] = FORMATS[issue.expected] ?? [issue.expected, 'see docs/config.md for its form'];
      const key = isSecretKey(issue.path) ? 'the key' : `\`${String(issue.path.at(-1))}\``;
      const what = issue.kind === 'bad_key' ? `${key} is no legal name` : `${shown} is malformed`;
      return { path, what, why, mend };
    }
    case 'other':
      return { path, what: `${shown} does not fit`, why: issue.expected, mend: 'see docs/config.md for its form' };
  }
}

/** A key of a grant's `args` that names no argument. */
function explainPointer(path: string, key: string): Diagnostic {
  const what = `\`${key}\` is no JSON pointer (RFC 6901)`;
  const escaped = key.replace(/~(?![01])/g, '~0');
  if (key === '') return { path, what, why: 'it must begin with `/`', mend: 'name the argument, as `/path`' };
  return key.startsWith('/')
    ? { path, what, why: '`~` stands alone', mend: `write \`${escaped}\`, or \`~1\` for a \`/\`` }
    : { path, what, why: 'it must begin with `/`', mend: `write \`/${escaped}\`` };
}

export function explainNotYet(path: JsonPath): Diagnostic {
  return {
    path: showPath(path),
    what: `\`${path.at(-1)}\` is not yet enforced in this version`,
    why: 'a policy that is written down and not enforced would be trusted in vain',
    isRule: true,
    mend: 'remove it',
  };
}

/** `path: what: why; mend`, on one line; without `why` where that is a rule (`listRules`). */
export function showDiagnostic(diagnostic: Diagnostic): string {
  return `${diagnostic.path}: ${showFault(diagnostic)}; ${diagnostic.mend}`;
}

/** `what: why`, without the place and how to mend it. */
export function showFault({ what, why, isRule }: Diagnostic): string {
  return why === '' || isRule === true ? what : `${what}: ${why}`;
}

/** The rules that the diagnostics come from, each once. */
export function listRules(diagnostics: readonly Diagnostic[]): readonly string[] {
  return [...new Set(diagnostics.filter(({ isRule }) => isRule === true).map(({ why }) => why))];
}

export function countErrors(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.length === 1 ? '1 error' : `${diagnostics.length} errors`;
}

function oneOf(choices: readonly string[]): string {
  return choices.length === 1 ? `write ${listChoices(choices)}` : 'use one of these';
}

function listChoices(choices: readonly string[]): string {
  return choices.map((choice) => `\`${choice}\``).join(', ');
}

function showValue(path: JsonPath, value: unknown): string {
  if (isSecret(path) || isOfConstraints(path)) return 'the value';
  if (typeof value === 'number' || typeof value === 'boolean') return `\`${value}\``;
  return typeof value === 'string' && value.length <= 64 ? `\`${value}\`` : 'the value';
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'a date (quote it)';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a fraction';
  return article(Array.isArray(value) ? 'array' : typeof value);
}

function article(type: string): string {
  if (type === 'int') return 'an integer';
  if (type === 'record' || type === 'object') return 'an object';
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}
