// The guard's own log: stderr, and a file where one is named, because desktop hosts hide stderr. Never stdout: that is the wire.
import { openSync, writeSync } from 'node:fs';
import type { Masker } from '../audit/redact/masker.ts';
import { GuardError } from '../guard-error.ts';
import type { Log, LogLevel } from '../ports/log.ts';
import { showInert } from '../wire/inert-text.ts';
import { codeOf } from './state-paths.ts';

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

export interface GuardLogOptions {
  readonly level: LogLevel;
  /** Opened for appending, mode 0600. */
  readonly file: string | undefined;
  /** Who named the file, for an error: `--log-file`. */
  readonly namedBy: string;
  /** What no line may hold. */
  readonly masker?: Masker | undefined;
  /** Where a line for a person goes. */
  writeError(text: string): void;
}

/** @throws GuardError `usage` where the file cannot be opened */
export function createGuardLog({ level, file, namedBy, masker, writeError }: GuardLogOptions): Log {
  const fd = file === undefined ? undefined : openLogFile(file, namedBy);
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

function openLogFile(file: string, namedBy: string): number {
  try {
    return openSync(file, 'a', 0o600);
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    throw new GuardError(
      'usage',
      `cannot write the log file \`${file}\` (${namedBy}): ${code === 'ENOENT' ? 'its directory does not exist' : code}`,
      {
        cause: error,
        hint: code === 'ENOENT' ? 'make the directory first' : 'name a file that this user can write',
      },
    );
  }
}

/** A log that cannot be written says nothing: the audit trail, not the log, is what must not fail. */
function appendLine(fd: number, line: string): void {
  try {
    writeSync(fd, line);
  } catch {
    // Deliberately nothing: see above.
  }
}
