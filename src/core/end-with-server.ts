// What becomes of a request whose server has ended: settled, and whoever asked is told once. Knows no restart and no process.
import type { Instant } from '../ports/clock.ts';
import { cancelledLine, errorLine, METHOD_NOT_FOUND, subscriptionEndLine } from '../wire/reply.ts';
import { exitRefusal, sessionEndRefusal } from './denial.ts';
import type { UpstreamExit, UpstreamId } from './events.ts';
import { CLIENT, type Exchange } from './exchange.ts';
import type { Ledger } from './ledger.ts';

export interface HowItEnds {
  /** A probe killed the server: nobody is to blame. */
  readonly shield: boolean;
  /** The client closed its end first. */
  readonly clientHasLeft: boolean;
}

export interface EndedExchange extends HowItEnds {
  readonly ledger: Ledger;
  readonly server: UpstreamId;
  readonly exchange: Exchange;
  readonly exit: UpstreamExit;
}

export function endWithServer(
  { ledger, server, exchange, exit, shield, clientHasLeft }: EndedExchange,
  now: Instant,
): void {
  if (!ledger.settle(exchange, exit.byGuard ? 'client_gone' : 'upstream_exit', now)) return;
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
    ledger.reply(exchange, bytes, exchange.lastEntry);
  } else if (clientHasLeft && exchange.view.method === 'subscriptions/listen') {
    ledger.reply(exchange, subscriptionEndLine(exchange.askerId), exchange.lastEntry);
  } else if (exit.byGuard) ledger.refuse(exchange, sessionEndRefusal(server));
  else ledger.refuse(exchange, exitRefusal(exit.kind, exit.text, server));
}
