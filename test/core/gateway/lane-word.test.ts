// How each server behind a gateway stands, in a word for `mcp-guard status`.
import { expect, test } from 'vitest';
import { ALL, call, GatewayPlaybook, laneSettings } from './gateway-playbook.ts';

const refusal = (reason: string) => ({ reason, rule: undefined, text: 'x', retryAfterMs: undefined });

test('from its start to its end', () => {
  const demand = laneSettings('d', { start: 'on-demand', idleStopMs: 1000 });
  const play = new GatewayPlaybook(
    ...['a', 'b', demand],
    ...[
      laneSettings('u', { refusal: refusal('not_approved') }),
      laneSettings('n', { refusal: refusal('server_unstartable') }),
    ],
  );
  const words = () => ['a', 'b', 'd', 'u', 'n', 'x'].map((lane) => play.gateway.standingOf(lane).word);
  expect(words()).toEqual([undefined, undefined, 'on demand', 'unapproved', 'no start', 'left']);
  play.client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } });
  play.lane('a', { id: 0, result: { protocolVersion: '2025-11-25', capabilities: ALL } }).at(6000);
  expect(words().slice(0, 2)).toEqual([undefined, 'late']);
  play.lane('b', { id: 0, result: { protocolVersion: '2025-11-25', capabilities: ALL } });
  play.client({ method: 'notifications/initialized' }).take();
  play.event({ type: 'lane_away', lane: 'a' });
  expect(words().slice(0, 2)).toEqual(['restarting', undefined]);
  play
    .event({ type: 'lane_gone', lane: 'a', why: 'x', isLoop: true })
    .event({ type: 'lane_gone', lane: 'b', why: 'x' });
  expect(words().slice(0, 2)).toEqual(['crash loop', 'down']);
  play.event({ type: 'lane_ended', lane: 'a' }).at(66_000).take();
  expect(words()[0]).toBe('late');

  play.client(call(1, 'd__x'));
  const greeting = play.take().find((one) => one.type === 'to_lane' && one.lane === 'd');
  const id = greeting?.type === 'to_lane' && greeting.line.message.kind === 'request' ? greeting.line.message.id : '';
  play.lane('d', { id, result: { protocolVersion: '2025-11-25', capabilities: ALL } }).lane('d', { id: 1, result: {} });
  expect(words()[2]).toBeUndefined();
  play.at(68_000).event({ type: 'lane_ended', lane: 'd' });
  expect(words()[2]).toBe('idle');
});

test('one that does not accept the greeting, and one that has left', () => {
  const play = new GatewayPlaybook('a', 'b');
  play.client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } });
  play.lane('a', { id: 0, error: { code: -32602, message: 'no' } });
  expect(play.gateway.standingOf('a').word).toBe('rejected');
  play.event({ type: 'lanes_are', lanes: [laneSettings('a')], renewed: new Set() });
  expect(play.gateway.standingOf('b').word).toBe('left');
});
