// A request that a policy holds: let go, refused, abandoned, bounded.
import { describe, expect, it } from 'vitest';
import { type Deny, type Interceptor, PASS, type RequestView, type Resumption } from '../../src/core/interceptor.ts';
import { call, Playbook } from './playbook.ts';

const DENY: Deny = { kind: 'deny', reason: 'no', rule: 'test.rule', text: 'Not this.', retryAfterMs: undefined };

describe('a held request', () => {
  /** Holds every call until its place in `go` says what comes of it. */
  class Holder implements Interceptor {
    readonly name = 'holder';
    readonly held: RequestView[] = [];
    readonly abandoned: RequestView[] = [];
    ready: Resumption[] = [];
    wakeAtMs = Number.POSITIVE_INFINITY;
    onRequest(request: RequestView) {
      this.held.push(request);
      return { kind: 'wait', why: 'test' } as const;
    }
    onWaited(_: RequestView, outcome: 'go' | 'refused') {
      return outcome === 'go' ? PASS : DENY;
    }
    onAbandoned(request: RequestView) {
      this.abandoned.push(request);
    }
    takeReady() {
      const taken = this.ready;
      this.ready = [];
      return taken;
    }
    release(outcome: Resumption['outcome'], ...requests: readonly (RequestView | undefined)[]) {
      for (const request of requests) if (request !== undefined) this.ready.push({ request, outcome });
    }
  }

  it('goes on with the next event, whatever that is', () => {
    const holder = new Holder();
    const book = new Playbook({ interceptors: [holder] });
    expect(book.client(call(1)).client(call(2)).toServer()).toEqual([]);
    holder.release('go', holder.held[1]);
    holder.release('refused', holder.held[0]);
    const effects = book.at(2000).take();
    expect(effects.map((effect) => effect.type)).toEqual(['record', 'to_upstream', 'record', 'to_client']);
    expect(holder.abandoned).toEqual([]);
  });

  it('frees a place for another in the same event', () => {
    const holder = new Holder();
    const first: Interceptor = { name: 'first', onSettle: () => holder.release('go', holder.held[1]) };
    const book = new Playbook({ interceptors: [first, holder] });
    book.client(call(1)).client(call(2)).take();
    holder.release('refused', holder.held[0]);
    expect(book.at(2000).toServer()).toHaveLength(1);
  });

  it('that is cancelled is told to who holds it, once, and never goes', () => {
    const holder = new Holder();
    const book = new Playbook({ interceptors: [holder] });
    book
      .client(call(1))
      .client({ method: 'notifications/cancelled', params: { requestId: 1 } })
      .take();
    expect(holder.abandoned).toEqual(holder.held);
    holder.release('go', holder.held[0]);
    expect(book.at(2000).take()).toEqual([]);
    expect(holder.abandoned).toHaveLength(1);
  });

  it('ends with its server, and is told to who holds it', () => {
    const holder = new Holder();
    const book = new Playbook({ interceptors: [holder] });
    expect(book.client(call(1)).exits().toClient()).toHaveLength(1);
    expect(holder.abandoned).toEqual(holder.held);
  });

  it('is refused where more would be held than may be, and the others stay', () => {
    const holder = new Holder();
    const book = new Playbook({ interceptors: [holder] });
    const large = { arguments: { text: 'x'.repeat(25 * 1024 * 1024) } };
    book.client(call(1, 'echo', large)).client(call(2, 'echo', large));
    const [line] = book.client(call(3, 'echo', large)).toClient();
    expect(JSON.parse(line ?? '').result._meta['mcp-guard/decision']).toMatchObject({ rule: 'session.heldBytes' });
    expect(holder.abandoned).toEqual([holder.held[2]]);
    book.client({ method: 'notifications/cancelled', params: { requestId: 1 } }).take();
    expect(book.client(call(4, 'echo', large)).take()).toEqual([]);
  });

  it('decides when the session looks again', () => {
    const holder = new Holder();
    const book = new Playbook({ interceptors: [holder] });
    expect(book.session.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
    holder.wakeAtMs = 1234;
    expect(book.session.wakeAtMs).toBe(1234);
  });
});
