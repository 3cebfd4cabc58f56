// The order of the policies, as one literal array. Cheapest and most final first; the breaker behind all that may refuse, so that
// only a call about to be sent takes the probe. A test keeps this order.
import type { UpstreamId } from '../core/events.ts';
import type { Interceptor } from '../core/interceptor.ts';
import type { Instant } from '../ports/clock.ts';
import type { BreakerParts } from './breaker/breaker.ts';
import { Hide, type HideParts } from './breaker/hide.ts';
import { createSwitchedOff } from './breaker/switched-off.ts';
import { createTrialAndBreaker } from './breaker/trial-and-breaker.ts';
import { type BulkheadParts, createBulkhead } from './bulkhead/bulkhead.ts';
import { createConcurrencyLimit } from './concurrency.ts';
import { createMaskedNames, type MaskedNames } from './masked-names.ts';
import { createOwnPathsPolicy, type OwnPathsParts } from './own-paths.ts';
import type { Roster } from './roster.ts';
import { createScopePolicy, type ServerScope } from './scope/scope.ts';
import type { SteadyTime } from './steady-time.ts';

export interface ChainParts {
  /** Whether the session's identity still holds; undefined where nobody was asked who they are. */
  readonly identity?: Interceptor | undefined;
  /** Open exchanges of the session. */
  readonly maxInFlight: number;
  /** What of a name may be kept and shown; undefined: all of it. Of those that keep or show names. */
  readonly names?: MaskedNames | undefined;
  /** Sees what a server offers before anything is taken out of it. */
  readonly inventory: Interceptor;
  readonly roster: Roster;
  readonly scopes: Pick<ReadonlyMap<string, ServerScope>, 'get'>;
  readonly ownPaths: OwnPathsParts;
  /** What a server says of its tools must be what was approved; undefined in a bare run. */
  readonly pins: Interceptor | undefined;
  /** What is meant for a server that is about to be started anew waits; undefined in a bare run. */
  readonly renewal?: Interceptor | undefined;
  /** How much may be asked, in the order of the chain; none in a bare run. */
  readonly limits: readonly Interceptor[];
  /** By which grants end; undefined: the scope's own. */
  readonly timeOf?: SteadyTime | undefined;
  /** Break-glass, by server: its scope only observes. */
  readonly isPaused: (server: UpstreamId, now: Instant) => boolean;
  readonly bulkhead: BulkheadParts;
  readonly breaker: Omit<BreakerParts, 'heldTools'>;
  /** The servers whose config hides tools that are switched off; undefined: none can, whatever policy comes (a bare run). */
  readonly hiding: { includes(server: string): boolean } | undefined;
}

export function createInterceptors(parts: ChainParts): readonly Interceptor[] {
  const { trial, breaker } = createTrialAndBreaker(parts.breaker);
  const { hiding, names = createMaskedNames(undefined) } = parts;
  const hidden: HideParts['hidden'] = (server, now) => breaker.hidden(server, now);
  return [
    ...(parts.identity === undefined ? [] : [parts.identity]),
    names.wrap(parts.inventory),
    parts.roster,
    createScopePolicy(parts.scopes, parts.isPaused, parts.timeOf),
    createOwnPathsPolicy(parts.ownPaths),
    ...(parts.pins === undefined ? [] : [names.wrap(parts.pins)]),
    ...(parts.renewal === undefined ? [] : [parts.renewal]),
    ...parts.limits.map(names.wrap),
    createConcurrencyLimit(parts.maxInFlight),
    // What is switched off is refused at once, and does not wait for a place first.
    names.wrap(createSwitchedOff((server, tool, now, prefix) => breaker.refusal(server, tool, now, prefix))),
    names.wrap(createBulkhead(parts.bulkhead)),
    names.wrap(trial),
    names.wrap(breaker),
    ...(hiding === undefined ? [] : [names.wrap(new Hide({ servers: hiding, hidden }))]),
  ];
}
