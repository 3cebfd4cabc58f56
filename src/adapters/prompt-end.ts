// Ends a session that must not go on: asked once, then by force. Knows not what the session is made of.
import type { SessionRun } from './run-session.ts';
import type { Timers } from './shutdown-ladder.ts';

/** How long a server may take to end by itself; then it is killed, and nothing else holds up the end. */
const GRACE_MS = 200;
const SIGTERM = 15;

/** A server that ignores TERM, or a client that reads nothing, wins no time. @param because for those who wait for an answer @returns takes the force back */
export function endPromptly(run: Pick<SessionRun, 'stop'>, timers: Timers, because: string): () => void {
  run.stop(SIGTERM, because);
  return timers.after(GRACE_MS, () => run.stop(SIGTERM, because));
}
