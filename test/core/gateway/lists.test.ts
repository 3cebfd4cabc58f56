// Lists of several servers as one: prefixes, order, pages, cursors that nobody else can make, and servers that are missing.
import { expect, test } from 'vitest';
import { ALL, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';
import { cursorOf, list, namesOf, tools } from './lane-messages.ts';

const started = () => new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');

test('are merged in the order of the config, whoever answers first; entries keep their bytes but for the name', () => {
  const play = started().client(list(1));
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['a', 'b']);
  play.lane(
    'b',
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"x":1.0, "name":"two","big":9007199254740993,"inputSchema":{"type":"object"}}]}}',
  );
  expect(play.toClient()).toEqual([]);
  play.lane('a', { id: 1, result: { tools: tools('one') } });
  const [effect] = play.take();
  const text = effect?.type === 'to_client' ? String(effect.bytes) : '';
  expect(text).toContain('{"x":1.0, "name":"b__two","big":9007199254740993,');
  expect(namesOf(JSON.parse(text) as Message)).toEqual(['a__one', 'b__two']);
});

test('a server without the capability is not asked, and where nobody has it there is no such method', () => {
  const play = new GatewayPlaybook('a', 'b').greet({ tools: {} }, 'a', 'b');
  play.client({ id: 1, method: 'prompts/list' });
  expect(play.toClient()).toMatchObject([{ id: 1, error: { code: -32601 } }]);
});

test('where a scope took the capability out of the greeting there is an empty list, and nobody is asked', () => {
  const play = new GatewayPlaybook('a', 'b').greet({ prompts: {} }, 'a', 'b');
  play.hidesAll = (lane, target) => lane === 'b' && target === 'tool';
  play.client(list(1));
  expect(play.toClient()).toMatchObject([{ id: 1, result: { tools: [] } }]);
  play.client({ id: 2, method: 'resources/templates/list' });
  play.client({ id: 3, method: 'tasks/list' });
  expect(play.toClient()).toMatchObject([
    { id: 2, error: { code: -32601 } },
    { id: 3, error: { code: -32601 } },
  ]);
});

test('pages go on where each server stands', () => {
  const play = started().client(list(1));
  play.lane('a', { id: 1, result: { tools: tools('one'), nextCursor: '' } });
  play.lane('b', { id: 1, result: { tools: tools('two') } });
  const [first] = play.toClient();
  const cursor = cursorOf(first);
  play.client(list(2, cursor));
  expect(play.toLanes()).toMatchObject([['a', { params: { cursor: '' } }]]);
  play.lane('a', { id: 2, result: { tools: tools('three') } });
  const [second] = play.toClient();
  expect(namesOf(second)).toEqual(['a__three']);
  expect(cursorOf(second)).toBeUndefined();
});

test.each([
  ['of a server', 'abc'],
  ['empty', ''],
  ['without a seal', Buffer.from('{"kind":"tools","page":1,"places":[["a","x"]]}').toString('base64url')],
  ['with a wrong seal', `${Buffer.from('{"kind":"tools","page":1,"places":[["a","x"]]}').toString('base64url')}.s1`],
  ['no JSON', 'AAAA.s1'],
])('a cursor %s is none', (_, cursor) => {
  const play = started().client(list(1, cursor));
  const effects = play.take();
  expect(effects.filter(({ type }) => type === 'to_lane')).toEqual([]);
  expect(
    effects.some(
      (one) => one.type === 'record' && one.entry.type === 'intent' && one.entry.reason === 'cursor_foreign',
    ),
  ).toBe(true);
});

test('a cursor of another list is none', () => {
  const play = started().client(list(1));
  play.lane('a', { id: 1, result: { tools: [], nextCursor: 'p' } }).lane('b', { id: 1, result: { tools: [] } });
  const cursor = cursorOf(play.toClient()[0]);
  play.client({ id: 2, method: 'prompts/list', params: { cursor } });
  expect(play.toClient()).toMatchObject([{ id: 2, error: { code: -32602 } }]);
});

test('a server that fails is missing, and the others are there; where all fail the first one says why', () => {
  const play = started().client(list(1));
  play
    .lane('a', { id: 1, error: { code: -32000, message: 'broken' } })
    .lane('b', { id: 1, result: { tools: tools('two') } });
  expect(namesOf(play.toClient()[0])).toEqual(['b__two']);
});

test('a server that does not answer is left out after its time, not waited for again, and back once it answers', () => {
  const play = new GatewayPlaybook(laneSettings('a', { startTimeoutMs: 100 }), 'b').greet(ALL, 'a', 'b');
  play.client(list(1)).lane('b', { id: 1, result: { tools: tools('two') } });
  expect(play.toClient()).toEqual([]);
  expect(play.gateway.wakeAtMs).toBe(1100);
  play.at(1100);
  expect(namesOf(play.toClient()[0])).toEqual(['b__two']);
  play.client(list(2));
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['b']);
  play.lane('b', { id: 2, result: { tools: [] } });
  expect(play.toClient()).toHaveLength(1);
  play.lane('a', { id: 1, result: { tools: tools('late') } });
  expect(play.toClient().map(({ method }) => method)).toContain('notifications/tools/list_changed');
  play.client(list(3));
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['b']);
  play.lane('b', { id: 3, result: { tools: tools('two') } });
  expect(namesOf(play.toClient()[0])).toEqual(['a__late', 'b__two']);
  play.client(list(4));
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['a', 'b']);
});

test('a tool whose name another prefix takes is left out, and both are named', () => {
  const play = new GatewayPlaybook(laneSettings('a', { prefix: '' }), 'b').greet(ALL, 'a', 'b').client(list(1));
  play.lane('a', { id: 1, result: { tools: tools('b__x', 'y') } }).lane('b', { id: 1, result: { tools: tools('x') } });
  const effects = play.take();
  expect(
    effects.some((one) => one.type === 'log' && one.level === 'error' && /`b__x` of `a`.*`b`/.test(one.text)),
  ).toBe(true);
  const answer = effects.find((one) => one.type === 'to_client');
  expect(namesOf(JSON.parse(String(answer?.type === 'to_client' ? answer.bytes : '')) as Message)).toEqual([
    'y',
    'b__x',
  ]);
});

test('names that are too long for hosts are warned of once', () => {
  const play = started().client(list(1));
  play.lane('a', { id: 1, result: { tools: tools('x'.repeat(60)) } }).lane('b', { id: 1, result: { tools: [] } });
  const warnings = () => play.take().filter((one) => one.type === 'log' && one.level === 'warn');
  expect(warnings()).toHaveLength(1);
  play.client(list(2));
  play.lane('a', { id: 2, result: { tools: tools('x'.repeat(60)) } }).lane('b', { id: 2, result: { tools: [] } });
  expect(warnings()).toEqual([]);
});

test('tasks carry the name of their server', () => {
  const play = started().client({ id: 1, method: 'tasks/list' });
  play
    .lane('a', { id: 1, result: { tasks: [{ taskId: 'T', status: 'working' }] } })
    .lane('b', { id: 1, result: { tasks: [] } });
  expect(play.toClient()).toMatchObject([{ result: { tasks: [{ taskId: 'a:T' }] } }]);
});

test('a cancelled list is told to all, and what comes later is nobody’s', () => {
  const play = started().client(list(1));
  play.take();
  play.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['a', 'b']);
  play.lane('a', { id: 1, result: { tools: [] } }).lane('b', { id: 1, result: { tools: [] } });
  expect(play.toClient()).toEqual([]);
});

test('2026-07-28: the hints of a merged list are the strictest', () => {
  const play = new GatewayPlaybook('a', 'b');
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  play.client({ id: 1, method: 'tools/list', params: { _meta } });
  play.take();
  const page = (ttlMs: number) => ({ tools: [], resultType: 'complete', ttlMs, cacheScope: 'public' });
  play.lane('a', { id: 1, result: page(500) }).lane('b', { id: 1, result: page(300) });
  expect(play.toClient()).toMatchObject([{ result: { resultType: 'complete', ttlMs: 300, cacheScope: 'private' } }]);
});

test('resources go to who listed them; of two that list one the first in the config has it', () => {
  const play = started().client({ id: 1, method: 'resources/list' });
  const entry = (uri: string) => ({ uri, name: uri });
  play.lane('a', { id: 1, result: { resources: [entry('x://both')] } });
  play.lane('b', { id: 1, result: { resources: [entry('x://both'), entry('x://b')] } });
  expect(play.toClient()).toMatchObject([{ result: { resources: [entry('x://both'), entry('x://b')] } }]);
  play.client({ id: 2, method: 'resources/read', params: { uri: 'x://b' } });
  play.client({ id: 3, method: 'resources/read', params: { uri: 'x://both' } });
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['b', 'a']);
});

test('and to whose template says most of it; a template without a scheme claims nothing', () => {
  const play = started().client({ id: 1, method: 'resources/templates/list' });
  const entry = (uriTemplate: string) => ({ uriTemplate, name: 't' });
  play.lane('a', { id: 1, result: { resourceTemplates: [entry('{+anything}'), entry('x://{id}')] } });
  play.lane('b', { id: 1, result: { resourceTemplates: [entry('x://deep/{id}/data')] } });
  play.take();
  play.client({ id: 2, method: 'resources/read', params: { uri: 'x://deep/7/data' } });
  play.client({ id: 3, method: 'resources/read', params: { uri: 'x://7' } });
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['b', 'a']);
  play.client({
    id: 4,
    method: 'completion/complete',
    params: { ref: { type: 'ref/resource', uri: 'x://deep/{id}/data' }, argument: {} },
  });
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['b']);
});

test('a template that is all variable does not take what nobody listed', () => {
  const play = started().client({ id: 1, method: 'resources/templates/list' });
  play.lane('a', { id: 1, result: { resourceTemplates: [] } });
  play.lane('b', { id: 1, result: { resourceTemplates: [{ uriTemplate: '{+anything}', name: 't' }] } });
  play.take();
  play.client({ id: 2, method: 'resources/read', params: { uri: 'z://1' } });
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['a']);
});

test('a resource of nobody is asked for one by one, and remembered', () => {
  const play = started().client({ id: 1, method: 'resources/read', params: { uri: 'y://1' } });
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['a']);
  play.lane('a', { id: 1, error: { code: -32002, message: 'no' } }).lane('b', { id: 1, result: { contents: [] } });
  expect(play.toClient()).toMatchObject([{ id: 1, result: { contents: [] } }]);
  play.client({ id: 2, method: 'resources/read', params: { uri: 'y://1' } });
  expect(play.toLanes().map(([lane]) => lane)).toEqual(['b']);
});

test('what nobody has listed is asked of those that are up first; one that does not come up hands it on', () => {
  const play = new GatewayPlaybook('a', 'b', 'c').greet(undefined, 'a', 'b', 'c');
  // a is gone, and has been started again: it does not answer yet
  play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
  play.at(play.nowMs + 60_000).take();
  play.client({ id: 1, method: 'resources/read', params: { uri: 'y://1' } });
  expect(play.toLanes()).toMatchObject([['b', { method: 'resources/read' }]]);
  play.lane('b', { id: 1, error: { code: -32002, message: 'no' } });
  expect(play.toLanes()).toMatchObject([['c', { method: 'resources/read' }]]);
  play.lane('c', { id: 1, result: { contents: [] } });
  expect(play.toClient()).toEqual([{ jsonrpc: '2.0', id: 1, result: { contents: [] } }]);
});

test('where nobody has it and one could not be asked, that is the answer, once its time is over', () => {
  const play = new GatewayPlaybook('a', 'b').greet(undefined, 'a', 'b');
  play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' });
  play.at(play.nowMs + 60_000).take();
  play.client({ id: 1, method: 'resources/read', params: { uri: 'y://1' } });
  play.lane('b', { id: 1, error: { code: -32002, message: 'no' } }).take();
  play.at(play.nowMs + 29_999);
  expect(play.toClient()).toEqual([]);
  play.at(play.nowMs + 1);
  expect(play.toClient()).toMatchObject([{ id: 1, error: { message: expect.stringContaining('`a`') } }]);
});
