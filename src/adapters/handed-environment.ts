// The environment of a confined server, handed past the programs that start it: none of those heeds a word of it. Text only: starts nothing.
//
// INVARIANT: loaders, shells and interpreters take orders from variables (`LD_LIBRARY_PATH`, `BASH_ENV`, `PERL5OPT`, …). What runs before
// the server has become its user, or has its sandbox, gets them as the values of names that mean nothing to anybody.

const OWN = 'MCP_GUARD_ENV_';
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @returns one variable for each of `env`. A name that no shell knows is not among them. */
export function handOver(env: Readonly<Record<string, string>>): Record<string, string> {
  const handed: Record<string, string> = Object.create(null);
  // without a gap: who takes them counts
  let at = 0;
  for (const [name, value] of Object.entries(env)) {
    if (!canHandOver(name)) continue;
    handed[`${OWN}${at}`] = `${name}=${value}`;
    at += 1;
  }
  return handed;
}

export function canHandOver(name: string): boolean {
  return identifier.test(name) && !name.startsWith(OWN);
}

/**
 * For a plain sh, behind everything that is not the server's user's own, and right before its command: what runs behind it heeds them.
 * No value is part of a script; none stands in a command line, which others can read.
 */
export const TAKE_OVER = `
${OWN}N=0
while eval "${OWN}HELD=\\\${${OWN}$${OWN}N-}" && [ -n "$${OWN}HELD" ]; do
  unset "${OWN}$${OWN}N"
  ${OWN}N=$((${OWN}N + 1))
  command export "$${OWN}HELD" || :
done
unset ${OWN}N ${OWN}HELD
`;
