// The terminal of this process as something that a person can be asked on. Knows no order.
import { createInterface } from 'node:readline';
import { GuardError } from '../guard-error.ts';
import type { Consent } from './consent.ts';
import { measureText, wrapWords } from './text-width.ts';

export function readConsent(): Consent {
  const { stdin, stderr } = process;
  return {
    ask: stdin.isTTY ? (question) => askOn(stdin, stderr, wrapQuestion(question, stderr.columns || 80)) : undefined,
    isGuarded: process.env.MCP_GUARD_RUN !== undefined,
  };
}

/** Broken between words, with room for a letter behind the last line. A line in colours is as wide as whoever made it saw to. */
export function wrapQuestion(question: string, columns: number): string {
  const isWhole = (line: string, room: number): boolean => line.includes('\u001b') || measureText(line) <= room;
  const lines = question.trimEnd().split('\n');
  const wrapped = lines.flatMap((line, at) =>
    isWhole(line, at < lines.length - 1 ? columns : columns - 2) ? [line] : wrapWords(line, columns - 2),
  );
  return `${wrapped.join('\n')} `;
}

/**
 * The line that was typed. The terminal is as before when it settles.
 *
 * @throws GuardError approval_declined: the input ended (Ctrl-D); interrupted: Ctrl-C
 */
export async function askOn(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  question: string,
  terminal?: boolean,
): Promise<string> {
  const reader = createInterface({ input, output, ...(terminal !== undefined && { terminal }) });
  try {
    return await new Promise<string>((resolve, reject) => {
      const refuse = (code: 'approval_declined' | 'interrupted'): void => {
        // the answer began on the line of the question
        output.write('\n');
        reject(new GuardError(code, 'not confirmed: nothing was changed', { hint: 'answer `y` to go on' }));
      };
      // either may come first, and only the first counts
      reader.once('SIGINT', () => refuse('interrupted'));
      reader.once('close', () => refuse('approval_declined'));
      reader.question(question, (answer) => {
        reader.removeAllListeners('close');
        resolve(answer);
      });
    });
  } finally {
    reader.removeAllListeners('close');
    reader.close();
  }
}
