// What a token opens and where it will stand, as parts of the question that a person answers. Pure.
import { GuardError } from '../guard-error.ts';
import type { TokenRecord } from '../policy/identity/token-record.ts';
import { makeInert } from './inert-text.ts';

/** `with the role reader, for the servers files, m*, into `/home/ada/t`` @param out absolute; undefined: onto the screen */
export function describeReach(
  { roles, servers }: Pick<TokenRecord, 'roles' | 'servers'>,
  out: string | undefined,
): string {
  const some = (word: string, names: readonly string[]): string =>
    `the ${word}${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
  const may = roles.length === 0 ? 'with no role' : `with ${some('role', roles)}`;
  const where = servers === null ? 'for every server' : `for ${some('server', servers)}`;
  return [may, where, ...(out === undefined ? [] : [`into \`${makeInert(out)}\``])].join(', ');
}

/** `--out --yes`: what stands behind an option was meant as one. @throws GuardError usage */
export function refuseOption(value: string | undefined, option: string, way: string): void {
  if (value?.startsWith('-') !== true) return;
  throw new GuardError('usage', `\`${option} ${value}\` looks like an option where a value belongs`, { hint: way });
}
