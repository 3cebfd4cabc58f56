// Whose a resource is: what was listed goes before what was answered, each server's room is its own, and no pattern takes long.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lane } from '../../../src/core/gateway/lane.ts';
import { ResourceRoutes } from '../../../src/core/gateway/resource-routes.ts';
import { fits, readTemplate } from '../../../src/core/gateway/uri-template.ts';
import { ALL, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

const [a, b] = [new Lane(laneSettings('a')), new Lane(laneSettings('b'))];

test('of two that list one the first in the config has it, whoever listed first', () => {
  const routes = new ResourceRoutes([a, b]);
  expect([routes.learn(b, 'x://1'), routes.learn(a, 'x://1'), routes.learn(b, 'x://1')]).toEqual([true, true, false]);
  expect(routes.of('x://1')).toBe(a);
});

test('one that lists without end takes no room from another', () => {
  const routes = new ResourceRoutes([a, b]);
  for (let n = 0; n < 50_001; n += 1) routes.learn(b, `x://${n}`);
  for (let n = 0; n < 501; n += 1) routes.learnTemplate(b, `t${n}://{x}`);
  routes.learn(a, 'x://1');
  routes.learnTemplate(a, 'a://{x}');
  // its own oldest has made room
  expect(['x://0', 'x://1', 'x://50000', 'a://1', 't499://1', 't500://1'].map((uri) => routes.of(uri)?.id)).toEqual([
    ...[undefined, 'a', 'b', 'a', 'b', undefined],
  ]);
});

test('long ones are not kept, and many of them make room', () => {
  const routes = new ResourceRoutes([a]);
  const long = (n: number) => `x://${n}/`.padEnd(4_096, 'x');
  for (let n = 0; n < 2_049; n += 1) routes.learn(a, long(n));
  routes.learn(a, `${long(1)}x`);
  routes.learnAnswered(a, `${long(2)}x`);
  expect([long(0), long(1), `${long(1)}x`, `${long(2)}x`].map((uri) => routes.of(uri)?.id)).toEqual([
    ...[undefined, 'a', undefined, undefined],
  ]);
});

test('what somebody answered for goes to who lists it, or has a template for it', () => {
  const routes = new ResourceRoutes([a, b]);
  for (const uri of ['x://1', 'y://1', 'z://1']) routes.learnAnswered(a, uri);
  routes.learn(b, 'x://1');
  routes.learnTemplate(b, 'y://{n}');
  expect(['x://1', 'y://1', 'z://1'].map((uri) => routes.of(uri)?.id)).toEqual(['b', 'b', 'a']);
  for (let n = 0; n < 1_024; n += 1) routes.learnAnswered(a, `n://${n}`);
  expect([routes.of('z://1'), routes.of('n://0')]).toEqual([undefined, a]);
});

describe('under scopes', () => {
  /** As `lane uri`. */
  const [listed, hidden] = [new Set<string>(), new Set<string>()];
  const routes = () => {
    listed.clear();
    hidden.clear();
    const mayShow = (lane: string, _: string, uri: string) => !hidden.has(`${lane} ${uri}`);
    return new ResourceRoutes([a, b], {
      mayShow,
      hides: (lane, uri) => listed.has(`${lane} ${uri}`) && hidden.has(`${lane} ${uri}`),
    });
  };

  test('visible listing, else visible template, else who answered, else who hides it, else nobody', () => {
    const all = routes();
    for (const one of ['a x://1', 'b x://9']) {
      listed.add(one);
      hidden.add(one);
    }
    expect(['x://1', 'x://9', 'x://2'].map((uri) => all.of(uri)?.id)).toEqual(['a', 'b', undefined]);
    all.learnAnswered(b, 'x://1');
    expect(all.of('x://1')).toBe(b);
    all.learnTemplate(b, 'x://{n}');
    all.learnAnswered(a, 'x://2');
    expect(all.of('x://2')).toBe(b);
    all.learn(a, 'x://2');
    expect(all.of('x://2')).toBe(a);
  });

  test('what was listed and is hidden by now is nobody else’s, and what another shows is that one’s', () => {
    const all = routes();
    all.learn(a, 'x://1');
    all.learnTemplate(a, 'x://{n}');
    listed.add('a x://1');
    expect([all.of('x://1'), all.ofTemplate('x://{n}')]).toEqual([a, a]);
    hidden.add('a x://1').add('a x://{n}');
    expect([all.of('x://1'), all.ofTemplate('x://{n}'), all.hides(a, 'x://1')]).toEqual([a, undefined, true]);
    expect([all.learn(b, 'x://1'), all.learnTemplate(b, 'x://{n}')]).toEqual([true, true]);
    expect([all.of('x://1'), all.ofTemplate('x://{n}')]).toEqual([b, b]);
  });

  test('a template claims nothing that its scope does not let through', () => {
    const all = routes();
    all.learnTemplate(a, 'x://{n}');
    hidden.add('a x://1');
    expect([all.of('x://1'), all.of('x://2')]).toEqual([undefined, a]);
  });
});

describe('what a scope hides', () => {
  const started = (play: GatewayPlaybook = new GatewayPlaybook('a', 'b')) => {
    play.greet(ALL, 'a', 'b');
    play.hides = (lane, uri) => lane === 'b' && uri.startsWith('s://');
    return play;
  };

  test.each<[string, Message]>([
    ['a read', { method: 'resources/read', params: { uri: 's://1' } }],
    ['a subscription', { method: 'resources/subscribe', params: { uri: 's://1' } }],
    [
      'a completion',
      { method: 'completion/complete', params: { ref: { type: 'ref/resource', uri: 's://{x}' }, argument: {} } },
    ],
  ])('no other server hears of by %s; where it is down it is not found', (_, request) => {
    const play = started().client({ id: 1, ...request });
    expect(play.toLanes().map(([lane]) => lane)).toEqual(['b']);
    play.lane('b', { id: 1, error: { code: -32002, message: 'Resource not found' } });
    expect(play.toClient()).toMatchObject([{ id: 1, error: { code: -32002 } }]);
    play.event({ type: 'lane_gone', lane: 'b', why: 'x' }).take();
    expect(play.client({ id: 2, ...request }).toClient()).toMatchObject([{ id: 2, error: { code: -32002 } }]);
  });

  test('a server that nobody has approved says so', () => {
    const refusal = { reason: 'not_approved', rule: 'lock', text: 'approve it', retryAfterMs: undefined };
    const play = started().event({
      ...{ type: 'lanes_are', lanes: [laneSettings('a'), laneSettings('b', { refusal })], renewed: new Set() },
    });
    play.event({ type: 'lane_gone', lane: 'b', why: 'x' }).take();
    play.client({ id: 1, method: 'resources/read', params: { uri: 's://1' } });
    expect(play.toClient()).toMatchObject([{ id: 1, error: { message: expect.stringContaining('approve it') } }]);
  });

  test('is not asked for again where its server comes back', () => {
    const play = started().client({ id: 1, method: 'resources/subscribe', params: { uri: 's://1' } });
    play.lane('b', { id: 1, error: { code: -32002, message: 'Resource not found' } });
    play.event({ type: 'lane_gone', lane: 'b', why: 'x' }).event({ type: 'lane_ended', lane: 'b' });
    play.at(play.nowMs + 60_000);
    const [, greeting] = play.toLanes().find(([, { method }]) => method === 'initialize') ?? [];
    play.lane('b', { id: greeting?.id, result: { protocolVersion: '2025-11-25', capabilities: ALL } });
    expect(play.toLanes().map(([, { method }]) => method)).not.toContain('resources/subscribe');
  });

  test('no other server is listened to for (2026-07-28), or tells of', () => {
    const play = new GatewayPlaybook('a', 'b');
    play.hides = (lane, uri) => lane === 'b' && uri.startsWith('s://');
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    const notifications = { resourceSubscriptions: ['s://1', 'n://1'] };
    play.client({ id: 'L', method: 'subscriptions/listen', params: { _meta, notifications } });
    const asked = play.toLanes().map(([lane, { params }]) => [lane, (params as Message).notifications]);
    expect(asked).toEqual([
      ['a', { resourceSubscriptions: ['n://1'] }],
      ['b', { resourceSubscriptions: ['s://1', 'n://1'] }],
    ]);
    play.lane('a', { method: 'notifications/resources/updated', params: { uri: 's://1' } });
    expect(play.toClient()).toEqual([]);
  });
});

describe('in a session', () => {
  const ask = (play: GatewayPlaybook, id: number, method: string) =>
    play.client({ id, method: `resources/${method}`, params: { uri: 'x://1' } });
  const reached = (play: GatewayPlaybook) => play.toLanes().map(([lane]) => lane);

  test.each(['read', 'subscribe'])('an error to a %s makes nobody its owner', (method) => {
    const play = ask(new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b'), 1, method);
    play.lane('a', { id: 1, error: { code: -32603, message: 'busy' } }).take();
    ask(play, 2, method).lane('a', { id: 2, error: { code: -32002, message: 'no' } });
    expect(reached(play)).toEqual(['a', 'b']);
  });

  test('a subscription does not outrank a listing; it ends where it was made', () => {
    const play = ask(new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b'), 1, 'subscribe');
    play.lane('a', { id: 1, error: { code: -32002, message: 'no' } }).lane('b', { id: 1, result: {} });
    play.client({ id: 2, method: 'resources/list' });
    play.lane('a', { id: 2, result: { resources: [{ uri: 'x://1', name: 'x' }] } });
    play.lane('b', { id: 2, result: { resources: [] } }).take();
    expect(reached(ask(play, 3, 'read'))).toEqual(['a']);
    expect(reached(ask(play, 4, 'unsubscribe'))).toEqual(['b']);
  });

  test('who owes a list is asked after the others', () => {
    const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b').client({ id: 1, method: 'tools/list' });
    play.lane('b', { id: 1, result: { tools: [] } });
    play.at(play.nowMs + 5000).take();
    expect(reached(ask(play, 2, 'read'))).toEqual(['b']);
    play.lane('b', { id: 2, error: { code: -32002, message: 'no' } });
    expect(reached(play)).toEqual(['a']);
  });

  test('nobody waits for a call that was taken back when the client ends', () => {
    const play = new GatewayPlaybook(laneSettings('a', { start: 'on-demand' }), 'b').greet(ALL, 'b');
    play.client({ id: 1, method: 'tools/call', params: { name: 'a__x' } });
    play.client({ method: 'notifications/cancelled', params: { requestId: 1 } }).take();
    const ends = play.event({ type: 'client_ended' }).take() as unknown as Message[];
    expect(ends.filter(({ type }) => type === 'end_lane').map(({ lane }) => lane)).toEqual(['a', 'b']);
  });
});

describe('a template', () => {
  test.each([
    ['a://{x}', 'a://', true],
    ['a://{x}/b', 'a://1/2/b', true],
    ['a://{x}/b', 'a://1/bc', false],
    ['a://b', 'a://b', true],
    ['a://b', 'a://bc', false],
    ['a://{x}aab{y}c', 'a://aaabc', true],
    ['a://{x}ab{y}b', 'a://ab', false],
    ['{x}://a', 'a://a', undefined],
  ])('%s and %s: %s', (text, uri, does) => {
    const template = readTemplate(text);
    expect(template === undefined ? undefined : fits(template, uri)).toBe(does);
  });

  test('fits where the same pattern as an expression does', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), part, part, (parts, one, two) => {
        const template = readTemplate(`s:${parts.join('{x}')}`);
        const uris = [`s:${one}${two}`, `s:${parts.join(one)}`, `s:${parts.join('')}`, `s:${parts.join(two)}a`];
        for (const uri of uris)
          expect(template !== undefined && fits(template, uri)).toBe(new RegExp(`^s:${parts.join('.*')}$`).test(uri));
      }),
    );
  });

  test('that is too long claims nothing, and one that is not is searched for in linear time', () => {
    expect(readTemplate(`a:{x}${'y'.repeat(2_048)}`)).toBeUndefined();
    // of a quarter of a thousand such, each step by step: four million steps in all
    const hard = readTemplate(`a:{x}${'a'.repeat(1_000)}b${'a'.repeat(1_000)}{y}`);
    expect(hard !== undefined && fits(hard, `a:${'a'.repeat(4_094)}`)).toBe(false);
    expect(hard !== undefined && fits(hard, `a:${'a'.repeat(4_095)}`)).toBe(false);
  });
});
