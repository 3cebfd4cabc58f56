// One client, one server: what passes, in which order, with which record.
import { describe, expect, it } from 'vitest';
import {
  call,
  intents,
  outcomes,
  Playbook,
  recordsOf,
  result,
  SERVER,
  sentToClient,
  sentToServer,
} from './playbook.ts';

describe('a call', () => {
  it('is on record before it leaves, and its outcome before the answer is delivered', () => {
    const book = new Playbook();
    const out = book.client(call(1)).take();
    expect(out.map((effect) => effect.type)).toEqual(['record', 'to_upstream']);
    expect(out[1]).toMatchObject({ needs: recordsOf(out)[0] });
    const back = book.upstream(result(1)).take();
    expect(back.map((effect) => effect.type)).toEqual(['record', 'to_client']);
    expect(back[1]).toMatchObject({ needs: recordsOf(back)[0] });
  });

  it('passes as exactly the bytes that came, both ways', () => {
    const book = new Playbook();
    const asked =
      '{"params":{"arguments":{"n":12345678901234567890,"x":1.0},"name":"echo"},"method":"tools/call", "id":7,"jsonrpc":"2.0"}';
    expect(book.client(asked).toServer()).toEqual([asked]);
    const answered = '{"id":7,"result":{"n":1e400,"content":[]},"x-extra":1,"jsonrpc":"2.0"}';
    expect(book.upstream(answered).toClient()).toEqual([answered]);
  });

  it('is recorded with who asked, what for, and what came of it', () => {
    const book = new Playbook({ model: 'model-7' });
    book.client({
      id: 0,
      method: 'initialize',
      params: { clientInfo: { name: 'host', version: '2' }, protocolVersion: '2025-06-18' },
    });
    book.take();
    const [intent] = intents(book.client(call('a', 'write', { _meta: { traceparent: '00-1' } })).records());
    expect(intent).toMatchObject({
      asked: 'client',
      server: SERVER,
      rpcId: 'a',
      method: 'tools/call',
      subject: 'write',
      decision: 'pass',
      client: 'host/2',
      model: { id: 'model-7', source: 'operator' },
      correlation: { traceparent: '00-1' },
    });
    expect(intent?.payload?.text).toContain('"write"');
    book.nowMs += 250;
    const [outcome] = outcomes(book.upstream(result('a', { content: [], isError: true })).records());
    expect(outcome).toMatchObject({
      intent,
      settlement: 'result',
      isError: true,
      errorCode: undefined,
      durationMs: 250,
    });
    expect(outcome?.payload?.text).toContain('isError');
  });

  it('keeps the three outcomes apart', () => {
    const book = new Playbook();
    book.client(call(1)).client(call(2)).client(call(3)).take();
    const entries = book
      .upstream(result(1))
      .upstream({ id: 2, error: { code: -32603, message: 'x' } })
      .exits()
      .records();
    expect(outcomes(entries).map(({ settlement, errorCode, isError }) => [settlement, errorCode, isError])).toEqual([
      ['result', undefined, false],
      ['error', -32603, undefined],
      ['upstream_exit', undefined, undefined],
    ]);
  });

  it('leaves other requests without their payload on record, and records them all the same', () => {
    const book = new Playbook();
    const [intent] = intents(book.client({ id: 1, method: 'resources/read', params: { uri: 'file:///a' } }).records());
    expect(intent).toMatchObject({ method: 'resources/read', subject: 'file:///a', payload: undefined });
    const [outcome] = outcomes(book.upstream(result(1, { contents: [] })).records());
    expect(outcome).toMatchObject({ settlement: 'result', payload: undefined, isError: undefined });
  });
});

describe('ids', () => {
  it('are typed: an answer under another type belongs to nothing', () => {
    const book = new Playbook();
    book.client(call(7)).take();
    const effects = book.upstream(result('7')).take();
    expect(effects.some((effect) => effect.type === 'to_client')).toBe(false);
    expect(recordsOf(effects)).toMatchObject([{ name: 'answer_dropped' }]);
    expect(book.upstream(result(7)).toClient()).toHaveLength(1);
  });

  it('of client and server are two spaces: 0 and 0 coexist', () => {
    const book = new Playbook();
    book.client(call(0)).upstream({ id: 0, method: 'roots/list' }).take();
    const effects = book.client(result(0, { roots: [] })).take();
    expect(sentToServer(effects)).toEqual(['{"jsonrpc":"2.0","id":0,"result":{"roots":[]}}']);
    expect(book.upstream(result(0)).toClient()).toHaveLength(1);
  });

  it('that a client uses twice at once get a private one upstream, and answers go out in the order of the calls', () => {
    const book = new Playbook();
    const [first, second] = book.client(call(1, 'a')).client(call(1, 'b')).serverHears();
    expect(first.id).toBe(1);
    expect(second).toMatchObject({ params: { name: 'b' } });
    expect(second.id).not.toBe(1);
    expect(book.upstream(result(second.id, { content: [], n: 2 })).toClient()).toEqual([]);
    const lines = book.upstream(result(1, { content: [], n: 1 })).toClient();
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { id: 1, result: { n: 1 } },
      { id: 1, result: { n: 2 } },
    ]);
  });

  it('private ones are of the kind that the client uses', () => {
    const book = new Playbook();
    const lines = book.client(call('x')).client(call('x')).toServer();
    expect(typeof JSON.parse(lines[1] ?? '').id).toBe('string');
  });

  it('free up with the answer', () => {
    const book = new Playbook();
    book.client(call(1)).upstream(result(1)).take();
    expect(JSON.parse(book.client(call(1)).toServer()[0] ?? '').id).toBe(1);
  });
});

describe('ids that somebody tries to make collide', () => {
  it('a private id is never one that is open', () => {
    const book = new Playbook();
    const first = JSON.parse(book.client(call('a')).client(call('a')).toServer()[1] ?? '').id;
    const other = new Playbook();
    const lines = other.client(call(first, 'taken')).client(call('a')).client(call('a', 'second')).toServer();
    const id = JSON.parse(lines[2] ?? '').id;
    expect(id).not.toBe(first);
    expect(other.upstream(result(id, { content: [], n: 2 })).toClient()).toEqual([]);
    expect(other.upstream(result(first, { content: [], n: 0 })).toClient()).toHaveLength(1);
    expect(other.upstream(result('a', { content: [], n: 1 })).toClient()).toHaveLength(2);
  });

  it('a late answer to a cancelled call is not taken for that of the next one under the same id', () => {
    const book = new Playbook();
    book
      .client(call(5, 'slow'))
      .client({ method: 'notifications/cancelled', params: { requestId: 5 } })
      .take();
    const [line] = book.client(call(5, 'fast')).toServer();
    const id = JSON.parse(line ?? '').id;
    expect(id).not.toBe(5);
    expect(book.upstream(result(5, { content: [], slow: true })).toClient()).toEqual([]);
    expect(JSON.parse(book.upstream(result(id, { content: [], fast: true })).toClient()[0] ?? '')).toMatchObject({
      id: 5,
      result: { fast: true },
    });
    // The late answer has come, so the id is free again.
    expect(JSON.parse(book.client(call(5)).toServer()[0] ?? '').id).toBe(5);
  });

  it('does not keep what a request said once it is sent, nor the chain of requests before it', () => {
    const book = new Playbook();
    book.client(call(1, 'a')).client(call(1, 'b'));
    const [first, second] = book.session.openList;
    expect([first?.line, first?.view.params, second?.line]).toEqual([undefined, undefined, undefined]);
    book.upstream(result(1)).take();
    expect(second?.after).toBeUndefined();
  });
});

describe('what a server sends that belongs to nothing', () => {
  it.each([
    ['an answer to no request', { id: 99, result: {} }],
    ['an error to no request', { id: 'zzz', error: { code: 1, message: 'x' } }],
  ])('%s is dropped and counted', (_, message) => {
    const book = new Playbook();
    const effects = book.upstream(message).take();
    expect(effects.some((effect) => effect.type === 'to_client')).toBe(false);
    expect(recordsOf(effects)).toMatchObject([{ type: 'event', name: 'answer_dropped', server: SERVER }]);
  });

  it('a second answer to the same request is dropped', () => {
    const book = new Playbook();
    book.client(call(1)).upstream(result(1)).take();
    expect(book.upstream(result(1)).toClient()).toEqual([]);
  });

  it('is recorded at 1, 2, 4, 8 … times, so that a flood does not fill the trail', () => {
    const book = new Playbook();
    for (let index = 0; index < 100; index += 1) book.upstream({ id: 5000 + index, result: {} });
    expect(book.records().map((entry) => entry.type === 'event' && entry.detail.count)).toEqual([
      1, 2, 4, 8, 16, 32, 64,
    ]);
  });

  it('in ambiguous lines without end is told at 1, 2, 4, 8 … times, and fills neither the trail nor its own input', () => {
    const book = new Playbook();
    const bad = '{"jsonrpc":"2.0","id":77,"method":"ping","params":{"a":1},"params":{"a":2}}';
    for (let index = 0; index < 100; index += 1) book.upstream(bad);
    const effects = book.take();
    expect(recordsOf(effects)).toHaveLength(7);
    expect(sentToServer(effects)).toHaveLength(7);
  });

  it('cannot make the guard remember what it invents', () => {
    const book = new Playbook();
    book.client(call(1, 'echo', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } })).take();
    for (let index = 0; index < 1000; index += 1) book.upstream({ id: index, method: `invented/${index}` });
    expect(book.records()).toHaveLength(10);
  });

  it('an ambiguous answer is replaced by an error for its request', () => {
    const book = new Playbook();
    book.client(call(1)).take();
    const effects = book
      .upstream('{"jsonrpc":"2.0","id":1,"result":{"content":[],"isError":false,"isError":true}}')
      .take();
    const lines = sentToClient(effects);
    expect(lines).toMatchObject([
      { id: 1, result: { isError: true, _meta: { 'mcp-guard/decision': { reason: 'answer_refused' } } } },
    ]);
    expect(outcomes(recordsOf(effects))).toMatchObject([{ settlement: 'refused' }]);
    expect(book.upstream(result(1)).toClient()).toEqual([]);
  });
});

describe('what passes untouched', () => {
  it.each([
    { method: 'notifications/initialized' },
    { method: 'notifications/roots/list_changed', params: {} },
    { method: 'x-vendor/notify', params: { a: 1 } },
  ])('the client notification $method', (message) => {
    const book = new Playbook();
    expect(book.client(message).toServer()).toEqual([JSON.stringify({ jsonrpc: '2.0', ...message })]);
  });

  it.each([
    { method: 'notifications/tools/list_changed' },
    { method: 'notifications/message', params: { level: 'info', data: 1 } },
    { method: 'notifications/progress', params: { progressToken: 'unknown', progress: 1 } },
    {
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 1 } },
    },
  ])('the server notification $method', (message) => {
    const book = new Playbook();
    expect(book.upstream(message).toClient()).toEqual([JSON.stringify({ jsonrpc: '2.0', ...message })]);
  });

  it('a request of a method that nobody knows, and its answer', () => {
    const book = new Playbook();
    expect(book.client({ id: 1, method: 'x-vendor/do', params: { a: 1 } }).toServer()).toHaveLength(1);
    expect(book.upstream({ id: 1, error: { code: -32601, message: 'no' } }).toClient()).toHaveLength(1);
  });
});

describe('a server that asks the client', () => {
  it('is answered, and both sides are on record', () => {
    const book = new Playbook();
    const asked = book.upstream({ id: 3, method: 'sampling/createMessage', params: { messages: [] } }).take();
    expect(intents(recordsOf(asked))).toMatchObject([
      { asked: 'server', method: 'sampling/createMessage', decision: 'pass' },
    ]);
    const answered = book.client(result(3, { role: 'assistant', model: 'm-1' })).take();
    expect(sentToServer(answered)).toHaveLength(1);
    expect(outcomes(recordsOf(answered))).toMatchObject([{ settlement: 'result', payload: undefined }]);
    const [next] = intents(book.client(call(1)).records());
    expect(next?.model).toEqual({ id: 'm-1', source: 'inferred' });
  });

  it('may take its question back', () => {
    const book = new Playbook();
    book.upstream({ id: 3, method: 'elicitation/create', params: {} }).take();
    const effects = book.upstream({ method: 'notifications/cancelled', params: { requestId: 3 } }).take();
    expect(effects.some((effect) => effect.type === 'to_client')).toBe(true);
    expect(outcomes(recordsOf(effects))).toMatchObject([{ settlement: 'cancelled' }]);
    expect(book.client(result(3, {})).toServer()).toEqual([]);
  });

  it('may not reuse the id of an open question', () => {
    const book = new Playbook();
    book.upstream({ id: 3, method: 'roots/list' }).take();
    const effects = book.upstream({ id: 3, method: 'elicitation/create', params: {} }).take();
    expect(effects.some((effect) => effect.type === 'to_client')).toBe(false);
    // Nor is it told so under that id: the error would end the question that is open.
    expect(sentToServer(effects)).toEqual([]);
    expect(recordsOf(effects)).toMatchObject([{ name: 'answer_dropped' }]);
  });

  it('may not ask at all in revision 2026-07-28', () => {
    const book = new Playbook();
    book.client(call(1, 'echo', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } })).take();
    const effects = book.upstream({ id: 3, method: 'sampling/createMessage', params: {} }).take();
    expect(effects.some((effect) => effect.type === 'to_client')).toBe(false);
    expect(recordsOf(effects)).toMatchObject([{ name: 'answer_dropped' }]);
  });

  it('is not answered by what the client makes up', () => {
    const book = new Playbook();
    expect(book.client(result(77, {})).toServer()).toEqual([]);
  });
});

describe('a line of the client that is refused', () => {
  it('is answered where its id is certain, recorded, and not forwarded', () => {
    const book = new Playbook();
    const effects = book
      .client('{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"a","name":"b"}}')
      .take();
    expect(sentToServer(effects)).toEqual([]);
    expect(intents(recordsOf(effects))).toMatchObject([
      {
        decision: 'deny',
        rule: 'strict',
        reason: 'duplicate_key',
        rpcId: 5,
        payload: { text: expect.stringContaining('"b"') },
      },
    ]);
    const answers = sentToClient(effects);
    expect(answers).toMatchObject([
      { id: 5, error: { code: -32600, data: { 'mcp-guard/decision': { record: 'seg:1' } } } },
    ]);
  });

  it('is answered also where it cannot be told what it was, as long as its id is certain', () => {
    const book = new Playbook();
    const [answer] = book.client('{"jsonrpc":"2.0","id":5,"Method":"tools/call","params":{"name":"a"}}').toClient();
    expect(JSON.parse(answer ?? '')).toMatchObject({ id: 5, error: { code: -32600 } });
  });

  it('that is itself an answer is answered by nothing', () => {
    const book = new Playbook();
    expect(book.client('{"jsonrpc":"2.0","id":5,"result":{},"result":{}}').toClient()).toEqual([]);
  });

  it('is answered with -32602 where the call itself is malformed', () => {
    const book = new Playbook();
    const [answer] = book.client('{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":1}}').toClient();
    expect(JSON.parse(answer ?? '')).toMatchObject({ id: 5, error: { code: -32602 } });
  });

  it('is dropped and recorded where no id is certain', () => {
    const book = new Playbook();
    const effects = book.client('{"jsonrpc":"2.0","id":5,"id":6,"method":"tools/call","params":{"name":"a"}}').take();
    expect(effects.map((effect) => effect.type)).toEqual(['record', 'log']);
  });
});
