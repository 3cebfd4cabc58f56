// Reads the kernel's process table (/proc, Linux), synchronously. Sends no signal and knows nothing of runs.
// Elsewhere every list is empty: there the process group alone is what the guard can reach.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Ticks since boot at which it started: tells it from a later process with the same id. */
  readonly born: string;
  readonly zombie: boolean;
}

const chunkBytes = 65_536;

/** All process ids, or none where /proc cannot be read. */
function listPids(): string[] {
  try {
    return readdirSync('/proc').filter((name) => name.charCodeAt(0) >= 48 && name.charCodeAt(0) <= 57);
  } catch {
    return [];
  }
}

/** The whole of one /proc file; undefined where it is gone or another user's. */
function readProcFile(path: string, buffer: Buffer): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const first = readSync(fd, buffer, 0, buffer.length, null);
    if (first < buffer.length) return buffer.subarray(0, first);
    const parts = [Buffer.from(buffer)];
    for (;;) {
      const length = readSync(fd, buffer, 0, buffer.length, null);
      if (length === 0) return Buffer.concat(parts);
      parts.push(Buffer.from(buffer.subarray(0, length)));
    }
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * Processes whose initial environment contains `marker`, this process excepted. What overwrote its environment, cleaned it
 * before exec, or may not be read (setuid) is not seen. A zombie has no environment and is not listed.
 */
export function listCarriers(marker: string): number[] {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  const needle = Buffer.from(marker);
  const own = String(process.pid);
  const found: number[] = [];
  for (const pid of listPids()) {
    if (pid !== own && readProcFile(`/proc/${pid}/environ`, buffer)?.includes(needle)) found.push(Number(pid));
  }
  return found;
}

/** One row; undefined where there is no such process. Source: proc_pid_stat(5). */
export function readProcess(pid: number, buffer = Buffer.allocUnsafe(4096)): ProcessRow | undefined {
  const text = readProcFile(`/proc/${pid}/stat`, buffer)?.toString('latin1');
  if (text === undefined) return undefined;
  // attacker-controlled: the name in parentheses holds anything, but nothing after the last one is the process's to choose.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const born = fields[19];
  if (state === undefined || parent === undefined || group === undefined || born === undefined) return undefined;
  return { pid, parent: Number(parent), group: Number(group), born, zombie: state === 'Z' || state === 'X' };
}

export function readProcessTable(): ProcessRow[] {
  const buffer = Buffer.allocUnsafe(4096);
  const rows: ProcessRow[] = [];
  for (const pid of listPids()) {
    const row = readProcess(Number(pid), buffer);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}
