// `--reason` of whatever a person orders: why it is done, for the record and for whoever meets it. Knows no order.
import { GuardError } from '../guard-error.ts';

/** Stands whole in the record, whose strings are cut at 1024, and on every screen that shows it. */
const LONGEST = 500;

/** @param why it is asked for, as `the order goes on record` @param example a command with one @throws GuardError usage */
export function readReason(reason: string | undefined, why: string, example: string): string {
  const text = reason?.trim() ?? '';
  if (text === '') throw new GuardError('usage', `\`--reason\` is missing: ${why}`, { hint: `as in \`${example}\`` });
  if (text.length > LONGEST) {
    throw new GuardError('usage', `\`--reason\` has ${text.length} characters, which is more than anybody reads`, {
      hint: `say it in at most ${LONGEST}`,
    });
  }
  return text;
}
