// What ends the guard from outside, and what happens when the guard itself fails. The servers never outlive either.
import { constants } from 'node:os';
import type { SessionRun } from '../adapters/run-session.ts';
import type { Log } from '../ports/log.ts';

export function watchSignals(run: Pick<SessionRun, 'stop' | 'abandon'>, log: Log): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => run.stop(constants.signals[signal], 'mcp-guard was told to end'));
  }
  const crash = (error: unknown) => {
    log.write(
      'error',
      `mcp-guard failed and ends: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    run.abandon();
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}
