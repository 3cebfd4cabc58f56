// The terminal of this process as something that a person can be asked on. Knows no order.
import { createInterface } from 'node:readline/promises';
import type { Consent } from './consent.ts';

export function readConsent(): Consent {
  return { ask: process.stdin.isTTY ? ask : undefined, isGuarded: process.env.MCP_GUARD_RUN !== undefined };
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
