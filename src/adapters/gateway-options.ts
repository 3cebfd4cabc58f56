// Everything a gateway run is given. Types only.
import type { UpstreamExit } from '../core/events.ts';
import type { Gateway } from '../core/gateway/gateway.ts';
import type { ListName } from '../core/interceptor.ts';
import type { AuditSink } from '../ports/audit-sink.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { ReadLimits } from '../wire/message.ts';
import type { ClientEnd } from './client-end.ts';
import type { SessionRun } from './run-session.ts';
import type { Timers } from './shutdown-ladder.ts';

/** What a lane's session tells of its server, by way of its chain. */
export interface LaneNews {
  onAway(): void;
  onBack(): void;
  /**
   * @param isLoop it has ended too often
   * @param exit its last
   */
  onGone(isLoop: boolean, exit: UpstreamExit | undefined): void;
  /** One of its lists is another by a policy, or by its server being another one. */
  onList(list: ListName): void;
}

export interface GatewayOptions {
  readonly gateway: Gateway;
  readonly client: ClientEnd;
  /** A session run for this lane, with a server of its own. Not started yet. */
  openLane(lane: string, client: ClientEnd, news: LaneNews): SessionRun;
  readonly sink: AuditSink;
  readonly clock: Clock;
  readonly log: Log;
  readonly timers: Timers;
  /** The process id of the parent, now. */
  parent(): number;
  readonly read: ReadLimits;
  /** Called when all that one piece of input led to has been done. */
  afterTurn(): void;
}
