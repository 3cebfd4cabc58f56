// A lane whose session is over without a word about what was open on it: the client is told, once, whatever had been asked.
import { expect, test } from 'vitest';
import { ALL, call, GatewayPlaybook } from './gateway-playbook.ts';

const ended = (play: GatewayPlaybook, lane: string) => play.event({ type: 'lane_ended', lane });

test('a call is answered, and a late answer of it is none', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
  play.client(call(1, 'a__x'));
  ended(play, 'a');
  expect(play.toClient().filter(({ id }) => id === 1)).toMatchObject([
    { id: 1, result: { isError: true, content: [{ text: expect.stringContaining('`a`') }] } },
  ]);
  play.lane('a', { id: 1, result: { late: true } });
  expect(play.toClient().filter(({ id }) => id === 1)).toEqual([]);
});

test('a list is whole without it, and a request that is asked around gets its one answer', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
  play.client({ id: 1, method: 'tools/list' });
  play.client({ id: 2, method: 'resources/subscribe', params: { uri: 'x://y' } });
  ended(play, 'a');
  play.lane('b', { id: 1, result: { tools: [{ name: 't', inputSchema: { type: 'object' } }] } });
  expect(play.toClient().filter(({ id }) => id !== undefined)).toMatchObject([
    { id: 2, error: { message: expect.stringContaining('`a`') } },
    { id: 1, result: { tools: [{ name: 'b__t' }] } },
  ]);
});
