// File names for servers, whatever a server is called, and back. Knows no document.
// attacker-controlled: the name; a bare run derives it from a command line.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readPrivateFile } from './durable-file.ts';
import { listNames } from './small-json.ts';

/** Names that Windows keeps for devices, with whatever ending. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9]|lpt[0-9])$/;
/** Room for the endings of drafts and of what is set aside, within the 255 bytes that a file system allows. */
const LONGEST = 120;
const SHOWN = 80;
const MAX_BYTES = 4_194_304;

/**
 * The servers that have a document in this directory, sorted by file. Opens one only where its file's name is too short to say
 * whose it is. attacker-controlled: the names.
 *
 * @param document what its file is called; the first group is the stem
 */
export function listServerFiles(directory: string, document: RegExp): readonly string[] {
  const found = new Set<string>();
  for (const file of listNames(directory)) {
    const stem = document.exec(file)?.[1];
    if (stem === undefined) continue;
    const server = unescapeStem(stem) ?? readName(join(directory, file));
    // what is no stem of ours was put there by somebody else
    if (server !== undefined && fileStem(server) === stem) found.add(server);
  }
  return [...found];
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

/** Undefined where the name was too long: then a digest stands for its end. */
function unescapeStem(stem: string): string | undefined {
  if (stem === '%') return '';
  if (stem.includes('%-')) return undefined;
  return stem.replace(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/g, (_, long?: string, short?: string) =>
    String.fromCharCode(Number.parseInt(long ?? short ?? '', 16)),
  );
}

/** The name that a document carries. attacker-controlled. */
function readName(path: string): string | undefined {
  try {
    const value: unknown = JSON.parse(readPrivateFile(path, MAX_BYTES)?.toString('utf8') ?? '');
    if (typeof value !== 'object' || value === null || !('name' in value)) return undefined;
    return typeof value.name === 'string' ? value.name : undefined;
  } catch {
    return undefined;
  }
}
