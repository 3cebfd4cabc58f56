// One server against another: what it can read, steer or tell of what is not its own. Nothing.
import { describe, expect, test } from 'vitest';
import type { GatewayEffect } from '../../../src/core/gateway/events.ts';
import { ALL, call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

const started = (...lanes: string[]) => new GatewayPlaybook(...lanes).greet(ALL, ...lanes);
const two = () => started('a', 'b');
const toLane = (effects: readonly GatewayEffect[]): [string, Message][] =>
  effects.flatMap((one): [string, Message][] =>
    one.type === 'to_lane' ? [[one.lane, JSON.parse(one.line.text) as Message]] : [],
  );
/** Only messages to the client that it has not asked for. */
const told = (play: GatewayPlaybook): Message[] => play.toClient().filter(({ id }) => id === undefined);
const are = (play: GatewayPlaybook, ...lanes: readonly (string | ReturnType<typeof laneSettings>)[]) =>
  play.event({
    type: 'lanes_are',
    lanes: lanes.map((one) => (typeof one === 'string' ? laneSettings(one) : one)),
    renewed: new Set(),
  });

describe('tasks of the client', () => {
  /** The client works for `a` on the task `ct`. */
  const working = () => {
    const play = two().lane('a', { id: 'e', method: 'elicitation/create', params: { message: 'm', task: {} } });
    const [question] = play.toClient();
    play.client({ id: question?.id, result: { task: { taskId: 'ct', status: 'working' } } }).take();
    return play;
  };

  test.each(['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'])('%s is for who has caused it', (method) => {
    const play = working().lane('b', { id: 'q', method, params: { taskId: 'ct' } });
    const effects = play.take();
    expect(effects.filter(({ type }) => type === 'to_client')).toEqual([]);
    expect(toLane(effects)).toMatchObject([['b', { id: 'q', error: { code: -32602 } }]]);
    play.lane('a', { id: 'q', method, params: { taskId: 'ct' } });
    expect(play.toClient()).toMatchObject([{ method, params: { taskId: 'ct' } }]);
  });

  test('no other method about tasks passes', () => {
    const play = working().lane('b', { id: 'q', method: 'tasks/all', params: {} });
    expect(play.toClient()).toEqual([]);
  });

  test('a list of them holds those of the server that asks', () => {
    const play = working();
    for (const [lane, tasks] of [
      ['a', [{ taskId: 'ct' }]],
      ['b', []],
    ] as const) {
      play.lane(lane, { id: 'l', method: 'tasks/list' });
      const [question] = play.toClient();
      play.client({ id: question?.id, result: { tasks: [{ taskId: 'ct' }, { taskId: 'x' }, 5] } });
      expect(play.toLanes()).toEqual([[lane, { jsonrpc: '2.0', id: 'l', result: { tasks } }]]);
    }
  });

  test('the word on one goes to who has caused it, and else to nobody', () => {
    const play = working();
    for (const taskId of ['ct', 'x']) play.client({ method: 'notifications/tasks/status', params: { taskId } });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a']);
  });
});

describe('tasks of a server', () => {
  test('an id under an escaped key is prefixed like any other', () => {
    const play = two().client(call(1, 'b__x', { task: {} }));
    play.lane('b', '{"jsonrpc":"2.0","id":1,"result":{"task":{"task\\u0049d":"a:victim","status":"working"}}}');
    expect(play.toClient()).toMatchObject([{ result: { task: { taskId: 'b:a:victim' } } }]);
    play.lane('b', '{"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"\\u0074askId":"a:victim"}}');
    expect(play.toClient()).toMatchObject([{ params: { taskId: 'b:a:victim' } }]);
    play.lane(
      'b',
      '{"jsonrpc":"2.0","id":"q","method":"ping","params":{"_meta":{"io.modelcontextprotocol/related-task":{"t\\u0061skId":"a:v"}}}}',
    );
    const related = { 'io.modelcontextprotocol/related-task': { taskId: 'b:a:v' } };
    expect(play.toClient()).toMatchObject([{ params: { _meta: related } }]);
  });
});

describe('notices', () => {
  const updated = (uri: string): Message => ({ method: 'notifications/resources/updated', params: { uri } });

  test('of a resource come from its server only, as long as it is known whose it is', () => {
    const play = two().client({ id: 1, method: 'resources/list' });
    play.lane('a', { id: 1, result: { resources: [{ uri: 'a://r', name: 'r' }] } });
    play.lane('b', { id: 1, result: { resources: [] } }).take();
    play.lane('b', updated('a://r'));
    expect(told(play)).toEqual([]);
    play.lane('a', updated('a://r')).lane('b', updated('b://sub'));
    expect(told(play).map(({ params }) => (params as Message).uri)).toEqual(['a://r', 'b://sub']);
  });

  test('that a person is done come from the server that has sent them', () => {
    const complete = (elicitationId: string): Message => ({
      ...{ method: 'notifications/elicitation/complete', params: { elicitationId } },
    });
    const play = two().lane('a', { id: 1, method: 'elicitation/create', params: { mode: 'url', elicitationId: 'e1' } });
    play.client(call(2, 'a__x'));
    play.lane('a', { id: 2, error: { code: -32042, message: 'm', data: { elicitations: [{ elicitationId: 'e2' }] } } });
    play.take();
    play.lane('b', complete('e1')).lane('b', complete('e2'));
    expect(told(play)).toEqual([]);
    play.lane('a', complete('e1')).lane('a', complete('e2'));
    expect(told(play)).toHaveLength(2);
  });

  test('and questions of a server that has left reach nobody, its progress does', () => {
    const play = two().client(call(1, 'a__x', { _meta: { progressToken: 'p' } }));
    are(play, 'b').take();
    play
      .lane('a', { id: 7, method: 'roots/list' })
      .lane('a', { method: 'notifications/message', params: { level: 'error', data: 'x' } });
    expect(play.toClient()).toEqual([]);
    play.lane('a', { method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } });
    play.lane('a', { id: 1, result: { content: [] } });
    expect(play.toClient()).toMatchObject([{ method: 'notifications/progress' }, { id: 1, result: {} }]);
  });
});

describe('a stream of 2026-07-28', () => {
  const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  const note = (method: string, params: Message): Message => ({
    method,
    params: { ...params, _meta: { [SUBSCRIPTION]: 'l' } },
  });
  const listening = () => {
    const play = new GatewayPlaybook('a', 'b');
    play.client({ id: 1, method: 'resources/list', params: { _meta: meta } });
    play.lane('a', { id: 1, result: { resources: [{ uri: 'a://r', name: 'r' }] } });
    play.lane('b', { id: 1, result: { resources: [] } });
    const notifications = {
      taskIds: ['a:k', 'b:k'],
      resourceSubscriptions: ['a://r', 'n://r'],
      toolsListChanged: true,
    };
    play.client({ id: 'l', method: 'subscriptions/listen', params: { _meta: meta, notifications } });
    for (const lane of ['a', 'b']) play.lane(lane, note('notifications/subscriptions/acknowledged', { notifications }));
    play.take();
    return play;
  };

  test('tasks come under the name of their server', () => {
    const play = listening().lane('b', note('notifications/tasks', { taskId: 'k', status: 'completed' }));
    expect(told(play)).toMatchObject([{ params: { taskId: 'b:k' } }]);
  });

  test.each<[string, Message]>([
    ['notifications/tasks', { taskId: 'a:k' }],
    ['notifications/resources/updated', { uri: 'a://r' }],
    ['notifications/resources/updated', { uri: 'else://r' }],
    ['notifications/prompts/list_changed', {}],
  ])('nothing passes that the server was not asked for there: %s %j', (method, params) => {
    const play = listening().lane('b', note(method, params));
    expect(told(play)).toEqual([]);
  });

  test('what it was asked for passes', () => {
    const play = listening();
    play.lane('b', note('notifications/resources/updated', { uri: 'n://r/below' }));
    play.lane('a', note('notifications/resources/updated', { uri: 'a://r' }));
    play.lane('b', note('notifications/tools/list_changed', {}));
    expect(told(play)).toHaveLength(3);
  });
});

describe('names', () => {
  const none = laneSettings('none', { prefix: '' });
  const answersOf = (play: GatewayPlaybook) =>
    play.toClient().map(({ error }) => (error as Message | undefined)?.message);

  test('of a server that has left are nobody’s, an empty prefix or not', () => {
    const play = new GatewayPlaybook('files', none).greet(ALL, 'files', 'none');
    are(play, none).take();
    play.client(call(1, 'files__read'));
    const effects = play.take();
    expect(toLane(effects)).toEqual([]);
    play.client(call(2, 'files__read'));
    expect(answersOf(play)).toEqual(['Unknown tool: files__read']);
    play.client({ id: 3, method: 'tools/list' });
    play.lane('none', { id: 3, result: { tools: [{ name: 'files__read', inputSchema: { type: 'object' } }] } });
    expect(play.toClient()).toMatchObject([{ result: { tools: [] } }]);
  });

  test('of a prefix that has changed are nobody’s, until somebody has it again', () => {
    const play = new GatewayPlaybook('files', none).greet(ALL, 'files', 'none');
    are(play, laneSettings('files', { prefix: 'f__' }), none).take();
    play.client(call(1, 'files__read'));
    expect(answersOf(play)).toEqual(['Unknown tool: files__read']);
    are(play, 'files', none).take();
    play.client(call(2, 'files__read'));
    expect(play.toLanes()).toMatchObject([['files', { params: { name: 'read' } }]]);
  });
});

describe('what a stopped server has listed', () => {
  const stopped = () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 }), 'b').greet(ALL, 'a', 'b');
    play.client({ id: 1, method: 'tools/list' });
    for (const lane of ['a', 'b']) {
      const tools = [{ name: 'b__x', inputSchema: { type: 'object' } }];
      play.lane(lane, { id: 1, result: { tools } });
    }
    play.at(5000).event({ type: 'lane_ended', lane: 'a' });
    play.take();
    return play;
  };

  test('is asked for anew under another policy, and the change is told', () => {
    const play = stopped();
    are(play, laneSettings('a', { idleStopMs: 1000 }), 'b');
    play.take();
    for (const effect of play.gateway.endTurn({ wallMs: 0, monoMs: 6000 })) {
      if (effect.type === 'to_client') expect(String(effect.bytes)).toContain('list_changed');
    }
    play.client({ id: 2, method: 'tools/list' });
    expect(play.take()).toContainEqual({ type: 'start_lane', lane: 'a' });
  });
});

describe('a server that nobody has approved', () => {
  const REFUSED = { reason: 'not_approved', rule: 'lock', text: 'nobody has approved it', retryAfterMs: undefined };
  const refused = laneSettings('a', { refusal: REFUSED, idleStopMs: 1000 });
  const starts = (effects: readonly GatewayEffect[]) => effects.filter(({ type }) => type === 'start_lane');

  test('is not started by a call once it has stopped', () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 }), 'b').greet(ALL, 'a', 'b').at(5000);
    play.event({ type: 'lane_ended', lane: 'a' });
    are(play, refused, 'b').take();
    play.client(call(1, 'a__x')).client({ id: 2, method: 'tools/list' }).at(900_000);
    expect(starts(play.take())).toEqual([]);
  });

  test('is not started when it was just stopping, has ended, or comes back', () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 }), 'b').greet(ALL, 'a', 'b').at(5000);
    play.client(call(1, 'a__x'));
    are(play, refused, 'b').event({ type: 'lane_ended', lane: 'a' }).at(900_000);
    const again = two();
    are(again, 'b');
    are(again, refused, 'b').event({ type: 'lane_ended', lane: 'a' }).client(call(2, 'a__x')).at(900_000);
    const runs = two();
    are(runs, refused, 'b').event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
    runs.client(call(3, 'a__x')).at(900_000);
    expect([play, again, runs].flatMap((one) => starts(one.take()))).toEqual([]);
  });

  test('says so at once to who waits for it, and is not started once it has stopped afterwards', () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 }), 'b').greet(ALL, 'a', 'b').at(5000);
    play.client(call(1, 'a__x')).take();
    are(play, refused, 'b');
    expect(play.toClient().filter(({ id }) => id === 1)).toMatchObject([{ result: { isError: true } }]);
    const runs = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 }), 'b').greet(ALL, 'a', 'b');
    are(runs, refused, 'b').at(5000).event({ type: 'lane_ended', lane: 'a' }).take();
    expect(starts(runs.client(call(2, 'a__x')).take())).toEqual([]);
  });

  test('is started when somebody has', () => {
    const play = two();
    are(play, 'b').event({ type: 'lane_ended', lane: 'a' });
    are(play, refused, 'b').take();
    are(play, 'a', 'b');
    expect(starts(play.take())).toEqual([{ type: 'start_lane', lane: 'a' }]);
  });
});

describe('one that says what the protocol does not', () => {
  const hello: Message = { id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } };
  const greeting = (result: Message): Message => ({ id: 0, result });
  const good = { protocolVersion: '2025-11-25', capabilities: { tools: {} } };
  const METAS = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };

  test('in its greeting loses what it said, and nobody else', () => {
    const capabilities = {
      ...{ tools: true, prompts: { listChanged: 'x' }, resources: { subscribe: 'yes' }, experimental: 'x', logging: 1 },
      ...{ tasks: { list: true, requests: { tools: 5 } }, extensions: { a: 1, b: { c: 1 } } },
    };
    const play = new GatewayPlaybook('a', 'b').client(hello);
    play.lane('a', greeting({ ...good, capabilities })).lane('b', greeting(good));
    const [answer] = play.toClient();
    expect((answer?.result as Message | undefined)?.capabilities).toEqual({
      ...{
        logging: {},
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true },
      },
      ...{ tasks: { requests: {} }, extensions: { b: { c: 1 } } },
    });
  });

  test.each(['0000-evil', 5, undefined, '2026-07-28'])('a revision %s is none: it is left out', (protocolVersion) => {
    const play = new GatewayPlaybook('a', 'b').client(hello);
    play.lane('a', greeting({ ...good, protocolVersion })).lane('b', greeting(good));
    const effects = play.take();
    expect(effects).toContainEqual({ type: 'end_lane', lane: 'a' });
    const answer = effects.find(({ type }) => type === 'to_client');
    expect(answer?.type === 'to_client' && String(answer.bytes)).toContain('"protocolVersion":"2025-11-25"');
  });

  test.each([[[]], [['0000-evil']], ['2026-07-28']])(
    'revisions %j count for none in a discovery',
    (supportedVersions) => {
      const play = new GatewayPlaybook('a', 'b').client({ id: 1, method: 'server/discover', params: METAS });
      play.lane('a', { id: 1, result: { supportedVersions, capabilities: { tools: {} }, ttlMs: 5 } });
      play.lane('b', { id: 1, result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ttlMs: -1 } });
      expect(play.toClient()).toMatchObject([{ result: { supportedVersions: ['2026-07-28'], ttlMs: 0 } }]);
    },
  );

  test.each<Message>([
    { inputSchema: 'nope' },
    { inputSchema: undefined },
    { inputSchema: { type: 'string' } },
    { inputSchema: { type: 'object', properties: { a: 5 } } },
    { inputSchema: { type: 'object', required: 'a' } },
    ...[
      { description: 5 },
      { title: {} },
      { annotations: { readOnlyHint: 'x' } },
      { icons: [{ src: 1 }] },
      { _meta: 1 },
    ],
    ...[{ execution: { taskSupport: 'x' } }, { outputSchema: [] }, { annotations: null }],
  ])('a tool with %j is left out of the list, and said', (more) => {
    const play = two().client({ id: 1, method: 'tools/list' });
    const tool = { name: 'x', inputSchema: { type: 'object' } };
    play.lane('a', {
      id: 1,
      result: {
        tools: [
          { ...tool, ...more },
          { ...tool, name: 'y', annotations: { title: 't' } },
        ],
      },
    });
    play.lane('b', { id: 1, result: { tools: [tool] } });
    const effects = play.take();
    expect(effects).toContainEqual(expect.objectContaining({ type: 'log', text: expect.stringContaining('shape') }));
    const answer = effects.find(({ type }) => type === 'to_client');
    const { result } = JSON.parse(answer?.type === 'to_client' ? String(answer.bytes) : '') as { result: Message };
    expect((result.tools as Message[]).map(({ name }) => name)).toEqual(['a__y', 'b__x']);
  });
});

describe('paging', () => {
  const first = (nextCursor: string) => {
    const play = two().client({ id: 1, method: 'tools/list' });
    play.lane('a', { id: 1, result: { tools: [], nextCursor: 'a' } });
    play.lane('b', { id: 1, result: { tools: [], nextCursor } });
    return { play, cursor: (play.toClient()[0]?.result as Message | undefined)?.nextCursor };
  };

  test('a cursor that is too long ends the list of its server, and of no other', () => {
    for (const [length, lanes] of [
      [8_192, ['a', 'b']],
      [8_193, ['a']],
    ] as const) {
      const { play, cursor } = first('x'.repeat(length));
      play.client({ id: 2, method: 'tools/list', params: { cursor } });
      expect(play.toLanes().map(([lane]) => lane)).toEqual(lanes);
    }
  });

  test('a list without end has one', () => {
    const { play, cursor } = first('');
    let next: unknown = cursor;
    let pages = 1;
    for (; next !== undefined && pages < 2_000; pages += 1) {
      play.client({ id: 2, method: 'tools/list', params: { cursor: next } }).take();
      for (const lane of ['a', 'b']) play.lane(lane, { id: 2, result: { tools: [], nextCursor: 'x' } });
      next = (play.toClient()[0]?.result as Message | undefined)?.nextCursor;
    }
    expect(pages).toBe(1_000);
  });
});
