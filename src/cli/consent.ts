// A person's yes to something that permits more: asked on a terminal, and nowhere else. Knows no order.
import { GuardError } from '../guard-error.ts';

export interface Consent {
  /** Asks on the terminal and resolves with the answer; undefined where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** This process was started by a guarded server. */
  readonly isGuarded: boolean;
}

/**
 * A brake, no boundary: whoever can run programs as this user can take the mark away, and make a terminal.
 * @throws GuardError approval_declined
 */
export function refuseFromServer({ isGuarded }: Consent): void {
  if (!isGuarded) return;
  throw new GuardError(
    'approval_declined',
    'this runs inside a server behind mcp-guard, which may not widen what servers may do',
    {
      hint: 'run it in a terminal of your own',
    },
  );
}

/** @param elsewhere what to do without a terminal @throws GuardError approval_declined */
export async function confirm({ ask }: Consent, question: string, elsewhere: string): Promise<void> {
  if (ask === undefined)
    throw new GuardError('approval_declined', 'there is no terminal to ask on', { hint: elsewhere });
  const answer = await ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new GuardError('approval_declined', 'not confirmed: nothing was changed', { hint: 'answer `y` to go on' });
}

/**
 * For what automation does as well: `--yes` says so where there is no terminal. @param isSaid it was given
 * @throws GuardError approval_declined
 */
export async function confirmUnlessSaid(
  isSaid: boolean | undefined,
  consent: Consent,
  question: string,
): Promise<void> {
  if (isSaid !== true) await confirm(consent, question, 'run it in a terminal of your own, or give `--yes`');
}
