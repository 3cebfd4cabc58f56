// Which variables of the guard's own environment a server may be handed by `--pass-env`.
import { isOwnName } from '../config/environment.ts';
import { GuardError } from '../guard-error.ts';

/** @throws GuardError usage: one of the guard itself */
export function checkPassEnv(names: readonly string[]): void {
  const own = names.find(isOwnName);
  if (own === undefined) return;
  throw new GuardError('usage', `\`--pass-env ${own}\`: variables of the guard itself are never handed to a server`, {
    hint: 'leave it out',
  });
}
