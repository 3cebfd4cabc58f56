// `list_changed` only where the list that the client has is another, or may be, and once in a turn.
import { describe, expect, test } from 'vitest';
import { ALL, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';
import { CHANGED, list, tools } from './lane-messages.ts';

const told = (play: GatewayPlaybook) => play.toClient().filter(({ method }) => method === CHANGED).length;

test('one that never was in a list is tried again and again without a word', () => {
  const play = new GatewayPlaybook('a', 'b').client({ id: 0, method: 'initialize', params: { capabilities: {} } });
  play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
  play.lane('b', { id: 0, result: { protocolVersion: '2025-11-25', capabilities: ALL, serverInfo: { name: 'b' } } });
  play.client({ method: 'notifications/initialized' }).take();
  play.client(list(1)).lane('b', { id: 1, result: { tools: tools('x') } });
  expect(told(play)).toBe(0);
  for (let round = 0; round < 3; round += 1) {
    play.at(play.gateway.wakeAtMs);
    play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
    expect(told(play)).toBe(0);
  }
});

test('one that has ended and is given up then is told of once; that it is back, once', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(list(1));
  play
    .lane('a', { id: 1, result: { tools: tools('x') } })
    .lane('b', { id: 1, result: { tools: [] } })
    .take();
  expect(told(play.event({ type: 'lane_away', lane: 'a' }))).toBe(1);
  play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
  expect(told(play)).toBe(0);
});

test('one that had no tools takes none with it', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(list(1));
  play
    .lane('a', { id: 1, result: { tools: [] } })
    .lane('b', { id: 1, result: { tools: tools('x') } })
    .take();
  expect(told(play.event({ type: 'lane_away', lane: 'a' }))).toBe(0);
  expect(told(play.event({ type: 'lane_back', lane: 'a' }))).toBe(1);
});

test('a client that says all of its greeting at once is told of no list with the answer, and of one that comes later', () => {
  const play = new GatewayPlaybook('a', laneSettings('late', { startTimeoutMs: 1_000 }), 'b');
  const answer = (lane: string) =>
    play.lane(lane, {
      id: 0,
      result: { protocolVersion: '2025-11-25', capabilities: ALL, serverInfo: { name: lane } },
    });
  play.client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } });
  play.client({ method: 'notifications/initialized' }).take();
  answer('a').at(play.nowMs + 1_000);
  expect(play.toClient()).toEqual([]);
  answer('b');
  expect(play.toClient().map(({ id, method }) => method ?? id)).toEqual([0]);
  expect(told(answer('late'))).toBe(1);
  expect(told(play.event({ type: 'lane_away', lane: 'a' }))).toBe(1);
  expect(told(play.event({ type: 'lane_back', lane: 'a' }))).toBe(1);
});

test('a client that has left is told of nothing, whatever its servers do as they end', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(list(1));
  play.lane('a', { id: 1, result: { tools: tools('x') } }).lane('b', { id: 1, result: { tools: tools('y') } });
  play.client({ id: 2, method: 'tools/call', params: { name: 'b__y', arguments: {} } });
  play.event({ type: 'client_ended' }).take();
  play.lane('a', { method: CHANGED });
  play.event({ type: 'lane_list', lane: 'b', list: 'tools' });
  play.event({ type: 'lane_away', lane: 'a' }).event({ type: 'lane_back', lane: 'a' });
  play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
  expect(play.toClient()).toEqual([]);
  // what it is owed it gets
  play.lane('b', { id: 2, result: { content: [] } }).event({ type: 'lane_ended', lane: 'b' });
  expect(play.toClient()).toMatchObject([{ id: 2, result: { content: [] } }]);
});

test('a server that was stopped and is woken has the list that is shown', () => {
  const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 }), 'b').greet(ALL, 'a', 'b').client(list(1));
  play.lane('a', { id: 1, result: { tools: tools('x') } }).lane('b', { id: 1, result: { tools: [] } });
  play.at(play.nowMs + 1000).event({ type: 'lane_ended', lane: 'a' });
  play.client({ id: 2, method: 'tools/call', params: { name: 'a__x', arguments: {} } });
  const greeting = play.toLanes().find(([, { method }]) => method === 'initialize')?.[1];
  play.lane('a', { id: greeting?.id, result: { protocolVersion: '2025-11-25', capabilities: ALL } });
  expect(play.toLanes().map(([, { method }]) => method)).toContain('tools/call');
  expect(told(play)).toBe(0);
});

test('one that comes up while a list is asked for, and is in it, is not told of', () => {
  const lanes = [laneSettings('a', { start: 'on-demand' }), laneSettings('b')];
  const play = new GatewayPlaybook(...lanes).greet(ALL, 'b').client(list(1));
  const greeting = play.toLanes().find(([, { method }]) => method === 'initialize')?.[1];
  play.lane('a', { id: greeting?.id, result: { protocolVersion: '2025-11-25', capabilities: ALL } });
  play.lane('a', { id: 1, result: { tools: tools('x') } }).lane('b', { id: 1, result: { tools: [] } });
  expect(told(play)).toBe(0);
});

test('one that comes up meanwhile and is not in it is told of after it, also where the client takes it back', () => {
  for (const end of [
    { lane: 'b', message: { id: 1, result: { tools: tools('y') } } },
    { lane: undefined, message: { method: 'notifications/cancelled', params: { requestId: 1 } } },
  ]) {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').event({ type: 'lane_away', lane: 'a' });
    play.take();
    play.client(list(1)).event({ type: 'lane_back', lane: 'a' });
    expect(told(play)).toBe(0);
    if (end.lane === undefined) play.client(end.message);
    else play.lane(end.lane, end.message);
    expect(told(play)).toBe(1);
  }
});

test('one that ends while a list is asked for, and is in it, is told of after it', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(list(1));
  play
    .lane('a', { id: 1, result: { tools: tools('x') } })
    .event({ type: 'lane_away', lane: 'a' })
    .take();
  play.lane('b', { id: 1, result: { tools: [] } });
  const seen = play.toClient();
  expect(seen.map(({ id, method }) => method ?? id)).toEqual([1, CHANGED]);
});

test('several changes in one turn are one word, and none where a server has just said so itself', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
  const now = { wallMs: 0, monoMs: play.nowMs };
  const turn = (...events: Parameters<typeof play.gateway.handle>[0][]) => [
    ...events.flatMap((event) => play.gateway.handle(event, now)),
    ...play.gateway.endTurn(now),
  ];
  const changed = { type: 'lane_list', lane: 'a', list: 'tools' } as const;
  const own = {
    type: 'lane_line',
    lane: 'b',
    bytes: Buffer.from(`{"jsonrpc":"2.0","method":"${CHANGED}"}\n`),
  } as const;
  expect(turn(changed, { ...changed, lane: 'b' }, changed).filter(({ type }) => type === 'to_client')).toHaveLength(1);
  expect(turn(changed, own).filter(({ type }) => type === 'to_client')).toHaveLength(1);
  expect(turn(changed).filter(({ type }) => type === 'to_client')).toHaveLength(1);
});

describe('a server that says so all the time', () => {
  const says = (play: GatewayPlaybook, lane: string, method = CHANGED, params?: Message) =>
    play.lane(lane, { method, ...(params === undefined ? {} : { params }) });

  test('is heard at once, then so often and no more; its last word is never lost, and nobody else waits for it', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
    let heard = 0;
    for (let ms = 0; ms < 10_000; ms += 1) {
      play.at(play.nowMs + 1);
      heard += told(says(play, 'a'));
      // another list, and another server, have a say of their own
      if (ms !== 700) continue;
      expect(told(says(play, 'b'))).toBe(1);
      expect(says(play, 'a', 'notifications/prompts/list_changed').toClient()).toHaveLength(1);
    }
    expect(heard).toBeGreaterThan(10);
    expect(heard).toBeLessThan(22);
    const dueMs = play.gateway.wakeAtMs;
    expect(dueMs).toBeLessThanOrEqual(play.nowMs + 500);
    expect(told(play.at(dueMs))).toBe(1);
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('is told of with what the client hears in between', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
    expect(told(says(says(play, 'a'), 'a'))).toBe(1);
    expect(told(says(play, 'b'))).toBe(1);
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
    says(play, 'a').event({ type: 'lane_list', lane: 'b', list: 'tools' });
    expect(told(play)).toBe(1);
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('in 2026-07-28 likewise, on the stream that asks for it', () => {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const stream = { _meta: { 'io.modelcontextprotocol/subscriptionId': 'l' } };
    const play = new GatewayPlaybook('a').client({
      ...{ id: 'l', method: 'subscriptions/listen' },
      params: { notifications: { toolsListChanged: true }, _meta },
    });
    const notifications = { toolsListChanged: true };
    says(play, 'a', 'notifications/subscriptions/acknowledged', { notifications, ...stream }).take();
    for (let times = 0; times < 50; times += 1) says(play, 'a', CHANGED, stream);
    expect(play.toClient()).toMatchObject([{ method: CHANGED, params: stream }]);
    expect(play.at(play.gateway.wakeAtMs).toClient()).toMatchObject([{ method: CHANGED, params: stream }]);
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});
