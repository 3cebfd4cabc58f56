// Everything a session run is given. Types only.
import type { Readable } from 'node:stream';
import type { Session } from '../core/session.ts';
import type { AuditSink } from '../ports/audit-sink.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Spawner, UpstreamCommand, UpstreamProcess } from '../ports/upstream.ts';
import type { ClientEnd } from './client-end.ts';
import type { Timers } from './shutdown-ladder.ts';
import type { AnswerScreen } from './turn.ts';
import type { LinkLimits, ShutdownTimes } from './upstream-link.ts';

export interface RunningServer {
  readonly command: UpstreamCommand;
  /** Already started where starting early saves time; started when the session begins otherwise. */
  readonly process: UpstreamProcess | undefined;
}

export interface RunOptions {
  readonly session: Session;
  /** Looked at for each start: another command may stand there by then. */
  readonly servers: ReadonlyMap<string, RunningServer>;
  readonly spawner: Spawner;
  readonly sink: AuditSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly timers: Timers;
  readonly client: ClientEnd;
  /** May hold an answer back from `client`. */
  readonly screen?: AnswerScreen | undefined;
  /** The process id of the parent, now. */
  parent(): number;
  /** Called when all that one piece of input led to has been done. */
  afterTurn(): void;
  /** Resolves once the policies have nothing under way any more that belongs on record. */
  policiesIdle(): Promise<void>;
  readonly limits: LinkLimits;
  readonly shutdown: ShutdownTimes;
  /** Shows a server's noise and piped stderr: one line, made inert, with the server's name. */
  showNoise(server: string, text: Buffer): void;
  /** Attaches the piped stderr of a server. */
  relayStderr(server: string, stderr: Readable): void;
}
