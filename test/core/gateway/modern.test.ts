// 2026-07-28: discovery, listens, and a client that shakes no hands.
import { expect, test } from 'vitest';
import { call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
};
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const discover = { id: 1, method: 'server/discover', params: { _meta } };
const found = (capabilities: Message, more: Message = {}): Message => ({
  ...{
    supportedVersions: ['2026-07-28', '2027-01-01'],
    capabilities,
    resultType: 'complete',
    ttlMs: 900,
    cacheScope: 'public',
  },
  ...more,
});
const no = { code: -32601, message: 'Method not found' };

test('a probe is answered for all: versions that all have, capabilities of any, and it pins no era', () => {
  const play = new GatewayPlaybook('a', 'b').client(discover);
  play.lane('a', { id: 1, result: found({ tools: {} }) });
  expect(play.toClient()).toEqual([]);
  play.lane('b', {
    id: 1,
    result: found({ prompts: {} }, { supportedVersions: ['2026-07-28'], ttlMs: 100, instructions: 'i' }),
  });
  expect(play.toClient()).toMatchObject([
    {
      id: 1,
      result: {
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: { listChanged: true }, prompts: { listChanged: true } },
        instructions: '## b\n\n> i',
        ...{ resultType: 'complete', ttlMs: 100, cacheScope: 'private' },
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'mcp-guard' } },
      },
    },
  ]);
  play.client({ id: 2, method: 'initialize', params: { protocolVersion: '2025-11-25' } });
  expect(play.toLanes().map(([, { method }]) => method)).toEqual(['initialize', 'initialize']);
});

test('where no server knows it, the client falls back: the answer is a server’s own', () => {
  const play = new GatewayPlaybook('a', 'b').client(discover);
  play.lane('b', { id: 1, error: no }).lane('a', { id: 1, error: { ...no, message: 'from a' } });
  expect(play.toClient()).toEqual([{ jsonrpc: '2.0', id: 1, error: { code: -32601, message: expect.any(String) } }]);
});

test('mixed eras are refused, and the servers that do not fit are named', () => {
  const play = new GatewayPlaybook('a', 'b').client(discover);
  play.lane('a', { id: 1, result: found({ tools: {} }) }).lane('b', { id: 1, error: no });
  expect(play.toClient()).toMatchObject([
    {
      id: 1,
      error: {
        code: -32601,
        message: expect.stringMatching(/mixed eras.*`b`/),
        data: { 'mcp-guard/decision': { reason: 'mixed_eras' } },
      },
    },
  ]);
});

test('the first request opens all servers: nothing is greeted', () => {
  const play = new GatewayPlaybook('a', 'b').client(call(1, 'a__x', { _meta }));
  expect(play.toLanes()).toMatchObject([['a', { method: 'tools/call', params: { name: 'x' } }]]);
});

test('methods of the other era are the servers’ to refuse, and a server that is up stays so', () => {
  const play = new GatewayPlaybook('a').client(call(0, 'a__x', { _meta })).lane('a', { id: 0, result: {} });
  for (const method of ['initialize', 'logging/setLevel', 'ping']) {
    play.take();
    play.client({ id: method, method, params: { _meta } });
    expect(play.toLanes()).toMatchObject([['a', { id: method, method }]]);
    play.lane('a', { id: method, error: no });
    expect(play.toClient()).toMatchObject([{ id: method, error: no }]);
  }
  play
    .client({ id: 2, method: 'initialize', params: { protocolVersion: '2025-11-25' } })
    .lane('a', { id: 2, error: { code: -32022, message: 'modern only' } });
  expect(play.toClient()).toMatchObject([{ id: 2, error: { code: -32022 } }]);
  play.client(call(3, 'a__x', { _meta }));
  expect(play.toLanes()).toMatchObject([['a', { id: 3 }]]);
});

test('a refusal has the shape of the era', () => {
  const refusal = { reason: 'not_approved', rule: 'lock', text: 'no', retryAfterMs: undefined };
  const play = new GatewayPlaybook(laneSettings('a', { refusal })).client(call(1, 'a__x', { _meta }));
  expect(play.toClient()).toMatchObject([{ id: 1, result: { isError: true, resultType: 'complete' } }]);
});

const listen = (notifications: Message, id: number | string = 'l'): Message => ({
  id,
  method: 'subscriptions/listen',
  params: { notifications, _meta },
});
const ack = (id: number | string, notifications: Message): Message => ({
  method: 'notifications/subscriptions/acknowledged',
  params: { notifications, _meta: { [SUBSCRIPTION]: id } },
});
const changed = (id: number | string): Message => ({
  method: 'notifications/tools/list_changed',
  params: { _meta: { [SUBSCRIPTION]: id } },
});
const open = () => new GatewayPlaybook('a', 'b').client(call(0, 'a__x', { _meta })).lane('a', { id: 0, result: {} });

test('a listen is one on every server, with one acknowledgement before anything else', () => {
  const play = open();
  play.take();
  play.client(listen({ toolsListChanged: true }));
  expect(play.toLanes().map(([lane, { id }]) => [lane, id])).toEqual([
    ['a', 'l'],
    ['b', 'l'],
  ]);
  play.lane('a', ack('l', { toolsListChanged: true })).lane('a', changed('l'));
  expect(play.toClient()).toEqual([]);
  play.lane('b', ack('l', {}));
  expect(play.toClient()).toMatchObject([
    { method: 'notifications/subscriptions/acknowledged', params: { notifications: { toolsListChanged: true } } },
    { method: 'notifications/tools/list_changed', params: { _meta: { [SUBSCRIPTION]: 'l' } } },
  ]);
  play.lane('b', changed('l')).lane('b', changed('other'));
  const effects = play.take();
  expect(effects.filter((one) => one.type === 'to_client')).toHaveLength(1);
  expect(effects.some((one) => one.type === 'log' && one.text.includes('nobody listens'))).toBe(true);
});

test('a server hears only of its own resources', () => {
  const play = open();
  play.client({ id: 1, method: 'resources/list', params: { _meta } });
  play
    .lane('a', { id: 1, result: { resources: [{ uri: 'x://a', name: 'a' }] } })
    .lane('b', { id: 1, result: { resources: [{ uri: 'x://b', name: 'b' }] } });
  play.take();
  play.client(listen({ resourceSubscriptions: ['x://a', 'x://b', 'x://new'] }));
  expect(
    play
      .toLanes()
      .map(([lane, { params }]) => [lane, ((params as Message).notifications as Message).resourceSubscriptions]),
  ).toEqual([
    ['a', ['x://a', 'x://new']],
    ['b', ['x://b', 'x://new']],
  ]);
  play.lane('a', ack('l', { resourceSubscriptions: ['x://a'] })).lane('b', ack('l', {}));
  expect(play.toClient()).toMatchObject([{ params: { notifications: { resourceSubscriptions: ['x://a'] } } }]);
});

test('a server that ends and comes back listens again, and the change is told', () => {
  const play = open().client(listen({ toolsListChanged: true }));
  play
    .lane('a', ack('l', { toolsListChanged: true }))
    .lane('b', ack('l', { toolsListChanged: true }))
    .take();
  play.event({ type: 'lane_away', lane: 'a' }).lane('a', { id: 'l', error: { code: -32603, message: 'exited' } });
  expect(play.toClient()).toMatchObject([changed('l')]);
  play.event({ type: 'lane_back', lane: 'a' });
  const effects = play.take();
  expect(effects.map((one) => one.type)).toEqual(['to_lane', 'to_client']);
  play.lane('a', ack('l', { toolsListChanged: true }));
  expect(play.toClient()).toEqual([]);
});

test('a server that does not acknowledge holds nothing up for long', () => {
  const play = open().client(listen({ toolsListChanged: true }));
  play.lane('a', ack('l', { toolsListChanged: true })).take();
  play.at(play.nowMs + 5000);
  expect(play.toClient().map(({ method }) => method)).toEqual(['notifications/subscriptions/acknowledged']);
});

test('the client ends its listen on all servers; the end of the session ends it in good order', () => {
  const play = open().client(listen({ toolsListChanged: true }));
  play.lane('a', ack('l', {})).lane('b', ack('l', {})).take();
  play.client(listen({ toolsListChanged: true }, 'm')).take();
  play.client({ method: 'notifications/cancelled', params: { requestId: 'l', _meta } });
  expect(play.toLanes().map(([lane, { method }]) => [lane, method])).toEqual([
    ['a', 'notifications/cancelled'],
    ['b', 'notifications/cancelled'],
  ]);
  play.event({ type: 'client_ended' });
  expect(play.toClient()).toMatchObject([
    { id: 'm', result: { resultType: 'complete', _meta: { [SUBSCRIPTION]: 'm' } } },
  ]);
});

test('a listen keeps no server that is stopped when idle', () => {
  const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 })).client(listen({ toolsListChanged: true }));
  play.lane('a', ack('l', {}));
  expect(play.gateway.wakeAtMs).toBe(2000);
});
