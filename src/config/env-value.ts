// One value of a server's `env`: a literal, or a reference to a secret that is resolved only when the server is spawned.
// Knows how a reference is written, not how it is resolved (that is resolve-env.ts).
import { isMachineName } from './environment.ts';
import { expandVariables, namesIn } from './expand-variables.ts';

export type EnvValue =
  | {
      readonly kind: 'literal';
      readonly text: string;
      /** Values of variables in it that are no matter of the whole machine: they may be secrets, and are masked. Absent: there are none. */
      readonly taken?: readonly string[];
    }
  /** `env:NAME`: a variable of the guard's own environment. */
  | { readonly kind: 'env'; readonly name: string }
  /** `file:/absolute/path`: the text of a file that only its owner can read, one line terminator at its end off. */
  | { readonly kind: 'file'; readonly path: string }
  /** `exec:op read …`: what a program prints. The words are fixed: no shell, no variable. */
  | { readonly kind: 'exec'; readonly argv: readonly [string, ...string[]] }
  /** `keychain:service/account`: of the system's keychain. */
  | { readonly kind: 'keychain'; readonly service: string; readonly account: string };

export type EnvReading =
  | { readonly ok: true; readonly value: EnvValue }
  | { readonly ok: false; readonly what: string; readonly why: string; readonly mend: string };

const REFERENCE = /^(env|file|exec|keychain|literal):(.*)$/;
const MEND_LITERAL = 'or write `literal:` before it if it is meant as it stands';

/**
 * The scheme is read before variables are expanded, so that the value of a variable never becomes a reference.
 * `literal:…` is taken as it stands, unexpanded.
 */
export function readEnvValue(raw: string, variables: Readonly<Record<string, string | undefined>>): EnvReading {
  const [, scheme, rest = ''] = REFERENCE.exec(raw) ?? [];
  if (scheme === 'literal') return { ok: true, value: { kind: 'literal', text: rest } };
  if (scheme === 'exec') return readProgram(rest);
  if (scheme === 'keychain') return readKeychainName(rest);
  if (scheme === 'env') {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(rest)) return { ok: true, value: { kind: 'env', name: rest } };
    const mend = `write \`env:NAME\`, ${MEND_LITERAL}`;
    return { ok: false, what: 'malformed reference', why: 'what follows `env:` is no name of a variable', mend };
  }
  const expanded = expandVariables(raw, variables, true);
  if (!expanded.ok)
    return { ok: false, what: 'cannot be expanded', why: expanded.why, mend: `${expanded.mend}, ${MEND_LITERAL}` };
  if (scheme === undefined) {
    const taken = namesIn(raw).flatMap((name) => (isMachineName(name) ? [] : (variables[name] ?? [])));
    return { ok: true, value: { kind: 'literal', text: expanded.text, ...(taken.length === 0 ? {} : { taken }) } };
  }
  const path = expanded.text.slice('file:'.length);
  if (/^(\/|[A-Za-z]:[\\/])./.test(path)) return { ok: true, value: { kind: 'file', path } };
  const mend = `write \`file:/path\` or \`file:\${HOME}/path\`, ${MEND_LITERAL}`;
  return { ok: false, what: 'malformed reference', why: 'what follows `file:` is no absolute path', mend };
}

/** Words apart by blanks, or a JSON array of strings where one of them holds a blank. Neither a shell nor `${NAME}` sees them. */
function readProgram(rest: string): EnvReading {
  const words = rest.startsWith('[') ? readWords(rest) : rest.trim().split(/ +/);
  if (!rest.startsWith('[') && words?.some((word) => /^['"]|['"]$/.test(word)) === true) {
    return {
      ok: false,
      what: 'malformed reference',
      why: 'quotes mean nothing behind `exec:`: no shell reads them',
      mend: 'write the words as a JSON array: `exec:["sh", "-c", "echo x"]`',
    };
  }
  const [program = '', ...args] = words ?? [];
  if (program !== '' && words?.every((word) => word.isWellFormed()) === true)
    return { ok: true, value: { kind: 'exec', argv: [program, ...args] } };
  const mend = `write \`exec:op read op://vault/item/field\` or \`exec:["program", "argument"]\`, ${MEND_LITERAL}`;
  return { ok: false, what: 'malformed reference', why: 'what follows `exec:` is no program with arguments', mend };
}

/** A JSON array of strings; undefined: it is none. */
export function readWords(text: string): readonly string[] | undefined {
  try {
    const words: unknown = JSON.parse(text); // untyped input enters here
    return Array.isArray(words) && words.every((word) => typeof word === 'string') ? words : undefined;
  } catch {
    return undefined;
  }
}

function readKeychainName(rest: string): EnvReading {
  const [, service, account] = /^([^/]{1,256})\/(.{1,256})$/.exec(rest) ?? [];
  if (service !== undefined && account !== undefined)
    return { ok: true, value: { kind: 'keychain', service, account } };
  const mend = `write \`keychain:service/account\`, ${MEND_LITERAL}`;
  return { ok: false, what: 'malformed reference', why: 'what follows `keychain:` is no service and account', mend };
}
