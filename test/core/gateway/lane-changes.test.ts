// Another config while the session runs: servers that come, leave, come back, are renewed or called by another prefix; who waits for what,
// what the client is told, and that nothing new goes to who has left.
import { describe, expect, test } from 'vitest';
import type { GatewayEffect } from '../../../src/core/gateway/events.ts';
import { ALL, call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';
import { are, welcome } from './lane-messages.ts';

const REFUSED = { reason: 'not_approved', rule: 'lock', text: 'nobody has approved it', retryAfterMs: undefined };
const typesOf = (effects: readonly GatewayEffect[]) => effects.map(({ type }) => type);
const lanesOf = (effects: readonly GatewayEffect[], type: 'start_lane' | 'end_lane') =>
  effects.flatMap((one) => (one.type === type ? [one.lane] : []));
const changesOf = (messages: readonly Message[]) =>
  messages.flatMap(({ method }) => (String(method).endsWith('list_changed') ? [String(method)] : []));
const idOfGreeting = (effects: readonly GatewayEffect[]) => {
  const greeting = effects.find((one) => one.type === 'to_lane');
  return greeting?.type === 'to_lane' && greeting.line.message.kind === 'request' ? greeting.line.message.id : '';
};
const TOLD = ['tools', 'prompts', 'resources'].map((list) => `notifications/${list}/list_changed`);

describe('a server that leaves', () => {
  test('answers what it was asked, gets nothing more, and is ended then', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(call(1, 'a__x'));
    play.take();
    are(play, ['b']);
    expect(changesOf(play.toClient())).toEqual(TOLD);
    play.client(call(2, 'a__x')).client({ id: 3, method: 'tools/list' });
    const effects = play.take();
    expect(lanesOf(effects, 'end_lane')).toEqual([]);
    expect(effects.flatMap((one) => (one.type === 'to_lane' ? [one.lane] : []))).toEqual(['b']);
    play.client({ method: 'notifications/cancelled', params: { requestId: 9 } });
    play.take();
    play.lane('a', { id: 1, result: { late: true } });
    const end = play.take();
    expect(typesOf(end)).toEqual(['to_client', 'end_lane']);
    expect(lanesOf(end, 'end_lane')).toEqual(['a']);
    play.event({ type: 'lane_ended', lane: 'a' }).client(call(4, 'a__x'));
    expect(play.toClient()).toMatchObject([{ id: 4, error: { code: -32602, message: 'Unknown tool: a__x' } }]);
  });

  test('is no longer whose resources, tasks and subscriptions go by', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client({ id: 1, method: 'resources/list' });
    play.lane('a', { id: 1, result: { resources: [{ uri: 'x://1', name: 'x' }] } });
    play.lane('b', { id: 1, result: { resources: [] } });
    play.client({ id: 2, method: 'resources/subscribe', params: { uri: 'x://1' } }).lane('a', { id: 2, result: {} });
    are(play, ['b']).take();
    play.client({ id: 3, method: 'resources/read', params: { uri: 'x://1' } });
    expect(play.toLanes()).toMatchObject([['b', { method: 'resources/read' }]]);
  });

  test.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])(
    'leaves its tasks to nobody: %s of one, or of no form, is unknown where `b` alone has tasks',
    (method) => {
      for (const sole of [[], ['b']]) {
        const play = new GatewayPlaybook('a').greet(ALL, 'a');
        are(play, sole);
        are(play, ['b']);
        play.event({ type: 'lane_ended', lane: 'a' });
        play.lane('b', { id: 0, result: { protocolVersion: '2025-11-25', capabilities: ALL } }).take();
        for (const taskId of ['a:T', 'T', 'never:T']) {
          const effects = play.client({ id: 4, method, params: { taskId } }).take();
          expect(effects.filter(({ type }) => type === 'to_lane')).toEqual([]);
          const answer = effects.find(({ type }) => type === 'to_client');
          const bytes = answer?.type === 'to_client' ? answer.bytes : undefined;
          expect(String(typeof bytes === 'function' ? bytes() : bytes)).toContain('"message":"Unknown task"');
        }
      }
    },
  );

  test('is not asked again for what it turned out to have while it was leaving', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(call(1, 'a__x'));
    play.client({ id: 2, method: 'resources/read', params: { uri: 'y://1' } }).take();
    are(play, ['b'])
      .lane('a', { id: 2, result: { contents: [] } })
      .take();
    play.client({ id: 3, method: 'resources/read', params: { uri: 'y://1' } });
    const effects = play.take();
    expect(effects.flatMap((one) => (one.type === 'to_lane' ? [one.lane] : []))).toEqual(['b']);
  });

  test('while it starts is ended at once, and what waits for it is refused', () => {
    const play = new GatewayPlaybook(laneSettings('a', { start: 'on-demand' }), 'b').greet(ALL, 'b');
    play.client(call(1, 'a__x')).take();
    are(play, ['b']);
    const effects = play.take();
    expect(lanesOf(effects, 'end_lane')).toEqual(['a']);
    const answers = effects.flatMap((one) =>
      one.type === 'to_client' && typeof one.bytes === 'function' ? [JSON.parse(String(one.bytes())) as Message] : [],
    );
    expect(answers).toMatchObject([
      { id: 1, result: { isError: true, content: [{ text: expect.stringContaining('not in the config any more') }] } },
    ]);
    play.event({ type: 'lane_ended', lane: 'a' });
    expect(lanesOf(play.take(), 'start_lane')).toEqual([]);
  });

  test('that never ran is forgotten, and the end of the session ends those that are leaving', () => {
    const play = new GatewayPlaybook(laneSettings('a', { start: 'on-demand' }), 'b', 'c').greet(ALL, 'b', 'c');
    play.client(call(1, 'b__x')).take();
    are(play, ['c']);
    expect(lanesOf(play.take(), 'end_lane')).toEqual([]);
    expect(() => play.event({ type: 'lane_back', lane: 'a' })).toThrow('no lane is called a');
    play.event({ type: 'client_ended' });
    expect(lanesOf(play.take(), 'end_lane').sort()).toEqual(['b', 'c']);
  });

  test('and comes back before it has ended goes on; after that it is started again', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(call(1, 'a__x'));
    are(play, ['b']);
    are(play, ['a', 'b']).take();
    play.client(call(2, 'a__y'));
    expect(play.toLanes()).toMatchObject([['a', { id: 2 }]]);
    play.lane('a', { id: 1, result: {} }).lane('a', { id: 2, result: {} });
    are(play, ['b']);
    expect(lanesOf(play.take(), 'end_lane')).toEqual(['a']);
    are(play, ['a', 'b']);
    expect(play.client(call(3, 'a__z')).toLanes()).toEqual([]);
    play.event({ type: 'lane_ended', lane: 'a' });
    const start = play.take();
    expect(lanesOf(start, 'start_lane')).toEqual(['a']);
    play.lane('a', welcome(idOfGreeting(start)));
    expect(play.toLanes().map(([, { method, id }]) => id ?? method)).toEqual(['notifications/initialized', 3]);
  });
});

describe('a server that comes', () => {
  test('is started, greeted and listed in its place once it is up; nobody waits for it', () => {
    const play = new GatewayPlaybook('b').greet(ALL, 'b');
    are(play, ['a', 'b']);
    const start = play.take();
    expect(lanesOf(start, 'start_lane')).toEqual(['a']);
    play
      .client({ id: 1, method: 'tools/list' })
      .lane('b', { id: 1, result: { tools: [{ name: 'x', inputSchema: { type: 'object' } }] } });
    expect(play.toClient()).toMatchObject([{ id: 1, result: { tools: [{ name: 'b__x' }] } }]);
    play.lane('a', welcome(idOfGreeting(start)));
    expect(changesOf(play.toClient())).toEqual(TOLD);
    play.client({ id: 2, method: 'tools/list' });
    for (const lane of ['b', 'a'])
      play.lane(lane, { id: 2, result: { tools: [{ name: 'x', inputSchema: { type: 'object' } }] } });
    expect(play.toClient()).toMatchObject([{ result: { tools: [{ name: 'a__x' }, { name: 'b__x' }] } }]);
  });

  test('on demand is started by the first call', () => {
    const play = new GatewayPlaybook('b').greet(ALL, 'b');
    are(play, ['b', laneSettings('a', { start: 'on-demand' })]);
    const effects = play.take();
    expect([lanesOf(effects, 'start_lane'), typesOf(effects)]).toEqual([[], ['to_client']]);
    expect(lanesOf(play.client(call(1, 'a__x')).take(), 'start_lane')).toEqual(['a']);
  });

  test('and is not approved is answered for with why; once it is, it is started', () => {
    const play = new GatewayPlaybook(laneSettings('a', { refusal: REFUSED }), 'b').greet(ALL, 'b');
    are(play, [laneSettings('a', { refusal: { ...REFUSED, text: 'still not' } }), 'b']);
    expect(lanesOf(play.take(), 'start_lane')).toEqual([]);
    play.client(call(1, 'a__x'));
    expect(play.toClient()).toMatchObject([
      { result: { isError: true, content: [{ text: expect.stringContaining('still not') }] } },
    ]);
    are(play, ['a', 'b']);
    expect(lanesOf(play.take(), 'start_lane')).toEqual(['a']);
  });

  test('under a prefix that another has is an error, and everything stays as it was', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
    expect(() => are(play, ['a', laneSettings('c', { prefix: 'a__' })])).toThrow('one prefix');
    expect(play.client(call(1, 'b__x')).toLanes()).toMatchObject([['b', { params: { name: 'x' } }]]);
  });
});

describe('a server whose entry is another', () => {
  test('is called by its new prefix, and the client is told', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
    are(play, [laneSettings('a', { prefix: 'p_' }), 'b']);
    expect(changesOf(play.toClient())).toEqual(TOLD);
    expect(play.gateway.prefixOf('a')).toBe('p_');
    play.client(call(1, 'p_x')).client(call(2, 'a__x'));
    expect(play.take().flatMap((one) => (one.type === 'to_lane' ? [one.lane] : []))).toEqual(['a']);
  });

  test('and which was given up is tried at once by its new command, and by no other', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
    play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
    expect(play.gateway.wakeAtMs).toBe(61_000);
    are(play, ['a', 'b']);
    expect(lanesOf(play.take(), 'start_lane')).toEqual([]);
    are(play, ['a', 'b'], 'a');
    expect(lanesOf(play.take(), 'start_lane')).toEqual(['a']);
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('and which is just being given up is started when that is over', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').event({ type: 'lane_gone', lane: 'a', why: 'x' });
    are(play, ['a', 'b'], 'a');
    expect(lanesOf(play.take(), 'start_lane')).toEqual([]);
    play.event({ type: 'lane_ended', lane: 'a' });
    expect(lanesOf(play.take(), 'start_lane')).toEqual(['a']);
  });

  test('and which is stopped is not shown from memory any more', () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 })).greet(ALL, 'a');
    play
      .client({ id: 1, method: 'tools/list' })
      .lane('a', { id: 1, result: { tools: [{ name: 'old', inputSchema: { type: 'object' } }] } });
    play.at(3000).event({ type: 'lane_ended', lane: 'a' }).take();
    are(play, [laneSettings('a', { idleStopMs: 1000 })], 'a');
    expect(changesOf(play.toClient())).toEqual(TOLD);
    expect(lanesOf(play.client({ id: 2, method: 'tools/list' }).take(), 'start_lane')).toEqual(['a']);
  });
});

describe('the client is told', () => {
  const lists = (play: GatewayPlaybook) => changesOf(play.toClient());

  test('of a list that a policy has changed, by whichever server, each once; not of one that has left', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(call(1, 'b__x'));
    play.take();
    expect(lists(play.event({ type: 'lane_list', lane: 'a', list: 'prompts' }))).toEqual([TOLD[1]]);
    are(play, ['a']).take();
    expect(lists(play.event({ type: 'lane_list', lane: 'b', list: 'tools' }))).toEqual([]);
  });

  test('what the guard has to say, whichever servers run, as loud as it wants to hear', () => {
    const play = new GatewayPlaybook('a').client({ id: 0, method: 'initialize', params: { capabilities: {} } });
    const say = (text: string) => play.event({ type: 'guard_said', level: 'warn', text }).toClient();
    expect(say('too early')).toEqual([]);
    play.lane('a', { id: 0, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} } } });
    expect(play.toClient()).toMatchObject([{ id: 0, result: { capabilities: { logging: {} } } }]);
    play.client({ method: 'notifications/initialized' });
    play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).take();
    expect(say('`a` is down')).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'warning', logger: 'mcp-guard', data: '`a` is down' },
      },
    ]);
    play.client({ id: 5, method: 'logging/setLevel', params: { level: 'error' } });
    expect(play.toClient()).toMatchObject([{ id: 5, result: {} }]);
    expect(say('quiet')).toEqual([]);
  });
});
