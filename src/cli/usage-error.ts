// Turns what the parser of command lines says into an error of our own, so that all errors look alike. Knows no command.
import { GuardError } from '../guard-error.ts';

interface ParserError extends Error {
  readonly code: string;
  readonly exitCode: number;
}

/** @param command the words whose help explains it, as `mcp-guard run` @returns the error itself where it is none: help, version */
export function readUsageError(error: ParserError, command: string): Error {
  // `commander.help` is a command that was called without the subcommand it needs: its help stands on stderr by now
  if (error.exitCode === 0 || error.code === 'commander.help') return error;
  const [said = '', near] = error.message.replace(/^error: /, '').split(/\n\(Did you mean /);
  const message = said
    .replace(/\.$/, '')
    .replace(/\. ([A-Z])/g, (_, letter: string) => `: ${letter.toLowerCase()}`)
    .replace(/'([^']*)'/g, '`$1`');
  const names = near?.replace(/^one of /, '').replace(/\?\)$/, '');
  const meant = names === undefined ? '' : `did you mean ${names.replace(/[^ ,]+/g, '`$&`')}? `;
  return new GuardError('usage', message, { hint: `${meant}see \`${command} --help\`` });
}
