// What nobody lists and what nobody knows: who is asked, for how long, and who is asked after that. Exactly one answer each time.
import { describe, expect, test } from 'vitest';
import { ALL, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';
import { welcome } from './lane-messages.ts';

const read: Message = { id: 5, method: 'resources/read', params: { uri: 'x://1' } };
const unknown: Message = { id: 5, method: 'x/do', params: {} };
const subscribe: Message = { id: 5, method: 'resources/subscribe', params: { uri: 'x://1' } };
const complete: Message = {
  ...{ id: 5, method: 'completion/complete' },
  params: { ref: { type: 'ref/resource', uri: 'x://{y}' }, argument: { name: 'y', value: '' } },
};
const has = (from: string, id: unknown = 5): Message => ({ id, result: { from } });
const no = (code: number, id: unknown = 5): Message => ({ id, error: { code, message: 'no' } });
const away = (id: unknown = 5): Message => ({ id, error: { code: -32603, message: 'no answer in time' } });
const slow = { startTimeoutMs: 100 };
const greeting = { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } };
const asked = (play: GatewayPlaybook, method: unknown) =>
  play.toLanes().flatMap(([lane, message]) => (message.method === method ? [lane] : []));

/** Both have been started, and neither is up when the client is greeted. */
function bothStart(): GatewayPlaybook {
  const play = new GatewayPlaybook(laneSettings('a', slow), laneSettings('b', slow)).client(greeting);
  play.at(play.nowMs + 100).client({ method: 'notifications/initialized' });
  play.take();
  return play;
}

describe('of two that both start', () => {
  test.each([
    ['a method that nobody knows', unknown],
    ['a read of what nobody lists', read],
    ['a wish to hear of it', subscribe],
  ])('%s goes to the other when the first does not come up in time', (_, request) => {
    const play = bothStart().client(request);
    expect(asked(play, request.method)).toEqual([]);
    play.lane('b', welcome());
    // a server that nobody has sent it yet has no say in it, whatever id it guesses
    play.lane('a', has('a'));
    expect(play.toClient().filter(({ id }) => id === 5)).toEqual([]);
    while (play.nowMs < 31_200) {
      play.at(play.gateway.wakeAtMs);
      const all = play.toLanes().filter(([, { method }]) => method === request.method);
      if (all.length > 0) expect(all).toMatchObject([['b', { id: 5 }]]);
      if (all.length > 0) break;
    }
    const effects = play.lane('b', has('b')).take();
    expect(effects).toMatchObject([{ type: 'to_client', bytes: expect.anything() }]);
    expect(String(Reflect.get(effects[0] ?? {}, 'bytes'))).toContain('{"from":"b"}');
    // it comes up after all: it is not asked any more
    play.lane('a', welcome()).at(play.nowMs + 60_000);
    expect(asked(play, request.method)).toEqual([]);
    play.lane('a', has('a')).lane('b', has('b'));
    expect(play.toClient().filter(({ id }) => id === 5)).toEqual([]);
  });

  test('where neither comes up, the answer names the first, and there is one', () => {
    const play = bothStart().client(unknown);
    const answers: Message[] = [];
    for (let round = 0; round < 4 && play.gateway.wakeAtMs < 200_000; round += 1)
      answers.push(...play.at(play.gateway.wakeAtMs).toClient());
    expect(answers.filter(({ id }) => id === 5)).toMatchObject([
      { error: { message: expect.stringContaining('`a`'), data: { 'mcp-guard/decision': { reason: 'server_down' } } } },
    ]);
  });
});

describe('of one that is up and hangs', () => {
  const up = (...more: string[]) =>
    new GatewayPlaybook(...['a', 'b', ...more].map((one) => laneSettings(one, slow))).greet(ALL, 'a', 'b', ...more);

  test.each([
    ['a read', read],
    ['a completion', complete],
  ])('%s goes to the next as well; whoever has it first answers, and the others are told', (_, request) => {
    const play = up('c').client(request);
    expect(asked(play, request.method)).toEqual(['a']);
    expect(asked(play.at(play.nowMs + 99), request.method)).toEqual([]);
    expect(asked(play.at(play.nowMs + 1), request.method)).toEqual(['b']);
    play.lane('b', no(-32002));
    expect(asked(play, request.method)).toEqual(['c']);
    play.lane('c', has('c'));
    const effects = play.take();
    expect(effects.filter(({ type }) => type === 'to_client')).toHaveLength(1);
    expect(effects).toContainEqual(expect.objectContaining({ type: 'to_lane', lane: 'a' }));
    play.lane('a', has('a')).at(play.nowMs + 60_000);
    expect(play.toClient()).toEqual([]);
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('what is withdrawn is cancelled under the id that the server knows', () => {
    const play = up();
    play.client({ id: 5, method: 'tools/call', params: { name: 'a__x', arguments: {} } }).client(read);
    const [, [, mine] = ['', {}]] = play.toLanes();
    expect(mine.id).not.toBe(5);
    play.at(play.nowMs + 100);
    const [[, other] = ['', {}]] = play.toLanes();
    play.lane('b', has('b', other.id));
    expect(play.toLanes()).toMatchObject([
      ['a', { method: 'notifications/cancelled', params: { requestId: mine.id } }],
    ]);
  });

  test('its late answer counts as long as nobody else has one', () => {
    const play = up().client(read);
    play.at(play.nowMs + 100).lane('b', no(-32002));
    expect(play.toClient()).toEqual([]);
    play.lane('a', has('a'));
    expect(play.toClient()).toMatchObject([{ id: 5, result: { from: 'a' } }]);
  });

  test('its own deadline is the answer where all the others say no, and cuts off none that is still asked', () => {
    const play = up('c').client(read);
    play
      .at(play.nowMs + 100)
      .lane('b', no(-32002))
      .lane('a', away());
    expect(play.toClient()).toEqual([]);
    play.lane('c', no(-32601));
    expect(play.toClient()).toMatchObject([{ id: 5, error: { code: -32603 } }]);
    play.client({ ...read, id: 6 });
    play.at(play.nowMs + 100).lane('a', away(6));
    expect(play.toClient()).toEqual([]);
    play.lane('b', has('b', 6));
    expect(play.toClient()).toMatchObject([{ id: 6, result: { from: 'b' } }]);
  });

  test('a “no” that comes late asks nobody out of turn', () => {
    const play = up('c').client(read);
    play.take();
    play.at(play.nowMs + 100).lane('a', no(-32002));
    expect(asked(play, 'resources/read')).toEqual(['b']);
    play.lane('b', no(-32002));
    expect(asked(play, 'resources/read')).toEqual(['c']);
    play.lane('c', no(-32002, 5));
    expect(play.toClient()).toMatchObject([{ id: 5, error: { code: -32002 } }]);
  });

  test.each([
    ['a method that nobody knows', unknown],
    ['a subscription', subscribe],
  ])('%s goes to nobody else: it may have been done', (_, request) => {
    const play = up().client(request);
    play.take();
    play.at(play.nowMs + 60_000);
    expect(play.toLanes()).toEqual([]);
    play.lane('a', away());
    expect(play.toLanes()).toEqual([]);
  });

  test('the client takes it back from all that were asked, and the end waits for none of them', () => {
    const play = up().client(read);
    play.at(play.nowMs + 100).take();
    play.client({ method: 'notifications/cancelled', params: { requestId: 5 } });
    expect(asked(play, 'notifications/cancelled')).toEqual(['a', 'b']);
    play.lane('a', has('a')).lane('b', has('b'));
    expect(play.toClient()).toEqual([]);
    play.event({ type: 'client_ended' });
    expect(play.take().filter(({ type }) => type === 'end_lane')).toHaveLength(2);
  });

  test('one whose session ends over it is passed over by a read, and ends anything else', () => {
    for (const [request, expected] of [
      [read, { result: { from: 'b' } }],
      [unknown, { error: { data: { 'mcp-guard/decision': { reason: 'server_down' } } } }],
    ] as const) {
      const play = up().client(request);
      play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
      play.lane('b', has('b'));
      expect(play.toClient().filter(({ id }) => id === 5)).toMatchObject([expected]);
      play.event({ type: 'client_ended' });
      expect(play.take().some((one) => one.type === 'end_lane' && one.lane === 'b')).toBe(true);
    }
  });
});

test('what a server lists and its scope hides is asked of that server alone, and of nobody where it is down', () => {
  const play = new GatewayPlaybook('a', 'b');
  play.hides = (lane, uri) => lane === 'b' && uri === 'x://1';
  play.greet(ALL, 'a', 'b').client(read);
  expect(asked(play, 'resources/read')).toEqual(['b']);
  play.lane('b', no(-32002)).client({ ...subscribe, id: 6 });
  expect(asked(play, 'resources/subscribe')).toEqual(['b']);
  play.event({ type: 'lane_gone', lane: 'b', why: 'x' }).event({ type: 'lane_ended', lane: 'b' }).take();
  play.client({ ...read, id: 7 });
  expect(play.toClient()).toEqual([
    { jsonrpc: '2.0', id: 7, error: { code: -32002, message: 'Resource not found: x://1' } },
  ]);
  play.client({ ...read, id: 8, params: { uri: 'x://2' } });
  expect(asked(play, 'resources/read')).toEqual(['a']);
});
