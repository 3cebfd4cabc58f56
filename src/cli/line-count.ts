// What the commands share that show the last of a record: `-n`, and a word where something of it was altered. Knows no record.
import { GuardError } from '../guard-error.ts';
import type { CliIo } from './io.ts';

/** @throws GuardError usage */
export function readLineCount(text: string): number {
  if (/^[0-9]{1,7}$/.test(text)) return Number(text);
  throw new GuardError('usage', `\`-n ${text}\` is no number of lines`, { hint: 'give a whole number from 0' });
}

/** Of those that are shown. */
export function sayAltered(count: number, io: CliIo): void {
  if (count > 0) io.stderr.write(`${count} of these were altered since: see \`mcp-guard audit verify\`\n`);
}
