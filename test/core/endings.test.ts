// The other ends of an exchange: cancelled, too late, the server gone, the client gone.
import { describe, expect, it } from 'vitest';
import {
  call,
  INITIALIZE,
  outcomes,
  Playbook,
  recordsOf,
  result,
  sentToClient,
  sentToServer,
  textOf,
} from './playbook.ts';

const NEVER = Number.POSITIVE_INFINITY;

describe('a cancelled call', () => {
  it('is settled, the server is told, and a late answer goes nowhere', () => {
    const book = new Playbook();
    book.client(call(1)).take();
    const cancelled = { method: 'notifications/cancelled', params: { requestId: 1, reason: 'user' } };
    const effects = book.client(cancelled).take();
    expect(sentToServer(effects)).toEqual([JSON.stringify({ jsonrpc: '2.0', ...cancelled })]);
    expect(outcomes(recordsOf(effects))).toMatchObject([{ settlement: 'cancelled' }]);
    expect(book.upstream(result(1)).toClient()).toEqual([]);
  });

  it('goes upstream under the private id where it had one, and every other byte stays', () => {
    const book = new Playbook();
    const [, second] = book.client(call(1)).client(call(1)).toServer();
    const id = JSON.parse(second ?? '').id;
    const [line] = book
      .client('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"é", "requestId": 1}}')
      .toServer();
    expect(line).toBe(
      `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"reason":"é", "requestId": ${id}}}`,
    );
  });

  it('lets the one behind it under the same id be answered', () => {
    const book = new Playbook();
    const [, second] = book.client(call(1)).client(call(1)).toServer();
    const id = JSON.parse(second ?? '').id;
    // The newest under an id is the one that a cancel means; the first is cancelled when it is the only one left.
    book.client({ method: 'notifications/cancelled', params: { requestId: 1 } }).take();
    expect(book.upstream(result(id)).toClient()).toEqual([]);
    expect(book.upstream(result(1)).toClient()).toHaveLength(1);
  });

  it('leaves the earlier ones under the same id their turn: a third is answered after the first', () => {
    const book = new Playbook();
    book.client(call(1)).client(call(1)).take();
    book.client({ method: 'notifications/cancelled', params: { requestId: 1 } }).take();
    const [line] = book.client(call(1)).toServer();
    const third = JSON.parse(line ?? '').id;
    expect(third).not.toBe(1);
    expect(book.upstream(result(third, { content: [], n: 3 })).toClient()).toEqual([]);
    const answers = book.upstream(result(1, { content: [], n: 1 })).toClient();
    expect(answers.map((answer) => JSON.parse(answer).result.n)).toEqual([1, 3]);
  });

  it('of the one in the middle lets nobody overtake the first', () => {
    const book = new Playbook();
    const [, second, third] = book
      .client(call(1))
      .client(call(1))
      .client(call(1))
      .serverHears()
      .map(({ id }) => id);
    // The third has its answer, which is held; the newest that is open is the second.
    expect(book.upstream(result(third, { content: [], n: 3 })).toClient()).toEqual([]);
    const [cancel] = book.client({ method: 'notifications/cancelled', params: { requestId: 1 } }).toServer();
    expect(JSON.parse(cancel ?? '').params.requestId).toBe(second);
    const [line] = book.client(call(1)).toServer();
    const fourth = JSON.parse(line ?? '').id;
    expect(book.upstream(result(fourth, { content: [], n: 4 })).toClient()).toEqual([]);
    const answers = book.upstream(result(1, { content: [], n: 1 })).toClient();
    expect(answers.map((answer) => JSON.parse(answer).result.n)).toEqual([1, 3, 4]);
  });

  it('that nobody knows passes: it may have crossed its answer', () => {
    expect(
      new Playbook().client({ method: 'notifications/cancelled', params: { requestId: 9 } }).toServer(),
    ).toHaveLength(1);
  });
});

describe('a deadline', () => {
  it('answers the client, then tells the server, and drops the late answer', () => {
    const book = new Playbook({ deadline: { idleMs: NEVER, hardMs: 100 } });
    book.client(call(1)).take();
    // Half-way it is looked whether the server lives.
    expect(book.session.wakeAtMs).toBe(1050);
    expect(book.at(1050).toServer()).toHaveLength(1);
    expect(book.session.wakeAtMs).toBe(1100);
    expect(book.at(1099).take()).toEqual([]);
    const effects = book.at(1100).take();
    expect(effects.map((effect) => effect.type)).toEqual(['record', 'to_client', 'to_upstream']);
    const [, answer, cancel] = effects;
    const line = answer?.type === 'to_client' ? JSON.parse(textOf(answer.bytes).toString()) : undefined;
    expect(line).toMatchObject({
      id: 1,
      result: { isError: true, _meta: { 'mcp-guard/decision': { reason: 'deadline', rule: 'deadline.hardMs' } } },
    });
    expect(cancel?.type === 'to_upstream' && JSON.parse(textOf(cancel.bytes).toString())).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: 1 },
    });
    expect(book.upstream(result(1)).toClient()).toEqual([]);
  });

  it('for silence starts anew with progress, the hard one does not', () => {
    const book = new Playbook({ deadline: { idleMs: 100, hardMs: 250 } });
    book.client(call(1, 'echo', { _meta: { progressToken: 't' } })).take();
    book
      .at(1090)
      .upstream({ method: 'notifications/progress', params: { progressToken: 't', progress: 1 } })
      .take();
    expect(book.at(1150).toClient()).toEqual([]);
    book
      .at(1180)
      .upstream({ method: 'notifications/progress', params: { progressToken: 't', progress: 2 } })
      .take();
    const [line] = book.at(1250).toClient();
    expect(line).toContain('deadline.hardMs');
  });

  it('for silence ends a call that shows no sign of life', () => {
    const book = new Playbook({ deadline: { idleMs: 100, hardMs: NEVER } });
    book.client(call(1)).take();
    expect(book.at(1100).toClient()[0]).toContain('deadline.idleMs');
  });

  it('for silence stands still while the server waits for a person', () => {
    const book = new Playbook({ deadline: { idleMs: 100, hardMs: NEVER } });
    book.client(call(1)).upstream({ id: 0, method: 'elicitation/create', params: {} }).take();
    expect(book.at(1500).toClient()).toEqual([]);
    book.client(result(0, { action: 'accept' })).take();
    expect(book.at(1590).toClient()).toEqual([]);
    expect(book.at(1700).toClient()[0]).toContain('deadline.idleMs');
  });

  it('drops late progress of what it ended, and keeps other progress', () => {
    const book = new Playbook({ deadline: { idleMs: NEVER, hardMs: 100 } });
    book
      .client(call(1, 'echo', { _meta: { progressToken: 't' } }))
      .at(1100)
      .take();
    expect(
      book.upstream({ method: 'notifications/progress', params: { progressToken: 't', progress: 1 } }).toClient(),
    ).toEqual([]);
    expect(
      book.upstream({ method: 'notifications/progress', params: { progressToken: 'u', progress: 1 } }).toClient(),
    ).toHaveLength(1);
  });

  it('holds for calls only: a subscription may stay open for ever', () => {
    const book = new Playbook({ deadline: { idleMs: 1, hardMs: 1 } });
    book.client({ id: 1, method: 'subscriptions/listen', params: {} }).take();
    expect(book.session.wakeAtMs).toBe(NEVER);
  });
});

describe('a server that exits', () => {
  it('leaves every open exchange answered exactly once, calls in words and others as errors, and ends the session', () => {
    const book = new Playbook();
    book.client(call(1)).client({ id: 'r', method: 'resources/list' }).take();
    const effects = book.exits({ status: 137, text: 'signal SIGKILL', kind: 'signalled' }).take();
    const lines = sentToClient(effects);
    expect(lines).toMatchObject([
      { id: 1, result: { isError: true } },
      { id: 'r', error: { code: -32603 } },
    ]);
    expect(lines[0].result.content[0].text).toContain('signal SIGKILL');
    expect(effects.at(-1)).toMatchObject({ type: 'finish', exit: { status: 137 } });
  });

  it('takes its own open questions with it', () => {
    const book = new Playbook();
    book.upstream({ id: 4, method: 'elicitation/create', params: {} }).take();
    expect(book.exits().clientHears()).toMatchObject([{ method: 'notifications/cancelled', params: { requestId: 4 } }]);
  });

  it('that never started is told to the first request, and then the session ends', () => {
    const book = new Playbook();
    const first = book.exits({ kind: 'unstartable', status: 69, text: '`nope` was not found' }).take();
    expect(first.some((effect) => effect.type === 'finish')).toBe(false);
    const effects = book.client(INITIALIZE).take();
    const lines = sentToClient(effects);
    expect(lines).toMatchObject([
      { id: 0, error: { code: -32603, message: expect.stringContaining('`nope` was not found') } },
    ]);
    expect(sentToServer(effects)).toEqual([]);
    expect(effects.at(-1)).toMatchObject({ type: 'finish', exit: { status: 69 } });
  });

  it('on `server/discover` is shielded: the client falls back on the same pipe, to a new server', () => {
    const book = new Playbook();
    book
      .client({
        id: 1,
        method: 'server/discover',
        params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
      })
      .take();
    const effects = book.exits().take();
    const lines = sentToClient(effects);
    expect(lines).toMatchObject([{ id: 1, error: { code: -32601 } }]);
    expect(effects.some((effect) => effect.type === 'finish')).toBe(false);
    expect(effects.at(-1)).toMatchObject({ type: 'start_upstream', delayMs: 0 });
    expect(book.client(INITIALIZE).toServer()).toEqual([]);
    expect(
      book
        .starts()
        .serverHears()
        .map(({ method }) => method),
    ).toEqual(['initialize']);
  });
});

describe('a client that leaves', () => {
  it('is not blamed for a server that ends by itself', () => {
    const book = new Playbook();
    book.client(call(1)).event({ type: 'client_ended' }).take();
    const effects = book.exits({ kind: 'signalled', status: 134, text: 'signal SIGABRT' }).take();
    expect(outcomes(recordsOf(effects)).map((one) => one.settlement)).toEqual(['upstream_exit']);
    expect(
      effects.flatMap((effect) => (effect.type === 'to_client' ? [textOf(effect.bytes).toString()] : []))[0],
    ).toContain('signal SIGABRT');
  });

  it('has its open calls answered in words that blame nobody, its subscription ended in good order, and hears no cancel', () => {
    const book = new Playbook();
    book.client(call(1)).client({ id: 'listen:0', method: 'subscriptions/listen', params: {} });
    book.upstream({ id: 4, method: 'roots/list' }).event({ type: 'client_ended' }).take();
    const effects = book.exits({ kind: 'signalled', status: 143, text: 'signal SIGTERM', byGuard: true }).take();
    expect(outcomes(recordsOf(effects)).map((one) => one.settlement)).toEqual([
      'client_gone',
      'client_gone',
      'client_gone',
    ]);
    const lines = sentToClient(effects);
    expect(lines).toMatchObject([
      { id: 1, result: { isError: true, _meta: { 'mcp-guard/decision': { reason: 'session_ended' } } } },
      {
        id: 'listen:0',
        result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 'listen:0' } },
      },
    ]);
    expect(lines).toHaveLength(2);
  });

  it('by the guard is told as such, with why, and put on record as another end than that of a client', () => {
    const because = 'its tenant is suspended';
    const book = new Playbook();
    book.client(call(1)).event({ type: 'client_ended', because }).take();
    const effects = book.exits({ kind: 'signalled', status: 143, text: 'signal SIGTERM', byGuard: true }).take();
    expect(outcomes(recordsOf(effects)).map((one) => one.settlement)).toEqual(['session_ended']);
    const [text = ''] = effects.flatMap((effect) =>
      effect.type === 'to_client' ? [textOf(effect.bytes).toString()] : [],
    );
    expect(text).toContain('"reason":"session_ended"');
    expect(text).toContain('mcp-guard ended this session before `srv` answered, because its tenant is suspended;');
    expect(text).not.toContain('The client closed');
  });

  it('by the guard while the server comes back is told as such, too', () => {
    const book = new Playbook({ onExit: 'restart' });
    book.client(call(1)).exits({ kind: 'exited', status: 1, text: 'code 1' }).client(call(2)).take();
    const effects = book.event({ type: 'client_ended', because: 'mcp-guard was told to end' }).take();
    expect(outcomes(recordsOf(effects)).map((one) => one.settlement)).toEqual(['upstream_exit']);
  });

  it('stops the server, whose exit then ends the session', () => {
    const book = new Playbook({ onExit: 'restart' });
    book.client(call(1)).take();
    expect(book.event({ type: 'client_ended' }).take()).toMatchObject([{ type: 'stop_upstream', upstream: 'srv' }]);
    expect(book.upstream(result(1)).toClient()).toHaveLength(1);
    expect(book.exits({ status: 0, text: 'code 0' }).take().at(-1)).toMatchObject({
      type: 'finish',
      exit: { status: 0 },
    });
  });
});
