// The requests that an interceptor holds: found again when it lets them go, and bounded. Decides nothing else.
import type { Exchange } from './exchange.ts';
import type { Deny, RequestView } from './interceptor.ts';

/** INVARIANT: what is held is bounded, whatever a client sends while a policy waits. */
const MOST_BYTES = 64 * 1024 * 1024;

export const HELD_TOO_MUCH: Deny = {
  kind: 'deny',
  reason: 'too_many_in_flight',
  rule: 'session.heldBytes',
  text: 'More data waits for a decision of mcp-guard than it holds (64 MiB), so this request was not sent. Wait for the others, then send it again.',
  retryAfterMs: 5000,
};

export class HeldRequests {
  readonly #byView = new Map<RequestView, Exchange>();
  #bytes = 0;

  find(request: RequestView): Exchange | undefined {
    return this.#byView.get(request);
  }

  /** False where there is no room: then it is not held. */
  hold(exchange: Exchange): boolean {
    const bytes = this.#bytes + sizeOf(exchange);
    if (bytes > MOST_BYTES) return false;
    this.#bytes = bytes;
    this.#byView.set(exchange.view, exchange);
    exchange.waiting = true;
    return true;
  }

  letGo(exchange: Exchange): void {
    if (!this.#byView.delete(exchange.view)) return;
    this.#bytes -= sizeOf(exchange);
    exchange.waiting = false;
  }
}

/** The line of a held request stays as it is: it is let go only once it was sent. */
function sizeOf({ line }: Exchange): number {
  return line?.bytes.length ?? 0;
}
