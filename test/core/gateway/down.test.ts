// A server that is not there: what is refused at once, under which name it is on record, and what the refusal says.
import { expect, test } from 'vitest';
import { ClientMemory } from '../../../src/core/gateway/client-memory.ts';
import { Gateway } from '../../../src/core/gateway/gateway.ts';
import { createOwnVoice } from '../../../src/core/gateway/own-voice.ts';
import { DEFAULT_READ_LIMITS } from '../../../src/wire/message.ts';
import { ALL, call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

const decisionOf = (message: Message = {}) =>
  ((message.result as Message)._meta as Message)['mcp-guard/decision'] as Message;
const subjects = (play: GatewayPlaybook) =>
  play.records().flatMap((entry) => (entry.type === 'intent' ? [[entry.server, entry.subject]] : []));

test('the first refusal says when it is tried again, as the next ones do', () => {
  const play = new GatewayPlaybook('a', 'b').client({ id: 0, method: 'initialize', params: { capabilities: {} } });
  play.client(call(1, 'a__x')).take();
  play.event({ type: 'lane_gone', lane: 'a', why: 'it has ended with code 1' });
  const [first] = play.toClient();
  expect(decisionOf(first)).toMatchObject({ reason: 'server_down', retryAfterMs: 60_000 });
  // its session is not over yet, and may take longer than that
  expect(
    play
      .at(play.nowMs + 70_000)
      .take()
      .filter(({ type }) => type === 'start_lane'),
  ).toEqual([]);
  expect(play.gateway.wakeAtMs).toBeGreaterThan(play.nowMs);
  play.event({ type: 'lane_ended', lane: 'a' });
  expect(play.gateway.wakeAtMs).toBe(play.nowMs + 60_000);
});

test('one that stays away is said to, and its refusals name no time', () => {
  const play = new GatewayPlaybook(laneSettings('a', { comesBack: false }), 'b').greet(ALL, 'a', 'b');
  play
    .event({ type: 'lane_gone', lane: 'a', why: 'it has ended with code 7' })
    .event({ type: 'lane_ended', lane: 'a' });
  expect(play.take().flatMap((one) => (one.type === 'log' ? [one.text] : []))).toEqual([
    '`a` is down (it has ended with code 7) and is not started again in this session (`onExit: exit`); the other servers go on',
  ]);
  const [refused] = play.client(call(1, 'a__x')).toClient();
  expect(decisionOf(refused)).not.toHaveProperty('retryAfterMs');
  expect(JSON.stringify(refused)).toContain('It is not started again in this session: do not retry.');
});

test('the record has the own name of a tool or prompt that was not sent, whenever it is refused', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
  play.event({ type: 'lane_gone', lane: 'a', why: 'x' }).event({ type: 'lane_ended', lane: 'a' }).take();
  play.client(call(1, 'a__x')).client({ id: 2, method: 'prompts/get', params: { name: 'a__p' } });
  expect(subjects(play)).toEqual([
    ['a', 'x'],
    ['a', 'p'],
  ]);
  // one that waited was to be sent under that name already: nothing more is taken from it
  play.at(play.gateway.wakeAtMs).client(call(3, 'a__a__x')).take();
  play.event({ type: 'lane_gone', lane: 'a', why: 'x' });
  expect(subjects(play)).toEqual([['a', 'a__x']]);
  play.client(call(4, 'nobody__x'));
  expect(subjects(play)).toEqual([['(none)', 'nobody__x']]);
});

test('a call that would wait is asked whether its breaker refuses it; so is one that waits, at each end of its server', () => {
  let isOpen = false;
  const asked: string[] = [];
  const gateway = new Gateway({
    lanes: [laneSettings('a'), laneSettings('b')],
    tag: 'tag',
    serverInfo: { name: 'mcp-guard', version: '9' },
    seal: (text) => text,
    read: DEFAULT_READ_LIMITS,
    refusalOf: (lane, tool) => {
      asked.push(`${lane}/${tool}`);
      return isOpen ? { reason: 'breaker_open', rule: 'breaker.server.open', text: 'off', retryAfterMs: 5 } : undefined;
    },
  });
  const play = new GatewayPlaybook('a', 'b').on(gateway);
  play.client({ id: 0, method: 'initialize', params: { capabilities: {} } });
  play.lane('b', { id: 0, result: { protocolVersion: '2025-11-25', capabilities: ALL } });
  play.client(call(1, 'a__x')).client(call(2, 'b__y')).client({ id: 3, method: 'tools/list' });
  expect(play.toClient().filter(({ id }) => id === 1)).toEqual([]);
  play.event({ type: 'lane_away', lane: 'a' });
  isOpen = true;
  play.take();
  play.event({ type: 'lane_back', lane: 'a' }).event({ type: 'lane_away', lane: 'a' });
  expect(play.toClient().map((one) => [one.id, decisionOf(one).reason])).toEqual([[1, 'breaker_open']]);
  play.client(call(4, 'a__x'));
  expect(subjects(play)).toEqual([['a', 'x']]);
  expect(new Set(asked)).toEqual(new Set(['a/x']));
});

test('what the guard says before the client listens is said then: errors first, and not all of a flood', () => {
  const client = new ClientMemory();
  const voice = createOwnVoice(client);
  const now = { wallMs: 0, monoMs: 0 };
  for (let index = 0; index < 40; index += 1) expect(voice.say('warn', `w${index}`, now)).toBeUndefined();
  expect(voice.takeEarly(now)).toEqual([]);
  const play = new GatewayPlaybook('a');
  play.event({ type: 'guard_said', level: 'warn', text: '`b` is left out' });
  play.event({ type: 'guard_said', level: 'error', text: 'cannot start' });
  for (let index = 0; index < 40; index += 1) play.event({ type: 'guard_said', level: 'warn', text: `w${index}` });
  play.client({ id: 0, method: 'initialize', params: { capabilities: {} } });
  play.lane('a', { id: 0, result: { protocolVersion: '2025-11-25', capabilities: ALL } });
  expect(play.toClient().map(({ id }) => id)).toEqual([0]);
  const said = play
    .client({ method: 'notifications/initialized' })
    .toClient()
    .map(({ params }) => String((params as Message).data));
  expect(said).toHaveLength(6);
  expect(said[0]).toMatch(/^cannot start \(36 more were not sent/);
  expect(said.slice(1, 3)).toEqual(['`b` is left out', 'w0']);
  play.event({ type: 'guard_said', level: 'warn', text: 'later' });
  expect(play.toClient()).toHaveLength(1);
});

test('an announced list of nobody is empty; one that was not announced is none', () => {
  const play = new GatewayPlaybook('a').greet({ tools: {} }, 'a');
  play.event({ type: 'lanes_are', lanes: [], renewed: new Set() }).take();
  play.client({ id: 1, method: 'tools/list' });
  expect(play.toClient()).toEqual([{ jsonrpc: '2.0', id: 1, result: { tools: [] } }]);
});

test('of a server that is not started yet all lists are announced, for nobody knows', () => {
  const play = new GatewayPlaybook('a', laneSettings('b', { start: 'on-demand', known: ['tools'] }));
  play.client({ id: 0, method: 'initialize', params: { capabilities: {} } });
  play.lane('a', { id: 0, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} } } });
  expect(play.toClient()).toMatchObject([{ result: { capabilities: { tools: {}, prompts: {}, resources: {} } } }]);
  play.client({ method: 'notifications/initialized' }).client({ id: 1, method: 'resources/list' });
  const greeting = play.toLanes().find(([, { method }]) => method === 'initialize')?.[1];
  play.lane('b', { id: greeting?.id, result: { protocolVersion: '2025-11-25', capabilities: ALL } });
  const warnings = play.take().flatMap((one) => (one.type === 'log' && one.level === 'warn' ? [one.text] : []));
  expect(warnings).toEqual([
    '`b` has completions, which the client was not told of at its greeting: with `start: eager` a new session has them',
  ]);
});

test('no list waits for a server that has ended before it was up, and a call to it goes on waiting', () => {
  const play = new GatewayPlaybook('a', 'b').client({ id: 0, method: 'initialize', params: { capabilities: {} } });
  const offers = { protocolVersion: '2025-11-25', capabilities: ALL, serverInfo: { name: 'a', version: '1' } };
  play.lane('a', { id: 0, result: offers });
  const loop = () =>
    play.event({ type: 'lane_away', lane: 'b' }).lane('b', { id: 0, error: { code: -32603, message: 'exited' } });
  loop().client({ method: 'notifications/initialized' });
  play.event({ type: 'lane_back', lane: 'b' }).take();
  play
    .client(call(1, 'b__x'))
    .client({ id: 2, method: 'tools/list' })
    .lane('a', { id: 2, result: { tools: [] } });
  expect(play.toClient()).toMatchObject([{ id: 2, result: { tools: [] } }]);
  loop();
  expect(play.gateway.wakeAtMs).toBe(play.nowMs + 30_000);
});

test('a list that waits for a server to be up is answered as soon as it has ended', () => {
  const play = new GatewayPlaybook('a', laneSettings('b', { start: 'on-demand' })).greet(ALL, 'a');
  play
    .client(call(1, 'b__x'))
    .client({ id: 2, method: 'tools/list' })
    .lane('a', { id: 2, result: { tools: [] } });
  expect(play.toClient()).toEqual([]);
  play.event({ type: 'lane_away', lane: 'b' });
  expect(play.toClient()).toMatchObject([{ id: 2, result: { tools: [] } }]);
  // the call does, too, until its time is over
  expect(play.at(play.nowMs + 30_000).toClient()).toMatchObject([{ id: 1 }]);
});
