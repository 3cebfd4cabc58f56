// What a person is told of a server that will miss something behind what starts it: files that its sandbox does not show, variables that no
// shell passes on. Looks whether files are there; decides nothing.
import * as fs from 'node:fs';
import { showInert } from '../wire/inert-text.ts';
import { isVisible } from './bubblewrap.ts';
import { canHandOver } from './handed-environment.ts';

/** What the config names and nobody has approved yet. */
export interface UnapprovedPlaces {
  /** Absolute. */
  readonly paths: readonly string[];
  /** The command that would. */
  readonly mend: string;
}

/** What starts it is a shell, which passes on what it can name itself. */
export function listLost(env: Readonly<Record<string, string>>): readonly string[] {
  const lost = Object.keys(env).filter((name) => !canHandOver(name));
  return lost.map((name) => `it does not get the variable \`${showInert(name)}\`: no shell can pass that name on`);
}

/** A server whose own files are not shown fails in words that nobody connects with the sandbox. */
export function listHidden(
  args: readonly string[],
  shown: readonly string[],
  unapproved: UnapprovedPlaces | undefined,
): readonly string[] {
  return args
    .filter((arg) => arg.startsWith('/') && !isVisible(arg, shown) && fs.existsSync(arg))
    .map((arg) => {
      const what = `its sandbox does not show \`${showInert(arg)}\``;
      return unapproved !== undefined && isVisible(arg, unapproved.paths)
        ? `${what}: it is in the config and waits for an approval: \`${unapproved.mend}\``
        : `${what}: add it to \`isolation.readable\``;
    });
}
