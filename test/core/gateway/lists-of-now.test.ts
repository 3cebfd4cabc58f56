// Lists that were gathered, or kept of a stopped server, while another policy took over: what the client sees is what the policy of now
// lets through, and where it may be more by now, the client is told.
import { describe, expect, test } from 'vitest';
import type { LaneSettings } from '../../../src/core/gateway/settings.ts';
import { ALL, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';
import { are, CHANGED, list, tools } from './lane-messages.ts';

const namesIn = (messages: readonly Message[], id: number) => {
  const { result } = messages.find((one) => one.id === id) ?? {};
  return ((result as Message).tools as Message[]).map(({ name }) => name);
};
const REFUSAL = { reason: 'not_approved', rule: 'lock', text: 'nobody has approved it', retryAfterMs: undefined };

describe('a list that is being gathered', () => {
  /** `a` has answered, `b` has not. */
  const gathering = (a: string | LaneSettings = 'a') => {
    const play = new GatewayPlaybook(a, 'b').greet(ALL, 'a', 'b').client(list(1));
    play.lane('a', { id: 1, result: { tools: tools('read', 'write') } });
    return play;
  };
  const narrow = (play: GatewayPlaybook) => {
    play.mayShow = (lane, name) => `${lane} ${name}` !== 'a write';
  };
  const gathered = (play: GatewayPlaybook) => {
    play.take();
    const said = play.lane('b', { id: 1, result: { tools: tools('t') } }).toClient();
    return { names: namesIn(said, 1), told: said.slice(1).map(({ method }) => method) };
  };

  test.each<[string, (play: GatewayPlaybook) => void]>([
    ['another config', (play) => void are(play, ['a', 'b'])],
    ['a policy of the server', (play) => void play.event({ type: 'lane_list', lane: 'a', list: 'tools' })],
  ])('has nothing that %s hides, and the client is told after it', (_, happens) => {
    const play = gathering();
    narrow(play);
    happens(play);
    expect(gathered(play)).toEqual({ names: ['a__read', 'b__t'], told: [CHANGED] });
  });

  test('under one policy is as its session let it through', () => {
    const play = gathering();
    narrow(play);
    expect(gathered(play)).toEqual({ names: ['a__read', 'a__write', 'b__t'], told: [] });
  });

  test('of who answers by the policy of now only those who answered before are looked at again', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client(list(1));
    are(play, ['a', 'b']);
    play.lane('a', { id: 1, result: { tools: tools('read') } });
    expect(gathered(play)).toEqual({ names: ['a__read', 'b__t'], told: [] });
  });

  test('has nothing of a server that must not run any more', () => {
    const play = gathering();
    are(play, [laneSettings('a', { refusal: REFUSAL }), 'b']);
    expect(gathered(play)).toEqual({ names: ['b__t'], told: [CHANGED] });
  });

  test('does not stand in for what its server has said by the policy of now', () => {
    const a = laneSettings('a', { startTimeoutMs: 100 });
    const play = gathering(a).client(list(2));
    play.at(play.nowMs + 100);
    narrow(play);
    are(play, [a, 'b']).lane('a', { id: 2, result: { tools: tools('read') } });
    play.lane('b', { id: 1, result: { tools: tools('t') } }).take();
    const said = play.lane('b', { id: 2, result: { tools: tools('t') } }).toClient();
    expect(namesIn(said, 2)).toEqual(['a__read', 'b__t']);
  });

  test('is not kept for when its server is stopped', () => {
    const a = laneSettings('a', { idleStopMs: 1000 });
    const play = gathering(a);
    narrow(play);
    are(play, [a, 'b']);
    gathered(play);
    play
      .at(play.nowMs + 1000)
      .event({ type: 'lane_ended', lane: 'a' })
      .take();
    expect(
      play
        .client(list(2))
        .take()
        .flatMap((one) => (one.type === 'start_lane' ? [one.lane] : [])),
    ).toEqual(['a']);
  });
});

describe('what is kept of a stopped server', () => {
  const A = laneSettings('a', { idleStopMs: 1000 });
  /** `a` has listed two tools, and is stopped. */
  const stopped = () => {
    const play = new GatewayPlaybook(A, 'b').greet(ALL, 'a', 'b').client(list(1));
    play.lane('a', { id: 1, result: { tools: tools('read', 'write') } });
    play.lane('b', { id: 1, result: { tools: tools('t') } });
    play.at(play.nowMs + 1000).event({ type: 'lane_ended', lane: 'a' });
    play.take();
    return play;
  };
  /** What the next list has, and who is started for it. */
  const next = (play: GatewayPlaybook) => {
    play.take();
    const started = play
      .client(list(2))
      .take()
      .flatMap((one) => (one.type === 'start_lane' ? [one.lane] : []));
    const said = play.lane('b', { id: 2, result: { tools: tools('t') } }).toClient();
    return { names: started.length > 0 ? [] : namesIn(said, 2), started };
  };
  const told = (play: GatewayPlaybook) => play.toClient().filter(({ method }) => method === CHANGED).length;

  test.each<[string, readonly string[] | undefined, number, { names: string[]; started: string[] }]>([
    ['that shows the same', ['read', 'write'], 0, { names: ['a__read', 'a__write', 'b__t'], started: [] }],
    ['that shows less', ['read'], 1, { names: ['a__read', 'b__t'], started: [] }],
    ['that shows more', ['read', 'write', 'new'], 1, { names: [], started: ['a'] }],
    ['of which nobody can say what it shows', undefined, 1, { names: [], started: ['a'] }],
  ])('goes through another policy %s', (_, shown, changes, expected) => {
    const play = stopped();
    play.shownOf = (lane, kind) => (lane === 'a' && kind === 'tools' ? shown : undefined);
    expect(told(are(play, [A, 'b']))).toBe(changes);
    expect(next(play)).toEqual(expected);
  });

  test('is shown under the prefix of now, and not of another command', () => {
    const play = stopped();
    play.shownOf = () => ['read', 'write'];
    const moved = { ...A, prefix: 'p_' };
    expect(told(are(play, [moved, 'b']))).toBe(1);
    expect(next(play)).toEqual({ names: ['p_read', 'p_write', 'b__t'], started: [] });
    are(play, [moved, 'b'], 'a');
    expect(
      play
        .client(list(3))
        .take()
        .flatMap((one) => (one.type === 'start_lane' ? [one.lane] : [])),
    ).toEqual(['a']);
  });

  test('is shown only as far as the policy of the moment allows: a grant may have ended meanwhile', () => {
    const play = stopped();
    play.mayShow = (_, name) => name !== 'write';
    expect(next(play)).toEqual({ names: ['a__read', 'b__t'], started: [] });
  });

  test('and changes while the others are asked: the client is told after the list', () => {
    const play = stopped().client(list(2));
    play.shownOf = () => ['read'];
    are(play, [A, 'b']).take();
    const said = play.lane('b', { id: 2, result: { tools: tools('t') } }).toClient();
    expect(namesIn(said, 2)).toEqual(['a__read', 'b__t']);
    expect(said.slice(1).map(({ method }) => method)).toEqual([CHANGED]);
  });
});
