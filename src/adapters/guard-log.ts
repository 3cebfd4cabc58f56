// The guard's own log: stderr, and a file where one is named, because desktop hosts hide stderr. Never stdout: that is the wire.
import { openSync, writeSync } from 'node:fs';
import type { Log, LogLevel } from '../ports/log.ts';
import { showInert } from '../wire/inert-text.ts';

const RANK: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

export interface GuardLogOptions {
  readonly level: LogLevel;
  /** Opened for appending, mode 0600. @throws what `open` throws */
  readonly file: string | undefined;
  /** Where a line for a person goes. */
  writeError(text: string): void;
}

export function createGuardLog({ level, file, writeError }: GuardLogOptions): Log {
  const fd = file === undefined ? undefined : openSync(file, 'a', 0o600);
  return {
    write(at, text) {
      if (RANK[at] > RANK[level]) return;
      const line = `mcp-guard: ${at === 'warn' || at === 'info' ? '' : `${at}: `}${showInert(text)}\n`;
      writeError(line);
      if (fd !== undefined) appendLine(fd, `${new Date().toISOString()} ${at} ${showInert(text)}\n`);
    },
  };
}

/** A log that cannot be written says nothing: the audit trail, not the log, is what must not fail. */
function appendLine(fd: number, line: string): void {
  try {
    writeSync(fd, line);
  } catch {
    // Deliberately nothing: see above.
  }
}
