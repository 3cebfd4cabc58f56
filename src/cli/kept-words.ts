// What is said of a changed policy that was not taken over: all of it to the person who runs the guard, and of a config that others share,
// to a client, no more than that. Pure; knows no file.
import type { Policy } from '../config/policy.ts';
import { isGuardError } from '../guard-error.ts';

const HEAD = 'a changed policy is NOT taken over, and the old one holds';

/** For stderr and the log file. */
export function sayKept(why: string): string {
  return `${HEAD}: ${why}`;
}

/**
 * For the client. INVARIANT: where the config is for more than who this session is for (`auth`, tenants), nothing that stands in it: an error
 * names servers that this one has no token for.
 *
 * @param policy in force; undefined: none
 */
export function tellKept(
  policy: Pick<Policy, 'auth' | 'foreignPlaces'> | undefined,
  error: unknown,
  why: string,
): string {
  const isShared = policy?.auth !== undefined || policy?.foreignPlaces !== undefined;
  if (!isShared) return sayKept(why);
  // its first line counts the errors, and names none
  const [count = ''] = isGuardError(error) && error.code === 'config_invalid' ? error.message.split('\n', 1) : [];
  const what = count === '' ? 'it cannot be used' : count.replace(/:$/, '');
  return `${HEAD}: ${what}; the stderr and the record of the guard have why`;
}
