// The terminal of this process as something that a person can be asked on. Knows no order.
import { createInterface } from 'node:readline';
import { GuardError } from '../guard-error.ts';
import type { Consent } from './consent.ts';

export function readConsent(): Consent {
  const { stdin, stderr } = process;
  return {
    ask: stdin.isTTY ? (question) => askOn(stdin, stderr, question) : undefined,
    isGuarded: process.env.MCP_GUARD_RUN !== undefined,
  };
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
