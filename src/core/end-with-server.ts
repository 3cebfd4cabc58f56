// What becomes of a request whose server has ended: settled, and whoever asked is told once. Knows no restart and no process.
import type { Instant } from '../ports/clock.ts';
import { cancelledLine, errorLine, METHOD_NOT_FOUND, subscriptionEndLine } from '../wire/reply.ts';
import { exitRefusal, sessionEndRefusal } from './denial.ts';
import type { EndedBecause, UpstreamExit, UpstreamId } from './events.ts';
import { CLIENT, type Exchange } from './exchange.ts';
import type { Ledger } from './ledger.ts';

export interface HowItEnds {
  /** A probe killed the server: nobody is to blame. */
  readonly shield: boolean;
  /** The client closed its end first, or the guard did in its place. */
  readonly clientHasLeft: boolean;
  /** Where the guard closed it. */
  readonly because: EndedBecause;
}

export interface EndedExchange extends HowItEnds {
  readonly ledger: Ledger;
  readonly server: UpstreamId;
  readonly exchange: Exchange;
  readonly exit: UpstreamExit;
}

export function endWithServer(
  { ledger, server, exchange, exit, shield, clientHasLeft, because }: EndedExchange,
  now: Instant,
): void {
  const ended = because === undefined ? 'client_gone' : 'session_ended';
  if (!ledger.settle(exchange, exit.byGuard ? ended : 'upstream_exit', now)) return;
  if (exchange.asker !== CLIENT) {
    // The server asked and is gone: the client need not answer any more.
    if (clientHasLeft) return;
    const bytes = cancelledLine(exchange.peerId, `${server} exited`);
    ledger.push({ type: 'to_client', bytes, needs: undefined, batch: undefined });
    return;
  }
  if (shield) {
    const decision = { reason: 'probe_answered' };
    const bytes = errorLine(exchange.askerId, METHOD_NOT_FOUND, 'Method not found: server/discover', decision);
    ledger.replies.answer(exchange, bytes, exchange.lastEntry);
  } else if (clientHasLeft && exchange.view.method === 'subscriptions/listen') {
    ledger.replies.answer(exchange, subscriptionEndLine(exchange.askerId), exchange.lastEntry);
  } else if (exit.byGuard) ledger.replies.refuse(exchange, sessionEndRefusal(server, because));
  else ledger.replies.refuse(exchange, exitRefusal(exit.kind, exit.text, server));
}
