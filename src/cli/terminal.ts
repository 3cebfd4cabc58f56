// The terminal that a command was started on, as an io value; and the switches that several commands share.
import { makeInert } from './inert-text.ts';
import type { CliIo } from './io.ts';
import { wantsColor } from './render.ts';

export function terminalIo(color: boolean): CliIo {
  const { stdout, stderr, env } = process;
  return {
    stdout,
    stderr,
    columns: readColumns(stdout, env.COLUMNS),
    color: wantsColor(env, stdout.isTTY === true, color),
  };
}

/** Without a terminal `COLUMNS` says how wide lines are; where it does not, nothing is cut: a filter wants whole names. */
export function readColumns(out: { readonly isTTY?: boolean; readonly columns?: number }, given?: string): number {
  // a terminal that was never told its size says 0
  if (out.isTTY === true) return out.columns || 80;
  return /^[1-9][0-9]{0,4}$/.test(given ?? '') ? Number(given) : Number.POSITIVE_INFINITY;
}

/** Undefined: there is no terminal. */
export function terminalSize(): { readonly rows: number; readonly columns: number } | undefined {
  const { isTTY, rows, columns } = process.stdout;
  return isTTY ? { rows, columns } : undefined;
}

/** A note of the guard for a person, beside what the command prints. Made inert here. */
export function sayAside(text: string): void {
  process.stderr.write(`mcp-guard: ${makeInert(text)}\n`);
}

/** Aborts when the person has seen enough: Ctrl-C, a signal, or a reader that left. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  process.stdout.once('error', end);
  return controller.signal;
}

/** Block characters for a terminal that says that it takes UTF-8; a pipe gets ASCII. */
export function showsBlocks(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '') ?? '';
  return process.stdout.isTTY && /utf-?8/i.test(locale);
}
