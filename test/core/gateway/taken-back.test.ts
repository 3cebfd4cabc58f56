// What the client takes back, or says twice: a greeting, and a call that waits for its server.
import { expect, test } from 'vitest';
import { ALL, call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';
import { welcome } from './lane-messages.ts';

const hello = (id: number): Message => ({
  ...{ id, method: 'initialize' },
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
});
const cancel = (requestId: number): Message => ({ method: 'notifications/cancelled', params: { requestId } });

test('of two greetings in a row the first is answered, and the second is an error, on record', () => {
  for (const second of [2, 1]) {
    const play = new GatewayPlaybook('a', 'b').client(hello(1)).client(hello(second));
    const effects = play.take();
    expect(effects.filter(({ type }) => type === 'to_lane')).toHaveLength(2);
    expect(effects).toContainEqual(
      expect.objectContaining({
        type: 'record',
        entry: expect.objectContaining({ decision: 'deny', reason: 'greeting_repeated', method: 'initialize' }),
      }),
    );
    play.client({ method: 'notifications/initialized' });
    play.lane('a', welcome(1)).lane('b', welcome(1));
    const answers = play.toClient().filter(({ id }) => id !== undefined);
    expect(answers.find(({ result }) => result !== undefined)).toMatchObject({ id: 1, result: { capabilities: {} } });
    // under one id it waits for the first one's answer; under another it was given at once
    expect(answers.map(({ id }) => id)).toEqual(second === 1 ? [1, 1] : [1]);
    if (second === 1) expect(answers[1]).toMatchObject({ error: { code: -32600 } });
    expect(play.client(call(3, 'a__x')).toLanes()).toMatchObject([['a', { id: 3, params: { name: 'x' } }]]);
  }
});

test('after one that was answered, or taken back, a greeting is one', () => {
  const play = new GatewayPlaybook('a').client(hello(1)).client(cancel(1)).client(hello(2));
  const [, [, again] = ['', {}]] = play.toLanes().filter(([, { method }]) => method === 'initialize');
  play.lane('a', welcome(again.id));
  expect(play.toClient()).toMatchObject([{ id: 2, result: {} }]);
  play.client(hello(3));
  play.lane('a', welcome(play.toLanes()[0]?.[1].id));
  expect(play.toClient()).toMatchObject([{ id: 3, result: {} }]);
});

test('a held call that is taken back is on record, is never sent, and holds up no end', () => {
  const play = new GatewayPlaybook('a', laneSettings('b', { start: 'on-demand' })).greet(ALL, 'a');
  play.client(call(4, 'b__x')).client({ id: 5, method: 'prompts/get', params: { name: 'b__p' } });
  const greeting = play.toLanes().find(([, { method }]) => method === 'initialize')?.[1];
  play.client(cancel(4)).client(cancel(5));
  const found = play.records().map((entry) => (entry.type === 'intent' ? entry : undefined));
  expect(found).toMatchObject([
    { server: 'b', subject: 'x', method: 'tools/call', decision: 'deny', reason: 'taken_back' },
    { server: 'b', subject: 'p', method: 'prompts/get', decision: 'deny', reason: 'taken_back' },
  ]);
  play.event({ type: 'client_ended' });
  expect(play.take().filter(({ type }) => type === 'end_lane')).toHaveLength(2);
  play.lane('b', welcome(greeting?.id));
  expect(play.toLanes().map(([, { method }]) => method)).not.toContain('tools/call');
});

test('one that was sent is on record with its server alone; so is a list', () => {
  const play = new GatewayPlaybook(laneSettings('b', { start: 'on-demand' }), 'a').greet(ALL, 'a');
  play.client(call(4, 'a__x')).client({ id: 5, method: 'tools/list' }).client(cancel(4)).client(cancel(5));
  expect(play.records()).toEqual([]);
});
