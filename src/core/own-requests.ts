// What the guard asks a server itself: whether it lives, and again what the client has told the one before it. Their answers go to
// nobody. Also the ids for that, and for a request of the client whose own is taken. Knows no state of the server.
import type { Instant } from '../ports/clock.ts';
import type { Line, RequestId, RequestMessage } from '../wire/message.ts';
import { pingLine } from '../wire/reply.ts';
import { replaceId } from '../wire/splice.ts';
import type { UpstreamId } from './events.ts';
import { CLIENT, type Exchange } from './exchange.ts';
import { GuardIds } from './guard-ids.ts';
import type { Ledger } from './ledger.ts';
import { newExchange } from './new-exchange.ts';

/** For the greeting of a restarted server, and what else is said to it again. */
const REPLAY_MS = 30_000;

export class OwnRequests {
  readonly #server: UpstreamId;
  readonly #ledger: Ledger;
  readonly #ids: GuardIds;

  constructor(server: UpstreamId, ledger: Ledger, tag: string) {
    this.#server = server;
    this.#ledger = ledger;
    this.#ids = new GuardIds(tag);
  }

  /** @param sample any id of the client's */
  nextId(sample: RequestId): RequestId {
    const { table } = this.#ledger;
    return this.#ids.next(table.highestClientId, sample, (id) => table.isFree(this.#server, id));
  }

  /** Whether it lives: any answer will do. @param about the call that waits for it */
  ping(about: Exchange, now: Instant): void {
    const message = { kind: 'request', id: this.nextId(about.askerId), method: 'ping', params: undefined } as const;
    const bytes = pingLine(message.id);
    const line = { bytes, text: bytes.toString().trimEnd(), message, sloppy: 0 };
    const ping = this.#open(line, message.id, now);
    ping.hardDueMs = Math.min(about.hardDueMs, about.idleDueMs);
    this.#ledger.push({ type: 'to_upstream', upstream: this.#server, bytes, needs: undefined });
    this.#ledger.markSent(ping, now);
  }

  /** @returns monotonic ms by which it must have answered: one that does not even answer a greeting is as good as gone */
  replay(line: Line<RequestMessage>, now: Instant): number {
    const id = this.nextId(line.message.id);
    const exchange = this.#open(line, id, now);
    exchange.sent = true;
    exchange.hardDueMs = now.monoMs + REPLAY_MS;
    this.#ledger.push({ type: 'to_upstream', upstream: this.#server, bytes: replaceId(line, id), needs: undefined });
    return exchange.hardDueMs;
  }

  #open(line: Line<RequestMessage>, id: RequestId, now: Instant): Exchange {
    const exchange = newExchange({ line, asker: CLIENT, peer: this.#server, peerId: id, internal: true, now });
    this.#ledger.table.add(exchange);
    return exchange;
  }
}
