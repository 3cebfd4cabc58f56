// What the rooms of one session share. An interface, so that none of them has to know the session itself.
import type { Instant } from '../ports/clock.ts';
import type { ModelHints } from './attribution.ts';
import type { Deadlines } from './deadlines.ts';
import type { UpstreamId } from './events.ts';
import type { Handshake } from './handshake.ts';
import type { ListName } from './interceptor.ts';
import type { Ledger } from './ledger.ts';
import type { Sight } from './observed.ts';
import type { UpstreamSettings } from './settings.ts';
import type { Tally } from './tally.ts';
import type { OpenTasks } from './tasks.ts';
import type { UpstreamLife } from './upstream-life.ts';

export interface SessionParts {
  readonly ledger: Ledger;
  readonly handshake: Handshake;
  readonly deadlines: Deadlines;
  readonly tasks: OpenTasks;
  readonly upstream: UpstreamSettings;
  readonly life: UpstreamLife;
  readonly model: ModelHints;
  readonly tally: Tally;
  /** A gateway tells its client of changed lists itself; undefined: there is none. */
  readonly tellList: ((list: ListName) => void) | undefined;
  /** Something came that belongs to nothing: it goes nowhere, and is counted. */
  dropped(from: 'client' | 'server', server: UpstreamId | undefined, why: string, now: Instant): void;
  /** A rule would have stopped it, and the server is only observed. */
  observed(server: UpstreamId, sight: Sight, now: Instant): void;
}
