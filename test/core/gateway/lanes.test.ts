// Servers that are slow, down, stopped and back: who waits, who does not, and what the client is told.
import { describe, expect, test } from 'vitest';
import { ALL, call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

const hello = (id: number | string = 0): Message => ({
  id,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
});
const welcome = (id: number | string, name: string, more: Message = {}): Message => ({
  id,
  result: { protocolVersion: '2025-11-25', capabilities: ALL, serverInfo: { name, version: '1' }, ...more },
});
const ready = { method: 'notifications/initialized' };
const effectsOf = (play: GatewayPlaybook, type: string) => play.take().filter((one) => one.type === type);
const changed = (messages: readonly Message[]) =>
  messages.map(({ method }) => method).filter((method) => String(method).endsWith('list_changed'));

describe('the greeting', () => {
  test('is one of all: capabilities united, the oldest revision, instructions under headings', () => {
    const play = new GatewayPlaybook('a', 'b').client(hello());
    expect(play.toLanes().map(([lane, { id, method }]) => [lane, id, method])).toEqual([
      ['a', 0, 'initialize'],
      ['b', 0, 'initialize'],
    ]);
    play.lane(
      'b',
      welcome(0, 'b', {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {}, resources: { subscribe: true } },
        instructions: 'be kind',
      }),
    );
    expect(play.toClient()).toEqual([]);
    play.lane('a', welcome(0, 'a', { capabilities: { tools: {}, logging: {} }, instructions: '## b\nhidden' }));
    expect(play.toClient()).toMatchObject([
      {
        id: 0,
        result: {
          protocolVersion: '2025-06-18',
          capabilities: {
            tools: { listChanged: true },
            logging: {},
            resources: { subscribe: true, listChanged: true },
          },
          serverInfo: { name: 'mcp-guard', version: '9.9.9' },
          instructions: '## a\n\n> ## b\n> hidden\n\n## b\n\n> be kind',
        },
      },
    ]);
    play.client(ready);
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a', 'b']);
  });

  test('does not wait for a server that is slow: what it offered before is announced, and it is told of when it is there', () => {
    const play = new GatewayPlaybook('a', laneSettings('b', { startTimeoutMs: 100, known: ['prompts'] })).client(
      hello(),
    );
    play.lane('a', welcome(0, 'a', { capabilities: { tools: {} } }));
    expect(play.toClient()).toEqual([]);
    play.at(1100);
    expect(play.toClient()).toMatchObject([{ result: { capabilities: { tools: {}, prompts: {} } } }]);
    play.client(ready).client({ id: 1, method: 'tools/list' });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a', 'a']);
    play.client(call(2, 'b__x'));
    expect(play.toLanes()).toEqual([]);
    play.lane('b', welcome(0, 'b', { capabilities: { prompts: {} } }));
    const effects = play.take();
    expect(
      effects.filter((one) => one.type === 'to_lane').map((one) => one.type === 'to_lane' && one.line.message),
    ).toMatchObject([{ method: 'notifications/initialized' }, { method: 'tools/call' }]);
    expect(effects.some((one) => one.type === 'to_client' && String(one.bytes).includes('prompts/list_changed'))).toBe(
      true,
    );
  });

  test('of a server that exits before it answers is not waited for, and is said again when it is back', () => {
    const play = new GatewayPlaybook('a', 'b').client(hello());
    play.event({ type: 'lane_away', lane: 'b' }).lane('b', { id: 0, error: { code: -32603, message: 'exited' } });
    play.lane('a', welcome(0, 'a'));
    expect(play.toClient()).toMatchObject([{ id: 0, result: {} }]);
    play.client(ready).client(call(1, 'b__x'));
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a']);
    play.event({ type: 'lane_back', lane: 'b' });
    const [[, again] = []] = play.toLanes();
    expect(again?.method).toBe('initialize');
    play.lane('b', welcome(again?.id as number, 'b'));
    expect(play.toLanes().map(([, { method }]) => method)).toEqual(['notifications/initialized', 'tools/call']);
  });

  test('fails where nobody is there', () => {
    const play = new GatewayPlaybook('a', 'b').client(hello());
    for (const lane of ['a', 'b'])
      play
        .event({ type: 'lane_gone', lane, why: 'no such file' })
        .lane(lane, { id: 0, error: { code: -32603, message: 'x' } });
    expect(play.toClient()).toMatchObject([
      { id: 0, error: { code: -32603, message: expect.stringContaining('`a`: no such file; `b`: no such file') } },
    ]);
  });

  test('a server that refuses it is left out, and not asked again', () => {
    const play = new GatewayPlaybook('a', 'b').client(hello());
    play.lane('a', { id: 0, error: { code: -32022, message: 'only 2026-07-28' } }).lane('b', welcome(0, 'b'));
    const effects = play.take();
    expect(effects.some((one) => one.type === 'end_lane' && one.lane === 'a')).toBe(true);
    play.client(ready).event({ type: 'lane_ended', lane: 'a' }).client(call(1, 'a__x'));
    expect(play.toClient()).toMatchObject([
      { id: 1, result: { isError: true, content: [{ text: expect.stringContaining('only 2026-07-28') }] } },
    ]);
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('what servers say before it is answered comes after it', () => {
    const play = new GatewayPlaybook('a', 'b').client(hello()).lane('a', welcome(0, 'a'));
    play.lane('a', { method: 'notifications/message', params: { level: 'info', data: 'early' } });
    expect(play.toClient()).toEqual([]);
    play.lane('b', welcome(0, 'b'));
    expect(play.toClient().map(({ id, method }) => id ?? method)).toEqual([0, 'notifications/message']);
  });

  test('requests that come before it wait for it', () => {
    const play = new GatewayPlaybook('a')
      .client(hello())
      .client({ id: 1, method: 'tools/list' })
      .client(call(2, 'a__x'));
    expect(play.toLanes().map(([, { method }]) => method)).toEqual(['initialize']);
    play.lane('a', welcome(0, 'a'));
    expect(play.toLanes().map(([, { method }]) => method)).toEqual(['tools/list', 'tools/call']);
  });
});

describe('a server that', () => {
  const started = () => new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');

  test('is away is missing from lists, its calls go to its session, and both changes are told', () => {
    const play = started().event({ type: 'lane_away', lane: 'a' });
    expect(changed(play.toClient())).toHaveLength(3);
    play.client({ id: 1, method: 'tools/list' }).client(call(2, 'a__x'));
    expect(play.toLanes().map(([lane, { method }]) => [lane, method])).toEqual([
      ['b', 'tools/list'],
      ['a', 'tools/call'],
    ]);
    play.event({ type: 'lane_back', lane: 'a' });
    // of the list that is asked for now nothing is said before it is there
    expect(changed(play.toClient())).toHaveLength(2);
    play.lane('b', { id: 1, result: { tools: [] } });
    expect(changed(play.toClient())).toEqual(['notifications/tools/list_changed']);
  });

  test('has given up refuses its calls at once, is tried again later, and greeted anew', () => {
    const play = started();
    play.client({ id: 1, method: 'resources/subscribe', params: { uri: 'x://1' } });
    play.lane('a', { id: 1, result: {} }).take();
    play.event({ type: 'lane_gone', lane: 'a', why: 'too often' });
    expect(effectsOf(play, 'end_lane')).toHaveLength(1);
    play.client(call(2, 'a__x'));
    expect(play.toClient()).toMatchObject([
      { id: 2, result: { isError: true, _meta: { 'mcp-guard/decision': { reason: 'server_down' } } } },
    ]);
    play.event({ type: 'lane_ended', lane: 'a' });
    play.client(call(3, 'a__x')).client(call(4, 'b__x'));
    const effects = play.take();
    expect(
      effects.some(
        (one) =>
          one.type === 'record' &&
          one.entry.type === 'intent' &&
          one.entry.server === 'a' &&
          one.entry.decision === 'deny',
      ),
    ).toBe(true);
    expect(effects.some((one) => one.type === 'to_lane' && one.lane === 'b')).toBe(true);
    expect(play.gateway.wakeAtMs).toBe(61_000);
    play.at(61_000);
    const again = play.take();
    expect(again.map((one) => one.type)).toEqual(['start_lane', 'to_lane']);
    const greeting = again[1];
    const id =
      greeting?.type === 'to_lane' && greeting.line.message.kind === 'request' ? greeting.line.message.id : undefined;
    play.client({ id: 5, method: 'tools/list' }).take();
    play.lane('a', welcome(id ?? '', 'a'));
    expect(play.toLanes()).toMatchObject([
      ['a', { method: 'notifications/initialized' }],
      ['a', { method: 'resources/subscribe', params: { uri: 'x://1' } }],
    ]);
  });

  test('is down asks nobody, and answers to what it asked go nowhere', () => {
    const ask = { id: 0, method: 'sampling/createMessage', params: {} };
    const play = started().lane('a', ask);
    const [question] = play.toClient();
    play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).lane('a', ask);
    expect(play.toClient().filter(({ method }) => method === 'sampling/createMessage')).toEqual([]);
    play.event({ type: 'lane_ended', lane: 'a' }).client({ id: question?.id, result: {} });
    expect(play.toLanes()).toEqual([]);
  });

  test('gives up again and again is tried less and less often', () => {
    const play = started();
    const gaps: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
      gaps.push((play.gateway.wakeAtMs - play.nowMs) / 1000);
      play.at(play.gateway.wakeAtMs);
    }
    expect(gaps).toEqual([60, 120, 240, 480, 600, 600]);
  });

  test('may not come back is not tried again', () => {
    const play = new GatewayPlaybook(laneSettings('a', { comesBack: false }), 'b').greet(ALL, 'a', 'b');
    play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('is not approved is never started, and says what to run', () => {
    const refusal = {
      reason: 'not_approved',
      rule: 'lock',
      text: 'run `mcp-guard scope approve`',
      retryAfterMs: undefined,
    };
    const play = new GatewayPlaybook(laneSettings('a', { refusal }), 'b').greet(ALL, 'b').client(call(1, 'a__x'));
    expect(play.toClient()).toMatchObject([
      { id: 1, result: { isError: true, content: [{ text: expect.stringContaining('scope approve') }] } },
    ]);
  });

  test('takes nothing more refuses new requests, and hears of cancellations', () => {
    const play = started().client(call(1, 'a__x')).event({ type: 'lane_full', lane: 'a' });
    play.take();
    play.client(call(2, 'a__x')).client(call(3, 'b__x'));
    const effects = play.take();
    expect(effects.filter((one) => one.type === 'to_lane').map((one) => one.type === 'to_lane' && one.lane)).toEqual([
      'b',
    ]);
    play.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a']);
    play.event({ type: 'lane_room', lane: 'a' }).client(call(4, 'a__x'));
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a']);
  });
});

describe('on demand', () => {
  const demand = (more = {}) =>
    new GatewayPlaybook('a', laneSettings('b', { start: 'on-demand', idleStopMs: 1000, ...more })).greet(ALL, 'a');

  test('a server is started by the first call for it, and not before', () => {
    const play = demand();
    play.client(call(1, 'a__x'));
    expect(effectsOf(play, 'start_lane')).toEqual([]);
    play.client(call(2, 'b__x'));
    const effects = play.take();
    expect(effects.map((one) => one.type)).toEqual(['start_lane', 'to_lane']);
    const id =
      effects[1]?.type === 'to_lane' && effects[1].line.message.kind === 'request' ? effects[1].line.message.id : '';
    play.lane('b', welcome(id, 'b'));
    expect(play.toLanes().map(([, { method }]) => method)).toEqual(['notifications/initialized', 'tools/call']);
  });

  test('what waits for one that does not come up is refused after a while; a cancelled one is not sent', () => {
    const play = demand().client(call(1, 'b__x')).client(call(2, 'b__y'));
    const start = play.take();
    play.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(play.toLanes()).toEqual([]);
    play.at(1000 + 30_000);
    expect(play.toClient()).toMatchObject([{ id: 2, result: { isError: true } }]);
    const greeting = start.find((one) => one.type === 'to_lane');
    const id = greeting?.type === 'to_lane' && greeting.line.message.kind === 'request' ? greeting.line.message.id : '';
    play.lane('b', welcome(id, 'b'));
    expect(play.toLanes().map(([, { method }]) => method)).toEqual(['notifications/initialized']);
  });

  test('an unused one is stopped, its lists stay, and a call brings it back', () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 })).greet(ALL, 'a');
    play
      .client({ id: 1, method: 'tools/list' })
      .lane('a', { id: 1, result: { tools: [{ name: 'x', inputSchema: { type: 'object' } }] } })
      .take();
    expect(play.gateway.wakeAtMs).toBe(2000);
    play.client(call(2, 'a__x')).at(2000);
    expect(effectsOf(play, 'end_lane')).toEqual([]);
    play.lane('a', { id: 2, result: {} }).at(2001);
    expect(effectsOf(play, 'end_lane')).toHaveLength(1);
    play.client(call(3, 'a__x'));
    expect(play.toLanes()).toEqual([]);
    play.event({ type: 'lane_ended', lane: 'a' });
    expect(play.take().map((one) => one.type)).toEqual(['start_lane', 'to_lane']);
  });

  test('lists of a stopped one come from memory, and do not wake it', () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 })).greet(ALL, 'a');
    play
      .client({ id: 1, method: 'tools/list' })
      .lane('a', { id: 1, result: { tools: [{ name: 'x', inputSchema: { type: 'object' } }] } })
      .at(3000);
    play.event({ type: 'lane_ended', lane: 'a' }).take();
    play.client({ id: 2, method: 'tools/list' });
    expect(play.toClient()).toMatchObject([{ id: 2, result: { tools: [{ name: 'a__x' }] } }]);
    play.client({ id: 3, method: 'prompts/list' });
    expect(effectsOf(play, 'start_lane')).toHaveLength(1);
  });

  test('one that works on a task, or is listened to, is not stopped', () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 })).greet(ALL, 'a');
    play
      .client(call(1, 'a__x', { task: {} }))
      .lane('a', { id: 1, result: { task: { taskId: 'T', status: 'working' } } });
    expect(play.gateway.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('what is held is bounded', () => {
  test('for a server that starts', () => {
    const play = new GatewayPlaybook(laneSettings('a', { start: 'on-demand' }), 'b').greet(ALL, 'b');
    for (let n = 1; n <= 2001; n += 1) play.client(call(n, 'a__x'));
    expect(play.toClient()).toMatchObject([
      { id: 2001, result: { isError: true, _meta: { 'mcp-guard/decision': { reason: 'server_away' } } } },
    ]);
    const big = { arguments: { text: 'x'.repeat(9 * 1024 * 1024) } };
    const other = new GatewayPlaybook(laneSettings('a', { start: 'on-demand' })).greet(ALL);
    other.client(call(1, 'a__x', big)).client(call(2, 'a__x', big));
    expect(other.toClient()).toMatchObject([{ id: 2, result: { isError: true } }]);
  });

  test('for a client that waits for its greeting', () => {
    const play = new GatewayPlaybook('a', 'b').client(hello()).lane('a', welcome(0, 'a'));
    for (let n = 0; n < 300; n += 1) play.lane('a', { method: 'notifications/message', params: { data: n } });
    play.lane('b', welcome(0, 'b'));
    expect(play.toClient()).toHaveLength(1 + 256);
  });
});

describe('the end', () => {
  test('servers hear of it once nothing waits for them', () => {
    const play = new GatewayPlaybook('a', laneSettings('b', { start: 'on-demand' }))
      .greet(ALL, 'a')
      .client(call(1, 'b__x'));
    const start = play.take().find((one) => one.type === 'to_lane');
    play.event({ type: 'client_ended' });
    expect(effectsOf(play, 'end_lane')).toEqual([]);
    const id = start?.type === 'to_lane' && start.line.message.kind === 'request' ? start.line.message.id : '';
    play.lane('b', welcome(id, 'b'));
    const effects = play.take();
    expect(effects.map((one) => one.type)).toEqual(['to_lane', 'to_lane', 'end_lane', 'end_lane']);
    play.lane('b', { id: 1, result: { late: true } });
    expect(play.toClient()).toMatchObject([{ id: 1, result: { late: true } }]);
  });

  test('is not held up for ever', () => {
    const play = new GatewayPlaybook('a').client(hello()).event({ type: 'client_ended' });
    play.take();
    play.at(1000 + 30_000);
    expect(effectsOf(play, 'end_lane')).toHaveLength(1);
  });
});
