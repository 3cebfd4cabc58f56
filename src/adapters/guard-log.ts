// The guard's own log: stderr, and a file where one is named, because desktop hosts hide stderr. Never stdout: that is the wire.
import * as fs from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Masker } from '../audit/redact/masker.ts';
import { GuardError } from '../guard-error.ts';
import type { Log, LogLevel } from '../ports/log.ts';
import { showInert } from '../wire/inert-text.ts';
import { codeOf } from './state-paths.ts';

const { O_APPEND, O_CREAT, O_NOCTTY = 0, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDWR } = fs.constants;
/** How every line of it begins. */
const LINE_START = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:error|warn|info|debug) /;
const LONGEST_START = 31;

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

export interface GuardLogOptions {
  readonly level: LogLevel;
  /** Opened for appending, mode 0600. TRUST: lines hold text of servers, so nothing is written to but a log. */
  readonly file: string | undefined;
  /** Absolute: where no log may be written. */
  readonly ownFiles: readonly string[];
  /** Who named the file, for an error: `--log-file`. */
  readonly namedBy: string;
  /** What no line may hold. */
  readonly masker?: Masker | undefined;
  /** Where a line for a person goes. */
  writeError(text: string): void;
}

/** @throws GuardError `usage` where the file cannot be opened, or may be something else than a log */
export function createGuardLog(options: GuardLogOptions): Log {
  const { level, file, masker, writeError } = options;
  const fd = file === undefined ? undefined : openLogFile(file, options);
  return {
    write(at, text) {
      if (RANK[at] > RANK[level]) return;
      const shown = showInert(masker?.maskText(text) ?? text);
      const line = `mcp-guard: ${at === 'warn' || at === 'info' ? '' : `${at}: `}${shown}\n`;
      writeError(line);
      if (fd !== undefined) appendLine(fd, `${new Date().toISOString()} ${at} ${shown}\n`);
    },
  };
}

function openLogFile(file: string, { namedBy, ownFiles }: Pick<GuardLogOptions, 'namedBy' | 'ownFiles'>): number {
  const refuse = (why: string, hint: string, cause?: unknown): GuardError =>
    new GuardError('usage', `cannot write the log file \`${file}\` (${namedBy}): ${why}`, { cause, hint });
  if (ownFiles.some((own) => isWithin(realPlace(file), own) || isWithin(realPlace(file), realPlace(own)))) {
    throw refuse('the guard keeps files of its own there', 'name a file in another directory');
  }
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
    if (isLog(fd)) return fd;
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    if (code === 'ENOENT') throw refuse('its directory does not exist', 'make the directory first', error);
    if (code === 'ELOOP') throw refuse('it is a link', 'name the file itself', error);
    throw refuse(code, 'name a file that this user can write', error);
  }
  fs.closeSync(fd);
  throw refuse('it is there, and no log of the guard', 'name a file that does not exist yet');
}

/** An empty file or one that begins as the guard's lines do. */
function isLog(fd: number): boolean {
  const stat = fs.fstatSync(fd);
  if (!stat.isFile()) return false;
  const start = Buffer.alloc(LONGEST_START);
  const length = fs.readSync(fd, start, 0, LONGEST_START, 0);
  return length === 0 || LINE_START.test(start.toString('latin1', 0, length));
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(place.endsWith(sep) ? place : `${place}${sep}`);
}

/** With the links of its directory resolved; the file itself may not be there. */
function realPlace(path: string): string {
  const absolute = resolve(path);
  try {
    return join(fs.realpathSync(dirname(absolute)), basename(absolute));
  } catch {
    return absolute;
  }
}

/** A log that cannot be written says nothing: the audit trail, not the log, is what must not fail. */
function appendLine(fd: number, line: string): void {
  try {
    fs.writeSync(fd, line);
  } catch {
    // Deliberately nothing: see above.
  }
}
