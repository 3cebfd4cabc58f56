// Reads an option that names a variable of the environment and may be given several times. Knows no command.
import { GuardError } from '../guard-error.ts';

/** One name each, so that `--pass-env A node server.js` does not swallow the command. @throws GuardError usage */
export function collectVariables(value: string, before: readonly string[] | undefined): readonly string[] {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return [...(before ?? []), value];
  throw new GuardError('usage', `\`--pass-env ${value}\` is no name of an environment variable`, {
    hint: 'give one name; the option may be given several times',
  });
}
