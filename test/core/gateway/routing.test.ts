// Where each message of the client goes, and whose answer comes back under which id.
import { describe, expect, test } from 'vitest';
import { call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

const started = (...more: string[]) => new GatewayPlaybook('a', 'b', ...more).greet(undefined, 'a', 'b', ...more);

describe('names', () => {
  test('a call goes to the server of its prefix, without the prefix, under the id of the client', () => {
    const play = started().client(call(5, 'b__x'));
    expect(play.toLanes()).toEqual([['b', { jsonrpc: '2.0', ...call(5, 'x') }]]);
    play.lane('b', '{"jsonrpc":"2.0","id":5,"result":{"content":[],"n":1.0}}');
    expect(play.toClient()).toMatchObject([{ id: 5 }]);
  });

  test('bytes are left alone but for the name', () => {
    const play = started();
    const text =
      '{"jsonrpc":"2.0", "id":5,"method":"tools/call","params":{"arguments":{"n":9007199254740993,"f":1.0},"name":"a__x"}}';
    play.client(text);
    const [effect] = play.take();
    expect(effect).toMatchObject({ type: 'to_lane', line: { text: text.replace('a__x', 'x') } });
    const answer = Buffer.from('{"jsonrpc":"2.0","result":{"n":9007199254740993,"content":[]},"id":5}\n');
    play.event({ type: 'lane_line', lane: 'a', bytes: answer });
    expect(play.take()).toEqual([{ type: 'to_client', bytes: answer, batch: undefined }]);
  });

  test('the longest prefix decides, and one server may have none', () => {
    const play = new GatewayPlaybook(
      laneSettings('a', { prefix: '' }),
      laneSettings('b', { prefix: 'x_' }),
      laneSettings('c', { prefix: 'x_y_' }),
    ).greet(undefined, 'a', 'b', 'c');
    play.client(call(1, 'x_y_z')).client(call(2, 'x_z')).client(call(3, 'plain'));
    expect(play.toLanes().map(([lane, { params }]) => [lane, (params as Message).name])).toEqual([
      ['c', 'z'],
      ['b', 'z'],
      ['a', 'plain'],
    ]);
  });

  test('a name of nobody is an unknown tool, and on record', () => {
    const play = started().client(call('q', 'read_file'));
    const effects = play.take();
    expect(effects[0]).toMatchObject({
      type: 'record',
      entry: { server: '(none)', decision: 'deny', subject: 'read_file', reason: 'tool_foreign' },
    });
    const answer = effects[1];
    const bytes = answer?.type === 'to_client' && typeof answer.bytes === 'function' ? answer.bytes() : undefined;
    expect(JSON.parse(String(bytes))).toEqual({
      jsonrpc: '2.0',
      id: 'q',
      error: { code: -32602, message: 'Unknown tool: read_file' },
    });
  });

  test('prompts and completions lose their prefix, too', () => {
    const play = started();
    play.client({ id: 1, method: 'prompts/get', params: { name: 'a__p' } });
    play.client({
      id: 2,
      method: 'completion/complete',
      params: { ref: { type: 'ref/prompt', name: 'b__q' }, argument: {} },
    });
    expect(play.toLanes()).toMatchObject([
      ['a', { params: { name: 'p' } }],
      ['b', { params: { ref: { name: 'q' } } }],
    ]);
  });

  test('two lanes with one prefix are no gateway', () => {
    expect(() => new GatewayPlaybook(laneSettings('a', { prefix: 'p' }), laneSettings('b', { prefix: 'p' }))).toThrow(
      RangeError,
    );
  });
});

describe('ids', () => {
  test('the same id twice at once: each has its own answer, in the order of asking', () => {
    const play = started().client(call(1, 'a__x')).client(call(1, 'b__x'));
    const [, second] = play.toLanes();
    const id = second?.[1].id as number;
    expect(id).not.toBe(1);
    play.lane('b', { id, result: { from: 'b' } });
    expect(play.toClient()).toEqual([]);
    play.lane('a', { id: 1, result: { from: 'a' } });
    expect(play.toClient()).toMatchObject([
      { id: 1, result: { from: 'a' } },
      { id: 1, result: { from: 'b' } },
    ]);
  });

  test('a server cannot answer what another one was asked', () => {
    const play = started().client(call(1, 'a__x'));
    play.take();
    play.lane('b', { id: 1, result: { from: 'b' } });
    expect(play.toClient()).toEqual([]);
    play.lane('a', { id: 1, result: { from: 'a' } });
    expect(play.toClient()).toMatchObject([{ result: { from: 'a' } }]);
    play.lane('a', { id: 1, result: { from: 'again' } });
    expect(play.toClient()).toEqual([]);
  });

  test('7 and "7" are two ids', () => {
    const play = started().client(call(7, 'a__x')).client(call('7', 'b__x'));
    expect(play.toLanes().map(([, { id }]) => id)).toEqual([7, '7']);
    play.lane('b', { id: '7', result: {} });
    expect(play.toClient()).toMatchObject([{ id: '7' }]);
  });

  test('a cancelled request is told to its server under the id it knows, and not answered', () => {
    const play = started().client(call(1, 'a__x')).client(call(1, 'b__x'));
    const id = play.toLanes()[1]?.[1].id;
    play.client({ method: 'notifications/cancelled', params: { requestId: 1, reason: 'user' } });
    expect(play.toLanes()).toEqual([
      ['b', { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id, reason: 'user' } }],
    ]);
    play.lane('b', { id: id as number, result: {} }).lane('a', { id: 1, result: { from: 'a' } });
    expect(play.toClient()).toMatchObject([{ id: 1, result: { from: 'a' } }]);
  });

  test('an array is split over the servers, and one array answers it', () => {
    const play = started().client(
      JSON.stringify([
        { jsonrpc: '2.0', ...call(1, 'a__x') },
        { jsonrpc: '2.0', ...call(2, 'b__x') },
        { jsonrpc: '2.0', ...call(3, 'none') },
      ]),
    );
    play.lane('b', { id: 2, result: {} }).lane('a', { id: 1, result: {} });
    const [all] = play.toClient();
    expect(all).toMatchObject([{ id: 3, error: { code: -32602 } }, { id: 2 }, { id: 1 }]);
  });

  test('a line that cannot be read is refused under its id', () => {
    const play = started().client(
      '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"a__x","name":"a__y"}}',
    );
    expect(play.toClient()).toMatchObject([{ id: 4, error: { code: -32600 } }]);
  });
});

describe('questions of servers', () => {
  const ask = (id: number, token?: number): Message => ({
    id,
    method: 'sampling/createMessage',
    params: { messages: [], ...(token === undefined ? {} : { _meta: { progressToken: token } }) },
  });

  test('equal ids and tokens of two servers never meet', () => {
    const play = started().lane('a', ask(0, 0)).lane('b', ask(0, 0));
    const [one, other] = play.toClient();
    expect(Number(one?.id)).toBeNaN();
    expect(one?.id).not.toBe(other?.id);
    const token = (from: Message = {}) => ((from.params as Message)._meta as Message).progressToken;
    expect(token(one)).not.toBe(token(other));
    play.client({ method: 'notifications/progress', params: { progressToken: token(other), progress: 1 } });
    play.client({ id: other?.id, result: { to: 'b' } }).client({ id: one?.id, result: { to: 'a' } });
    expect(play.toLanes()).toMatchObject([
      ['b', { params: { progressToken: 0 } }],
      ['b', { id: 0, result: { to: 'b' } }],
      ['a', { id: 0, result: { to: 'a' } }],
    ]);
    play.client({ id: one?.id, result: { to: 'a again' } });
    expect(play.toLanes()).toEqual([]);
  });

  test('a server takes back only its own', () => {
    const play = started().lane('a', ask(3)).lane('b', ask(3));
    const [one] = play.toClient();
    play.lane('a', { method: 'notifications/cancelled', params: { requestId: 3 } });
    play.lane('a', { method: 'notifications/cancelled', params: { requestId: 4 } });
    expect(play.toClient()).toEqual([
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: one?.id } },
    ]);
  });
});

describe('progress', () => {
  const tell = (progressToken: string | number) => ({
    method: 'notifications/progress',
    params: { progressToken, progress: 1 },
  });

  test('comes from the server that was asked, while it was', () => {
    const play = started().client(call(1, 'a__x', { _meta: { progressToken: 't' } }));
    play.take();
    play.lane('b', tell('t'));
    expect(play.toClient()).toEqual([]);
    play.lane('a', tell('t'));
    expect(play.toClient()).toHaveLength(1);
    play.lane('a', { id: 1, result: {} });
    play.take();
    play.lane('a', tell('t'));
    expect(play.toClient()).toEqual([]);
  });

  test('of a task goes on after its request', () => {
    const play = started().client(call(1, 'a__x', { task: { ttl: 1 }, _meta: { progressToken: 't' } }));
    play.lane('a', { id: 1, result: { task: { taskId: 'T', status: 'working' } } });
    play.take();
    play.lane('a', tell('t'));
    expect(play.toClient()).toHaveLength(1);
  });
});

describe('tasks', () => {
  test('their ids name the server, wherever they stand, and lose that on the way in', () => {
    const play = started().client(call(1, 'b__x', { task: {} }));
    play.take();
    play.lane('b', { id: 1, result: { task: { taskId: 'T', status: 'working' } } });
    expect(play.toClient()).toMatchObject([{ result: { task: { taskId: 'b:T' } } }]);
    play.lane('b', { method: 'notifications/tasks/status', params: { taskId: 'T', status: 'completed' } });
    expect(play.toClient()).toMatchObject([{ params: { taskId: 'b:T' } }]);
    play.client({ id: 2, method: 'tasks/result', params: { taskId: 'b:T' } });
    expect(play.toLanes()).toMatchObject([['b', { params: { taskId: 'T' } }]]);
    const related = { 'io.modelcontextprotocol/related-task': { taskId: 'T' } };
    play.lane('b', { id: 2, result: { content: [], _meta: related } });
    expect(play.toClient()).toMatchObject([
      { result: { _meta: { 'io.modelcontextprotocol/related-task': { taskId: 'b:T' } } } },
    ]);
  });

  test('one that names no server goes to the only one that there is, one that names another to nobody', () => {
    const play = new GatewayPlaybook('a')
      .greet(undefined, 'a')
      .client({ id: 1, method: 'tasks/get', params: { taskId: 'T' } });
    expect(play.toLanes()).toMatchObject([['a', { params: { taskId: 'T' } }]]);
    const other = new GatewayPlaybook('a').greet(undefined, 'a');
    other.client({ id: 1, method: 'tasks/get', params: { taskId: 'gone:T' } });
    expect(other.toClient()).toMatchObject([{ id: 1, error: { code: -32602, message: 'Unknown task' } }]);
    const none = new GatewayPlaybook('a')
      .greet({ tools: {} }, 'a')
      .client({ id: 1, method: 'tasks/get', params: { taskId: 'T' } });
    expect(none.toClient()).toMatchObject([{ error: { code: -32601 } }]);
  });

  test('an answer of the client keeps the task ids of other servers, and its own', () => {
    const play = started().lane('a', { id: 0, method: 'sampling/createMessage', params: {} });
    const [question] = play.toClient();
    const related = (taskId: string) => ({ 'io.modelcontextprotocol/related-task': { taskId } });
    play.client({ id: question?.id, result: { _meta: related('b:T') } });
    expect(play.toLanes()).toMatchObject([['a', { result: { _meta: related('b:T') } }]]);
  });

  test('one of no server is unknown', () => {
    const play = started();
    for (const taskId of ['T', 'c:T', ':T', '']) {
      play.client({ id: taskId, method: 'tasks/get', params: { taskId } });
      expect(play.toClient()).toMatchObject([{ id: taskId, error: { code: -32602 } }]);
    }
  });

  test('a task of the client goes back to the server that it was made for', () => {
    const play = started().lane('a', { id: 0, method: 'sampling/createMessage', params: { task: {} } });
    const [question] = play.toClient();
    play.client({ id: question?.id, result: { task: { taskId: 'mine' } } });
    expect(play.toLanes()).toMatchObject([['a', { result: { task: { taskId: 'mine' } } }]]);
    play.lane('a', { id: 1, method: 'tasks/get', params: { taskId: 'mine' } });
    expect(play.toClient()).toMatchObject([{ params: { taskId: 'mine' } }]);
    play.client({ method: 'notifications/tasks/status', params: { taskId: 'mine', status: 'completed' } });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a']);
  });
});

describe('the rest', () => {
  test('a ping is answered here', () => {
    expect(started().client({ id: 1, method: 'ping' }).toClient()).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
  });

  test('an unknown method is put to one server after the other, until one knows it', () => {
    const play = started().client({ id: 1, method: 'acme/thing', params: { x: 1 } });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a']);
    play.lane('a', { id: 1, error: { code: -32601, message: 'no' } });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['b']);
    play.lane('b', { id: 1, result: { ok: true } });
    expect(play.toClient()).toMatchObject([{ id: 1, result: { ok: true } }]);
    play.client({ id: 2, method: 'acme/other' });
    play
      .lane('a', { id: 2, error: { code: -32601, message: 'no' } })
      .lane('b', { id: 2, error: { code: -32601, message: 'not me' } });
    expect(play.toClient()).toMatchObject([{ id: 2, error: { message: 'not me' } }]);
  });

  test('an unknown notification is for all', () => {
    const play = started().client({ method: 'notifications/roots/list_changed' });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a', 'b']);
  });

  test('the logging level is set on all that log, and set again on one that starts anew', () => {
    const play = started();
    play.client({ id: 1, method: 'logging/setLevel', params: { level: 'debug' } });
    play.lane('a', { id: 1, result: {} }).lane('b', { id: 1, error: { code: 1, message: 'no' } });
    expect(play.toClient()).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
  });

  test('a logging level that every server refuses is refused, and only those that log are asked', () => {
    const play = new GatewayPlaybook('a', 'b', 'c');
    play.client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } });
    for (const lane of ['a', 'b', 'c']) {
      const capabilities = lane === 'c' ? { tools: {} } : { logging: {} };
      play.lane(lane, { id: 0, result: { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: lane } } });
    }
    play.client({ method: 'notifications/initialized' }).take();
    play.client({ id: 1, method: 'logging/setLevel', params: { level: 'loud' } });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['a', 'b']);
    play.lane('a', { id: 1, error: { code: -32602, message: 'of a' } });
    expect(play.toClient()).toEqual([]);
    play.lane('b', { id: 1, error: { code: -32602, message: 'of b' } });
    expect(play.toClient()).toMatchObject([{ id: 1, error: { code: -32602 } }]);
  });

  test('a resource that is no longer subscribed to keeps no server from being stopped', () => {
    const play = new GatewayPlaybook(laneSettings('a', { idleStopMs: 1000 })).greet(undefined, 'a');
    const uri = 'file:///x';
    const isStopped = (at: number) =>
      play
        .at(at)
        .take()
        .some(({ type }) => type === 'end_lane');
    play.client({ id: 1, method: 'resources/subscribe', params: { uri } }).lane('a', { id: 1, result: {} });
    expect(isStopped(5000)).toBe(false);
    play.client({ id: 2, method: 'resources/unsubscribe', params: { uri } }).lane('a', { id: 2, result: {} });
    expect(isStopped(9000)).toBe(true);
  });
});
