// What a server says on the client's stream (2026-07-28), or beside it: what it was asked for there, and nothing about another server.
import { describe, expect, test } from 'vitest';
import { call, GatewayPlaybook, type Message } from './gateway-playbook.ts';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
const note = (method: string, params: Message = {}, id: unknown = 'l'): Message => ({
  ...{
    method: `notifications/${method}`,
    params: { ...params, ...(id === null ? {} : { _meta: { [SUBSCRIPTION]: id } }) },
  },
});
const bare = (method: string, params: Message = {}): Message => note(method, params, null);
const ack = note('subscriptions/acknowledged', { notifications: {} });
const CHANGED = 'notifications/tools/list_changed';

/** Both servers are up and asked for changes of tools and of `b://r`; `a` works on the request 77. */
const asked = () => {
  const play = new GatewayPlaybook('a', 'b').client({ id: 1, method: 'resources/list', params: { _meta } });
  play.lane('a', { id: 1, result: { resources: [{ uri: 'a://r', name: 'r' }] } });
  play.lane('b', { id: 1, result: { resources: [{ uri: 'b://r', name: 'r' }] } });
  play.client(call(77, 'a__x', { _meta: { ..._meta, progressToken: 'of-a' } }));
  const notifications = { toolsListChanged: true, resourceSubscriptions: ['a://r', 'b://r'], taskIds: ['b:T'] };
  play.client({ id: 'l', method: 'subscriptions/listen', params: { _meta, notifications } }).take();
  return play;
};
const listening = () => {
  const play = asked().lane('a', ack).lane('b', ack);
  play.take();
  return play;
};
const methods = (play: GatewayPlaybook) => play.toClient().map(({ method }) => method);

describe('on its own stream', () => {
  test.each<[string, Message]>([
    ['progress', { progressToken: 'of-a', progress: 99 }],
    ['cancelled', { requestId: 77 }],
    ['cancelled', { requestId: 'other' }],
    ['elicitation/complete', { elicitationId: 'x' }],
    ['message', { level: 'error', data: 'x' }],
    ['initialized', {}],
    ['roots/list_changed', {}],
    ['tasks/all', { taskId: 'T' }],
    ['acme/thing', {}],
  ])('a server says nothing else: %s %j', (method, params) => {
    const play = listening().lane('b', note(method, params));
    const effects = play.take();
    expect(effects.filter(({ type }) => type === 'to_client')).toEqual([]);
    expect(effects).toContainEqual(expect.objectContaining({ type: 'log' }));
  });

  test('it reports on what it works on itself, under the name that the client has for the stream', () => {
    const play = listening();
    // a second request under the id of the stream: `b` knows the stream of this one under an id of the guard's own
    play.client({ id: 'm', method: 'tools/call', params: { name: 'b__x', arguments: {}, _meta } });
    play.client({ id: 'm', method: 'subscriptions/listen', params: { _meta, notifications: {} } });
    const inner = play
      .toLanes()
      .find(([lane, { method }]) => lane === 'b' && method === 'subscriptions/listen')?.[1].id;
    expect(inner).not.toBe('m');
    play.client(call(78, 'b__x', { _meta: { ..._meta, progressToken: 'of-b' } })).take();
    const progress = { progressToken: 'of-b', progress: 1 };
    play.lane('b', note('progress', progress, inner)).lane('b', note('progress', progress, 'm'));
    expect(play.toClient()).toEqual([{ jsonrpc: '2.0', ...note('progress', progress, 'm') }]);
  });

  test('it ends its own part of the stream, and no more', () => {
    const play = listening().lane('b', note('cancelled', { requestId: 'l' }));
    expect(play.toClient()).toEqual([]);
    play.lane('b', note('tools/list_changed')).lane('a', note('tools/list_changed'));
    expect(methods(play)).toEqual([CHANGED]);
  });
});

describe('a change of a list', () => {
  test('that is owed is told, whatever another one says beside the stream', () => {
    const play = listening().lane('a', note('tools/list_changed'));
    expect(methods(play)).toEqual([CHANGED]);
    play.at(play.nowMs + 100).lane('a', note('tools/list_changed'));
    expect(play.toClient()).toEqual([]);
    play.at(play.nowMs + 50).lane('b', bare('tools/list_changed'));
    play.at(play.nowMs + 1000);
    // after the second one, and under the stream
    expect(play.toClient()).toEqual([{ jsonrpc: '2.0', ...note('tools/list_changed') }]);
  });

  test('that a server says beside the stream is told on it, as often as any', () => {
    const play = listening();
    for (let n = 0; n < 10; n += 1) play.lane('b', bare('tools/list_changed'));
    expect(play.toClient()).toEqual([{ jsonrpc: '2.0', ...note('tools/list_changed') }]);
    play.at(play.nowMs + 500);
    expect(methods(play)).toEqual([CHANGED]);
    play.lane('b', bare('prompts/list_changed'));
    expect(play.toClient()).toEqual([]);
  });

  test('before the acknowledgement is told after it, however much another one has said', () => {
    const play = asked().lane('b', ack);
    for (let n = 0; n < 100; n += 1) play.lane('b', note('resources/updated', { uri: 'b://r' }));
    play.lane('a', note('tools/list_changed')).lane('a', note('resources/updated', { uri: 'a://r' }));
    play.at(play.nowMs + 100).lane('a', note('tools/list_changed'));
    play.at(play.nowMs + 1000);
    expect(play.toClient()).toEqual([]);
    const told = methods(play.lane('a', ack));
    expect(told.slice(0, 1)).toEqual(['notifications/subscriptions/acknowledged']);
    expect(told.filter((method) => method === CHANGED)).toHaveLength(1);
    expect(told.filter((method) => method === 'notifications/resources/updated')).toHaveLength(64 + 1);
  });

  test('that only the guard has seen before the acknowledgement is told after it', () => {
    const play = asked().lane('b', ack).lane('b', bare('tools/list_changed'));
    expect(play.toClient()).toEqual([]);
    expect(methods(play.lane('a', ack))).toEqual(['notifications/subscriptions/acknowledged', CHANGED]);
  });
});

test('of a resource nothing is told beside a stream', () => {
  const play = listening().lane('b', bare('resources/updated', { uri: 'b://r' }));
  expect(play.toClient()).toEqual([]);
  play.lane('b', note('resources/updated', { uri: 'b://r' }));
  expect(methods(play)).toEqual(['notifications/resources/updated']);
});
