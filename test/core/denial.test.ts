// The chain: what a denial looks like, that a fault denies, that a wait holds, and that everybody who passed is told the end once.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/core/exchange.ts';
import { type Deny, type Interceptor, PASS, type Settlement } from '../../src/core/interceptor.ts';
import { createConcurrencyLimit } from '../../src/policy/concurrency.ts';
import { call, intents, Playbook, recordsOf, result, sentToClient, sentToServer, textOf } from './playbook.ts';

const DENY: Deny = {
  kind: 'deny',
  reason: 'not_today',
  rule: 'test.rule',
  text: 'Not today. Try `other`.',
  retryAfterMs: 5000,
};
const MODERN = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };

function denying(name = 'denier'): Interceptor {
  return { name, onRequest: () => DENY };
}

describe('a denial', () => {
  it('of a call is a result that the model reads, names rule and record, and nothing leaves', () => {
    const book = new Playbook({ interceptors: [denying()] });
    const effects = book.client(call(1)).take();
    expect(sentToServer(effects)).toEqual([]);
    expect(intents(recordsOf(effects))).toMatchObject([{ decision: 'deny', rule: 'test.rule', reason: 'not_today' }]);
    const [line] = sentToClient(effects);
    expect(line).toMatchObject({ id: 1, result: { isError: true } });
    expect(line.result.content[0].text).toBe('Not today. Try `other`. (record seg:1)');
    expect(line.result._meta).toEqual({
      'mcp-guard/decision': { reason: 'not_today', rule: 'test.rule', record: 'seg:1', retryAfterMs: 5000 },
    });
    expect(line.result.resultType).toBeUndefined();
  });

  it('in revision 2026-07-28 says that the result is complete', () => {
    const [line] = sentToClient(new Playbook({ interceptors: [denying()] }).client(call(1, 'echo', MODERN)).take());
    expect(line.result).toMatchObject({ isError: true, resultType: 'complete' });
  });

  it('of a task-augmented call is an error, because SDKs reject a plain result there', () => {
    const [line] = sentToClient(
      new Playbook({ interceptors: [denying()] }).client(call(1, 'echo', { task: { ttl: 1 } })).take(),
    );
    expect(line.error).toMatchObject({ code: -31001, data: { 'mcp-guard/decision': { reason: 'not_today' } } });
  });

  it('of another request is an error', () => {
    const [line] = sentToClient(
      new Playbook({ interceptors: [denying()] }).client({ id: 1, method: 'resources/list' }).take(),
    );
    expect(line.error).toMatchObject({ code: -32603 });
  });

  it('of a server is -32601 to the server, and the client sees nothing', () => {
    const effects = new Playbook({ interceptors: [denying()] })
      .upstream({ id: 8, method: 'sampling/createMessage', params: {} })
      .take();
    expect(effects.some((effect) => effect.type === 'to_client')).toBe(false);
    expect(sentToServer(effects).map((line) => JSON.parse(line))).toMatchObject([{ id: 8, error: { code: -32601 } }]);
  });

  it('is what a policy that throws says', () => {
    const thrower: Interceptor = {
      name: 'thrower',
      onRequest() {
        throw new Error('bug');
      },
    };
    const book = new Playbook({ interceptors: [thrower] });
    const effects = book.client(call(1)).take();
    expect(sentToServer(effects)).toEqual([]);
    expect(sentToClient(effects)[0].result._meta).toMatchObject({
      'mcp-guard/decision': { reason: 'guard_fault', rule: 'thrower' },
    });
    expect(book.faults).toEqual(['thrower']);
  });
});

describe('a wait', () => {
  function waiting(): { book: Playbook; held: Exchange[]; settled: Settlement[] } {
    const settled: Settlement[] = [];
    const holder: Interceptor = {
      name: 'holder',
      onRequest: () => ({ kind: 'wait', why: 'a person is asked' }),
      onWaited: (_, outcome) => (outcome === 'go' ? PASS : DENY),
    };
    const first: Interceptor = { name: 'first', onSettle: (_, { settlement }) => void settled.push(settlement) };
    const book = new Playbook({ interceptors: [first, holder] });
    return { book, held: [], settled };
  }
  const heldBy = (book: Playbook) => book.session.openList[0] as Exchange;

  it('holds the request, and nothing is recorded or sent', () => {
    const { book } = waiting();
    expect(book.client(call(1)).take()).toEqual([]);
  });

  it('goes on where it stopped', () => {
    const { book } = waiting();
    book.client(call(1)).take();
    const effects = book.event({ type: 'wait_over', request: heldBy(book).view, outcome: 'go' }).take();
    expect(effects.map((effect) => effect.type)).toEqual(['record', 'to_upstream']);
    expect(book.upstream(result(1)).toClient()).toHaveLength(1);
  });

  it('denies where the answer is no', () => {
    const { book, settled } = waiting();
    book.client(call(1)).take();
    const [line] = sentToClient(
      book.event({ type: 'wait_over', request: heldBy(book).view, outcome: 'refused' }).take(),
    );
    expect(line.result.isError).toBe(true);
    expect(settled).toEqual(['denied']);
  });

  it('that is cancelled is settled, never sent, and the cancel stays here', () => {
    const { book, settled } = waiting();
    book.client(call(1)).take();
    const exchange = heldBy(book);
    expect(book.client({ method: 'notifications/cancelled', params: { requestId: 1 } }).toServer()).toEqual([]);
    expect(settled).toEqual(['cancelled']);
    expect(book.event({ type: 'wait_over', request: exchange.view, outcome: 'go' }).toServer()).toEqual([]);
  });

  it('cannot be answered by the server, which never saw the request', () => {
    const { book } = waiting();
    book.client(call(1)).take();
    expect(book.upstream(result(1)).toClient()).toEqual([]);
  });
});

describe('settlement', () => {
  it('comes exactly once to everybody who passed the request, last to first, whatever happens', () => {
    const endings = ['result', 'error', 'cancel', 'exit', 'timeout', 'deny', 'disk', 'ambiguous'] as const;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...endings), fc.constantFrom(...endings)), { minLength: 1, maxLength: 12 }),
        (pairs) => {
          const told: string[] = [];
          let denyNext = false;
          const spy = (name: string): Interceptor => ({
            name,
            onSettle: (request) => void told.push(`${name}:${request.tool}`),
          });
          const last: Interceptor = {
            name: 'last',
            onRequest: () => (denyNext ? DENY : PASS),
            onSettle: (request) => void told.push(`last:${request.tool}`),
          };
          const book = new Playbook({
            interceptors: [spy('a'), spy('b'), last],
            deadline: { idleMs: Number.POSITIVE_INFINITY, hardMs: 100 },
            onExit: 'restart',
            restart: { maxExits: 1000 },
          });
          let answered = 0;
          pairs.forEach(([ending, again], index) => {
            denyNext = ending === 'deny';
            book.diskIsFull = ending === 'disk';
            book.client(call(index, `t${index}`));
            book.diskIsFull = false;
            for (const how of [ending, again]) finish(book, how, index);
            book.event({ type: 'upstream_started', upstream: 'srv', pid: 1 });
            answered = book
              .take()
              .filter(
                (effect) => effect.type === 'to_client' && JSON.parse(textOf(effect.bytes).toString()).id === index,
              ).length;
            const cancelled = ending === 'cancel';
            if (ending !== 'deny' && ending !== 'disk' && answered === 0)
              expect(cancelled || again === 'cancel').toBe(true);
            expect(answered).toBeLessThanOrEqual(1);
            const names = told.filter((one) => one.endsWith(`:t${index}`)).map((one) => one.split(':')[0]);
            if (ending === 'deny') expect(names).toEqual(['b', 'a']);
            else if (names.length > 0) expect(names).toEqual(['last', 'b', 'a']);
          });
          book.exits().event({ type: 'client_ended' });
          book.exits({ kind: 'signalled' });
          expect(new Set(told).size).toBe(told.length);
          expect(book.session.openList).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function finish(book: Playbook, how: string, id: number): void {
  if (how === 'result') book.upstream(result(id));
  else if (how === 'error') book.upstream({ id, error: { code: -32603, message: 'x' } });
  else if (how === 'cancel') book.client({ method: 'notifications/cancelled', params: { requestId: id } });
  else if (how === 'exit') book.exits();
  else if (how === 'timeout') book.at(book.nowMs + 100);
  else if (how === 'ambiguous') book.upstream(`{"jsonrpc":"2.0","id":${id},"result":{"isError":true,"isError":false}}`);
}

describe('the concurrency limit', () => {
  it('refuses what is beyond it, and gives the place back with every ending', () => {
    const book = new Playbook({ interceptors: [createConcurrencyLimit(2)] });
    book.client(call(1)).client(call(2)).take();
    expect(sentToClient(book.client(call(3)).take())[0].result._meta).toMatchObject({
      'mcp-guard/decision': { reason: 'too_many_in_flight' },
    });
    book
      .upstream(result(1))
      .client({ method: 'notifications/cancelled', params: { requestId: 2 } })
      .take();
    expect(book.client(call(4)).client(call(5)).toServer()).toHaveLength(2);
  });
});
