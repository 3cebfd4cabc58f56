// The terminal that a command was started on, as an io value; and the switches that several commands share.
import type { CliIo } from './io.ts';
import { wantsColor } from './render.ts';

export function terminalIo(color: boolean): CliIo {
  const { stdout, stderr, env } = process;
  return { stdout, stderr, columns: stdout.columns ?? 80, color: wantsColor(env, stdout.isTTY === true, color) };
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
