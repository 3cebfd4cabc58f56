// Where the breakers of one server lie, whatever the server is called. Knows no document.
// attacker-controlled: the name; a bare run derives it from a command line.
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export const BREAKERS = 'breakers';

export interface BreakerPaths {
  readonly board: string;
  readonly isolations: string;
  /** Of both documents. */
  readonly lock: string;
}

/** Names that Windows keeps for devices, with whatever ending. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9]|lpt[0-9])$/;
/** Room for the endings of drafts and of what is set aside, within the 255 bytes that a file system allows. */
const LONGEST = 120;
const SHOWN = 80;

/** @param directory of the tenant */
export function breakerPaths(directory: string, server: string): BreakerPaths {
  const stem = join(directory, BREAKERS, fileStem(server));
  return { board: `${stem}.json`, isolations: `${stem}.isolations.json`, lock: `${stem}.lock` };
}

/**
 * INVARIANT: two names never give the same stem, also where the file system takes `A` for `a` or normalises Unicode; a stem holds
 * no separator and no dot, so it names neither another directory nor a file of another server's (`<stem>.…`).
 */
export function fileStem(server: string): string {
  const escaped = server.replace(/[^a-z0-9_-]/g, escapeUnit);
  if (escaped.length > LONGEST) {
    // UTF-16, because UTF-8 makes one of all lone surrogates
    const digest = createHash('sha256').update(Buffer.from(server, 'utf16le')).digest('hex');
    return `${escaped.slice(0, SHOWN)}%-${digest}`;
  }
  // `%` alone is no escape
  if (escaped === '') return '%';
  return DEVICE.test(escaped) ? `${escapeUnit(escaped)}${escaped.slice(1)}` : escaped;
}

function escapeUnit(text: string): string {
  const unit = text.charCodeAt(0);
  return unit < 0x80 ? `%${unit.toString(16).padStart(2, '0')}` : `%u${unit.toString(16).padStart(4, '0')}`;
}
