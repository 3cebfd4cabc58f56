// A server of which a scope showed nothing at its greeting, and shows something by another policy: the client is told, and gets it, in the
// running session.

import { describe, expect, test } from 'vitest';
import { Lane } from '../../../src/core/gateway/lane.ts';
import { learnCapabilities, takeRegained } from '../../../src/core/gateway/withheld-lists.ts';
import { ALL, GatewayPlaybook, laneSettings } from './gateway-playbook.ts';
import { CHANGED, list } from './lane-messages.ts';

const [a, b] = [laneSettings('a'), laneSettings('b')];
const widen = (play: GatewayPlaybook) => {
  play.hidesAll = () => false;
  return play.event({ type: 'lanes_are', lanes: [a, b], renewed: new Set() });
};
const asked = (play: GatewayPlaybook) =>
  play.toLanes().flatMap(([lane, { method }]) => (method === 'tools/list' ? lane : []));

/** The session of `b` has taken `tools` out of its greeting. */
function hidden(): GatewayPlaybook {
  const play = new GatewayPlaybook(a, b);
  play.hidesAll = (lane, target) => lane === 'b' && target === 'tool';
  play.client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } });
  for (const [lane, capabilities] of [
    ['a', { tools: {} }],
    ['b', { logging: {} }],
  ] as const)
    play.lane(lane, { id: 0, result: { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: lane } } });
  play.client({ method: 'notifications/initialized' }).take();
  return play;
}

describe('a server that its scope hid', () => {
  test('is asked for its list once a policy shows it, and the client is told of that', () => {
    const play = hidden();
    expect(asked(play.client(list(1)))).toEqual(['a']);
    play.lane('a', { id: 1, result: { tools: [] } }).take();
    expect(
      widen(play)
        .toClient()
        .map(({ method }) => method),
    ).toEqual([CHANGED]);
    expect(asked(play.client(list(2)))).toEqual(['a', 'b']);
    play.lane('a', { id: 2, result: { tools: [] } });
    play.lane('b', { id: 2, result: { tools: [{ name: 'x', inputSchema: { type: 'object' } }] } });
    expect(play.toClient()).toMatchObject([{ id: 2, result: { tools: [{ name: 'b__x' }] } }]);
    // once
    expect(widen(play).toClient()).toEqual([]);
  });

  test('and that has no such list at all is left out of it', () => {
    const play = widen(hidden()).client(list(2));
    play.lane('b', { id: 2, error: { code: -32601, message: 'Method not found' } });
    play.lane('a', { id: 2, result: { tools: [{ name: 'y', inputSchema: { type: 'object' } }] } });
    expect(play.toClient().at(-1)).toMatchObject({ id: 2, result: { tools: [{ name: 'a__y' }] } });
  });

  test('is asked for nothing that its server itself has not offered, nor before another policy', () => {
    const play = hidden();
    play.hidesAll = () => false;
    play.client({ id: 1, method: 'prompts/list' });
    expect(play.toClient()).toMatchObject([{ id: 1, error: { code: -32601 } }]);
    expect(widen(play).client({ id: 2, method: 'prompts/list' }).toLanes()).toEqual([]);
    const still = hidden().event({ type: 'lanes_are', lanes: [a, b], renewed: new Set() });
    expect(still.toClient()).toEqual([]);
    expect(asked(still.client(list(3)))).toEqual(['a']);
    expect(new GatewayPlaybook(a, b).greet(ALL, 'a', 'b').client(list(1)).toLanes()).toHaveLength(2);
  });

  test('forgets it with a session that ends: the next greeting says what it has', () => {
    const play = hidden();
    play.event({ type: 'lane_gone', lane: 'b', why: 'x' }).event({ type: 'lane_ended', lane: 'b' }).take();
    play.at(play.gateway.wakeAtMs);
    const greeting = play.toLanes().find(([lane, { method }]) => lane === 'b' && method === 'initialize')?.[1];
    play.hidesAll = () => false;
    play
      .lane('b', { id: greeting?.id, result: { protocolVersion: '2025-11-25', capabilities: { logging: {} } } })
      .take();
    expect(asked(widen(play).client(list(1)))).toEqual(['a']);
  });

  test('and before that greeting it is taken for nothing: what it has nobody knows', () => {
    const play = hidden();
    play.event({ type: 'lane_gone', lane: 'b', why: 'x' }).event({ type: 'lane_ended', lane: 'b' }).take();
    play.at(play.gateway.wakeAtMs);
    const greeting = play.toLanes().find(([lane, { method }]) => lane === 'b' && method === 'initialize')?.[1];
    widen(play).client({ id: 5, method: 'resources/subscribe', params: { uri: 'x:y' } });
    play.lane('b', { id: greeting?.id, result: { protocolVersion: '2025-11-25', capabilities: { resources: {} } } });
    expect(play.toLanes().map(([, { method }]) => method)).toContain('resources/subscribe');
  });
});

test('what a greeting says stays as it says it, whatever is hidden just then', () => {
  const lane = new Lane(a);
  const capabilities = { tools: { listChanged: true }, logging: {} };
  learnCapabilities(lane, { capabilities }, () => true);
  expect(lane.withheld).not.toContain('tools');
  takeRegained(lane, () => false);
  expect(lane.capabilities).toMatchObject(capabilities);
});
