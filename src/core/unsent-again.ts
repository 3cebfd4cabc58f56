// What waited for a server that was away is asked about once more before it is sent: whose session is over, or what the policy has stopped
// granting, meanwhile, goes no further. Knows no server and no policy.
import type { Instant } from '../ports/clock.ts';
import type { Exchange } from './exchange.ts';
import type { Ledger } from './ledger.ts';

/** True: it has been refused. What was sent before, and what the guard asks itself, is not asked about. */
export function refuseUnsent(ledger: Ledger, exchange: Exchange | undefined, now: Instant): boolean {
  if (exchange === undefined || exchange.internal || exchange.sentMs !== undefined) return false;
  const denial = ledger.chain.askAgain(exchange.view, exchange.progress, now);
  if (denial === undefined) return false;
  // INVARIANT: the record of an exchange that was let through has one outcome: nothing came of it, as its server was away.
  ledger.settle(exchange, 'upstream_exit', now);
  ledger.replies.refuse(exchange, denial);
  return true;
}
