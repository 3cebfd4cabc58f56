// `${NAME}` in structural values (command, args, cwd, env). Knows the variables it is given and nothing of a config.
import { isOwnName } from './environment.ts';

export type Expansion =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string; readonly mend: string };

const TOKEN = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces every `${NAME}`; `$${` stands for a literal `${`; any other `$` stays. A variable that is unset is an error,
 * never an empty string: `${DATA}/x` must not become `/x`. The result is not expanded again.
 * INVARIANT: what the guard's own variables hold (a token, a URL with a password) is in no result, as a server gets it.
 * @param isSecret where not even the name of a variable may be quoted. What is no name is never quoted, but pointed at
 */
export function expandVariables(
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
  isSecret = false,
): Expansion {
  let failure: Expansion | undefined;
  const expanded = text.replace(TOKEN, (token, name: string | undefined, close: string | undefined, at: number) => {
    if (token === '$${') return '${';
    if (name === undefined || close !== '}' || !NAME.test(name)) {
      const why = `what begins at character ${at + 1} is no \`\${NAME}\``;
      failure ??= { ok: false, why, mend: 'write `$${` for a literal `${`' };
      return '';
    }
    const variable = isSecret ? `the variable at character ${at + 1}` : `the variable \`${name}\``;
    const it = isSecret ? 'it' : `\`${name}\``;
    if (isOwnName(name)) {
      failure ??= { ok: false, why: `${variable} is the guard's own`, mend: 'use another variable' };
      return '';
    }
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) {
      failure ??= { ok: false, why: `${variable} is not set`, mend: `set ${it} or write the value` };
    } else if (/[\0\r\n]/.test(value)) {
      failure ??= {
        ok: false,
        why: `${variable} holds a line break or NUL`,
        mend: `mend the value of ${isSecret ? 'that variable' : it}`,
      };
    }
    return value ?? '';
  });
  return failure ?? { ok: true, text: expanded };
}

/** The variables that `expandVariables` reads. */
export function namesIn(text: string): readonly string[] {
  return [...text.matchAll(TOKEN)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}
