// The order of the policies, as one literal array. Cheapest and most final first; the breaker behind all that may refuse, so that
// only a call about to be sent takes the probe. A test keeps this order.
import type { Interceptor } from '../core/interceptor.ts';
import { type BreakerParts, createBreaker } from './breaker/breaker.ts';
import { Hide } from './breaker/hide.ts';
import { type BulkheadParts, createBulkhead } from './bulkhead/bulkhead.ts';
import { createConcurrencyLimit } from './concurrency.ts';
import { createOwnPathsPolicy, type OwnPathsParts } from './own-paths.ts';
import type { Roster } from './roster.ts';
import { createScopePolicy, type ServerScope } from './scope/scope.ts';

export interface ChainParts {
  /** Open exchanges of the session. */
  readonly maxInFlight: number;
  readonly roster: Roster;
  readonly scopes: ReadonlyMap<string, ServerScope>;
  readonly ownPaths: OwnPathsParts;
  readonly bulkhead: BulkheadParts;
  readonly breaker: BreakerParts;
  /** The servers whose config hides tools that are switched off. */
  readonly hiding: readonly string[];
}

export function createInterceptors(parts: ChainParts): readonly Interceptor[] {
  const breaker = createBreaker(parts.breaker);
  const { hiding } = parts;
  const hide = new Hide({ servers: hiding, hidden: (server, now) => breaker.hidden(server, now) });
  return [
    parts.roster,
    createScopePolicy(parts.scopes),
    createOwnPathsPolicy(parts.ownPaths),
    createConcurrencyLimit(parts.maxInFlight),
    createBulkhead(parts.bulkhead),
    breaker,
    ...(hiding.length === 0 ? [] : [hide]),
  ];
}
