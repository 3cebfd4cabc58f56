// What a person answers to a question of a server (2026-07-28, `input_required`) goes to that server and to no other, whoever says or
// lists what meanwhile.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openAnswer, sealQuestion } from '../../../src/core/gateway/asked-state.ts';
import { DEFAULT_READ_LIMITS, type Line, type RequestMessage } from '../../../src/wire/message.ts';
import { readLine } from '../../../src/wire/read-line.ts';
import { ALL, GatewayPlaybook, laneSettings, type Message, toBytes } from './gateway-playbook.ts';

const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
const inputResponses = { q: { action: 'accept', content: { password: 'p' } } };
const ask = (id: number, method: string, more: Message = {}): Message => ({
  ...{ id, method },
  params: { ...(method === 'x/do' ? {} : { uri: 'x://1' }), _meta, ...more },
});
const wants = (id: number, more: Message = {}): Message => ({
  ...{ id, result: { resultType: 'input_required', inputRequests: {}, ...more } },
});
const no = (id: number, message = 'no'): Message => ({ id, error: { code: -32601, message } });
const BOTH = ['resources/read', 'x/do'] as const;

/** What the client was given to hand back. */
const stateIn = (play: GatewayPlaybook): unknown => {
  const result = play.toClient().at(-1)?.result as Message | undefined;
  return result?.requestState;
};
/** A question of `lane` over `method`, with what it was answered by. */
const answered = (requestState: unknown, method: string, id: number): Message =>
  ask(id, method, { inputResponses, requestState });
/** `a` does not have it, `b` asks back. */
const askedByB = (method: string, more: Message = {}) => {
  const play = new GatewayPlaybook('a', 'b').client(ask(1, method)).lane('a', no(1)).lane('b', wants(1, more));
  return { play, requestState: stateIn(play) };
};
const NOWHERE = { error: { code: -32602, message: expect.stringContaining('Invalid requestState') } };
/** Nobody was sent anything, and the client was told so. */
const expectNobody = (play: GatewayPlaybook, message: Message): void => {
  const effects = play.client(message).take();
  expect(effects.filter(({ type }) => type === 'to_lane')).toEqual([]);
  const bytes = effects.flatMap((one) => (one.type === 'to_client' ? [one.bytes] : []))[0];
  expect(JSON.parse(String(typeof bytes === 'function' ? bytes() : bytes))).toMatchObject({
    id: message.id,
    ...NOWHERE,
  });
};

describe.each(BOTH)('over %s', (method) => {
  test.each([{}, { requestState: 's' }, { requestState: '' }, { requestState: 5 }])(
    'it goes to who has asked (%j), as that one knows it, whatever another one lists by now',
    (more) => {
      const { play, requestState } = askedByB(method, more);
      play.client({ id: 2, method: 'resources/list', params: { _meta } });
      play.lane('a', { id: 2, result: { resources: [{ uri: 'x://1', name: 'mine' }] } });
      play.lane('b', { id: 2, result: { resources: [] } }).take();
      const own = typeof more.requestState === 'string' ? more : {};
      const { params } = ask(3, method, { inputResponses, ...own });
      for (const id of [3, 4]) {
        expect(play.client(answered(requestState, method, id)).toLanes()).toEqual([
          ['b', { jsonrpc: '2.0', ...{ id, method, params } }],
        ]);
        play.lane('b', { id, result: {} }).take();
      }
    },
  );

  test('an error that holds the word makes nobody the one that has asked', () => {
    const play = new GatewayPlaybook('a', 'b').client(ask(1, method));
    play.lane('a', no(1, 'not found (input_required)')).lane('b', wants(1, { requestState: 's' }));
    const requestState = stateIn(play);
    expect(play.client(answered(requestState, method, 2)).toLanes()).toMatchObject([['b', { id: 2 }]]);
    expectNobody(play, answered('s', method, 3));
  });

  test('of two that have asked each hears its own, in any order, under the same state', () => {
    const play = new GatewayPlaybook('a', 'b').client(ask(1, method)).lane('a', wants(1, { requestState: 's' }));
    const first = stateIn(play);
    play.client({ id: 9, method: 'resources/list', params: { _meta } }).lane('a', { id: 9, result: { resources: [] } });
    play.lane('b', { id: 9, result: { resources: [{ uri: 'x://1', name: 'r' }] } });
    play.client(ask(2, method));
    // who lists it is asked alone, a method one after the other
    if (method === 'x/do') play.lane('a', no(2));
    play.lane('b', wants(2, { requestState: 's' }));
    const second = stateIn(play);
    for (const [id, state, lane] of [
      [3, first, 'a'],
      [4, second, 'b'],
      [5, first, 'a'],
    ] as const)
      expect(play.client(answered(state, method, id)).toLanes()).toMatchObject([
        [lane, { params: { requestState: 's' } }],
      ]);
  });

  test('it goes to nobody where its server has left, nobody has asked, or the state is another’s', () => {
    const { play, requestState } = askedByB(method);
    const other = method === 'x/do' ? 'resources/read' : 'x/do';
    for (const [at, state] of [undefined, 's', '', '.', `${String(requestState)} `, 5].entries())
      expectNobody(play, answered(state, method, 10 + at));
    expectNobody(play, answered(requestState, other, 20));
    play.event({ type: 'lanes_are', lanes: [laneSettings('a')], renewed: new Set() }).take();
    expectNobody(play, answered(requestState, method, 30));
    const restarted = new GatewayPlaybook('a', 'b').client({ id: 1, method: 'resources/list', params: { _meta } });
    restarted.lane('a', { id: 1, result: { resources: [{ uri: 'x://1', name: 'mine' }] } });
    restarted.lane('b', { id: 1, result: { resources: [] } }).take();
    expectNobody(restarted, ask(2, method, { inputResponses }));
  });
});

test('what is asked under an escaped word can be answered to nobody', () => {
  const play = new GatewayPlaybook('a', 'b').client(ask(1, 'resources/read'));
  play.lane(
    'a',
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"input\\u005frequired","requestState":"s","inputRequests":{}}}',
  );
  expect(stateIn(play)).toBe('s');
  expectNobody(play, answered('s', 'resources/read', 2));
});

test('an answer that only holds the word keeps every byte', () => {
  const play = new GatewayPlaybook('a', 'b').client(ask(1, 'resources/read'));
  const result = { resultType: 'complete', contents: [{ uri: 'x://1', text: 'input_required' }] };
  play.lane('a', { id: 1, result });
  expect(play.toClient()).toEqual([{ jsonrpc: '2.0', id: 1, result }]);
});

test('what names its server keeps every byte of its state, there and back', () => {
  const play = new GatewayPlaybook('a', 'b').client({ id: 1, method: 'tools/call', params: { name: 'b__x', _meta } });
  play.lane('b', wants(1, { requestState: 's' }));
  expect(stateIn(play)).toBe('s');
  play.client({ id: 2, method: 'tools/call', params: { name: 'a__x', _meta, inputResponses, requestState: 's' } });
  expect(play.toLanes()).toMatchObject([['a', { id: 2, params: { requestState: 's' } }]]);
  const tasks = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
  tasks.client({ id: 3, method: 'tasks/update', params: { taskId: 'b:T', inputResponses } });
  expect(tasks.toLanes()).toMatchObject([['b', { params: { taskId: 'T', inputResponses } }]]);
});

test('a completion of a resource is nothing that a server asks back over', () => {
  const play = new GatewayPlaybook('a', 'b').client({ id: 1, method: 'resources/list', params: { _meta } });
  play.lane('a', { id: 1, result: { resources: [{ uri: 'x://1', name: 'mine' }] } });
  play.lane('b', { id: 1, result: { resources: [] } }).take();
  const ref = { type: 'ref/resource', uri: 'x://1' };
  expectNobody(play, { id: 2, method: 'completion/complete', params: { ref, inputResponses, _meta } });
});

describe('the seal', () => {
  const seal = (text: string): string => [...text].reduce((sum, one) => `${sum}${one.charCodeAt(0)}`, 'k');
  const line = (message: Message, from: 'client' | 'upstream'): Line => {
    const reading = readLine(toBytes(message), from, DEFAULT_READ_LIMITS);
    if (reading.kind !== 'message') throw new Error(JSON.stringify(reading));
    return reading.line;
  };
  const again = (one: Line, from: 'client' | 'upstream') => {
    const reading = readLine(one.bytes, from, DEFAULT_READ_LIMITS);
    return reading.kind === 'message' ? reading.line : undefined;
  };
  const text = fc.string({ unit: fc.constantFrom('a', '.', '"', '\\', '[', ',', 'é', '€', ' ') });

  test('gives back what was sealed, and every line is what its bytes are', () => {
    fc.assert(
      fc.property(text, fc.option(text, { nil: undefined }), text, fc.boolean(), (lane, state, what, isFirst) => {
        const own = state === undefined ? {} : { requestState: state };
        const rest = { resultType: 'input_required', inputRequests: { q: [1, state ?? null] } };
        const sealed = sealQuestion(
          line({ id: 1, result: isFirst ? { ...own, ...rest } : { ...rest, ...own } }, 'upstream'),
          { lane, what },
          seal,
        );
        expect(sealed).toEqual(again(sealed, 'upstream'));
        const { requestState } = (JSON.parse(sealed.text) as { result: Message }).result;
        const params = isFirst ? { requestState, uri: what } : { uri: what, inputResponses, requestState };
        // a request of the client, as `line` was told
        const request = line({ id: 2, method: 'x', params }, 'client') as Line<RequestMessage>;
        const opened = openAnswer(request, what, seal);
        expect(opened?.lane).toBe(lane);
        expect(opened?.line).toEqual(opened && again(opened.line, 'client'));
        const { requestState: _, ...others } = params;
        expect(JSON.parse(opened?.line.text ?? '')).toEqual({
          ...{ jsonrpc: '2.0', id: 2, method: 'x' },
          params: { ...others, ...own },
        });
        expect(openAnswer(request, `${what}x`, seal)).toBeUndefined();
        expect(openAnswer(request, what, (one) => `${seal(one)}0`)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});
