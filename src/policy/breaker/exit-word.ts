// How the process of a server ended, as a word that a board may keep, and what so many ends are called. Nothing that a server wrote is in
// it. Pure; counts nothing.

/** It never ran: the reason is in the guard's own log. */
const NOT_STARTED = 'not started';
const WORD = /^(?:code [0-9]{1,10}|signal SIG[A-Z0-9+]{1,12}|not started)$/;

/** @param text `code 1`, `signal SIGKILL`, or why it could not be started */
export function exitWord(text: string): string {
  return WORD.test(text) ? text : NOT_STARTED;
}

/** Undefined where it is none. */
export function readExitWord(value: unknown): string | undefined {
  return typeof value === 'string' && WORD.test(value) ? value : undefined;
}

/** What follows the name of the server: `exited 3 times (the last time: code 1)`. @param last how the newest was; undefined: nobody knows */
export function describeExits(exits: number, last: string | undefined): string {
  const times = exits === 1 ? 'once' : `${exits} times`;
  if (last === NOT_STARTED) return `exited or could not be started ${times}`;
  if (last === undefined) return `exited ${times}`;
  return `exited ${times} (${exits === 1 ? '' : 'the last time: '}${last})`;
}
