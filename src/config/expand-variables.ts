// `${NAME}` in structural values (command, args, cwd, env). Knows the variables it is given and nothing of a config.

export type Expansion =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string; readonly mend: string };

const TOKEN = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces every `${NAME}`; `$${` stands for a literal `${`; any other `$` stays. A variable that is unset is an error,
 * never an empty string: `${DATA}/x` must not become `/x`. The result is not expanded again.
 */
export function expandVariables(text: string, variables: Readonly<Record<string, string | undefined>>): Expansion {
  let failure: Expansion | undefined;
  const expanded = text.replace(TOKEN, (token, name: string | undefined, close: string | undefined) => {
    if (token === '$${') return '${';
    if (name === undefined || close !== '}' || !NAME.test(name)) {
      failure ??= { ok: false, why: `\`${token}\` is no \`\${NAME}\``, mend: 'write `$${` for a literal `${`' };
      return '';
    }
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) {
      failure ??= { ok: false, why: `the variable \`${name}\` is not set`, mend: `set \`${name}\` or write the value` };
    } else if (/[\0\r\n]/.test(value)) {
      failure ??= {
        ok: false,
        why: `the variable \`${name}\` holds a line break or NUL`,
        mend: `mend the value of \`${name}\``,
      };
    }
    return value ?? '';
  });
  return failure ?? { ok: true, text: expanded };
}
