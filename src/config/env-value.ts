// One value of a server's `env`: a literal, or a reference to a secret that is resolved only when the server is spawned.
// Knows how a reference is written, not how it is resolved (that is resolve-env.ts).
import { expandVariables } from './expand-variables.ts';

export type EnvValue =
  | { readonly kind: 'literal'; readonly text: string }
  /** `env:NAME`: a variable of the guard's own environment. */
  | { readonly kind: 'env'; readonly name: string }
  /** `file:/absolute/path`: the text of a file that only its owner can read, one line terminator at its end off. */
  | { readonly kind: 'file'; readonly path: string };

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
  if (scheme === 'exec' || scheme === 'keychain') {
    return {
      ok: false,
      what: `\`${scheme}:\` references are not yet enforced in this version`,
      why: 'the value would reach the server as plain text',
      mend: `use \`env:\` or \`file:\`, ${MEND_LITERAL}`,
    };
  }
  if (scheme === 'env') {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(rest)) return { ok: true, value: { kind: 'env', name: rest } };
    const mend = `write \`env:NAME\`, ${MEND_LITERAL}`;
    return { ok: false, what: 'malformed reference', why: 'what follows `env:` is no name of a variable', mend };
  }
  const expanded = expandVariables(raw, variables, true);
  if (!expanded.ok)
    return { ok: false, what: 'cannot be expanded', why: expanded.why, mend: `${expanded.mend}, ${MEND_LITERAL}` };
  if (scheme === undefined) return { ok: true, value: { kind: 'literal', text: expanded.text } };
  const path = expanded.text.slice('file:'.length);
  if (/^(\/|[A-Za-z]:[\\/])./.test(path)) return { ok: true, value: { kind: 'file', path } };
  const mend = `write \`file:/path\` or \`file:\${HOME}/path\`, ${MEND_LITERAL}`;
  return { ok: false, what: 'malformed reference', why: 'what follows `file:` is no absolute path', mend };
}
