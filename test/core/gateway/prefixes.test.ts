// Whose a name is: by the longest prefix alone, whatever separators stand in names and prefixes; and which names hosts will refuse.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Prefixes } from '../../../src/core/gateway/prefixes.ts';
import { ALL, call, GatewayPlaybook, laneSettings, type Message } from './gateway-playbook.ts';

const lanesOf = (prefixes: Readonly<Record<string, string>>) =>
  Object.entries(prefixes).map(([lane, prefix]) => ({ lane, prefix }));

test.each([
  ['the longest', { a: 'a__', b: 'a__b__' }, 'a__b__x', 'b', 'x'],
  ['one that is all of the name', { a: 'a__', b: 'a__b__' }, 'a__b__', 'b', ''],
  ['the shorter one, where the longer is not whole', { a: 'a__', b: 'a__b__' }, 'a__b_x', 'a', 'b_x'],
  ['with separators in the name', { a: 'a__' }, 'a__x__y__z', 'a', 'x__y__z'],
  ['the empty one, where no other fits', { a: '', b: 'b__' }, 'c__x', 'a', 'c__x'],
  ['an empty separator', { a: 'fs', b: 'fst' }, 'fstool', 'b', 'ool'],
])('is resolved by %s', (_, prefixes, outer, lane, name) => {
  expect(new Prefixes(lanesOf(prefixes)).resolve(outer)).toEqual({ lane, name });
});

test('nobody’s is nobody’s', () => {
  expect(new Prefixes(lanesOf({ a: 'a__' })).resolve('a_x')).toBeUndefined();
});

test.each([[{ a: 'p__', b: 'p__' }], [{ a: '', b: '' }]])('two servers with one prefix are none: %j', (prefixes) => {
  expect(() => new Prefixes(lanesOf(prefixes))).toThrow('two lanes have one prefix');
});

const piece = fc.stringMatching(/^(?:a|b|__|_){0,4}$/);
test('what is shown under a name is what is called under it, whatever the names', () => {
  fc.assert(
    fc.property(fc.uniqueArray(piece, { minLength: 1, maxLength: 4 }), piece, (all, name) => {
      const lanes = all.map((prefix, n) => ({ lane: `l${n}`, prefix }));
      const prefixes = new Prefixes(lanes);
      for (const { lane } of lanes) {
        const owned = prefixes.resolve(prefixes.outer(lane, name));
        if (prefixes.takenBy(lane, name) === undefined) expect(owned).toEqual({ lane, name });
        else expect(owned?.lane).not.toBe(lane);
      }
    }),
  );
});

describe('the names that hosts allow', () => {
  const warningsOf = (name: string) => {
    const play = new GatewayPlaybook('a').greet(ALL, 'a').client({ id: 1, method: 'tools/list' });
    play.take();
    play.lane('a', { id: 1, result: { tools: [{ name, inputSchema: { type: 'object' } }] } });
    return play.take().flatMap((one) => (one.type === 'log' && one.level === 'warn' ? [one.text] : []));
  };
  // 64 characters, of which hosts take 16 for `mcp__mcp-guard__`, and the prefix here 3
  test('are not warned of up to the last character', () => expect(warningsOf('x'.repeat(45))).toEqual([]));
  test('and one more is', () => {
    expect(warningsOf('x'.repeat(46))).toEqual([expect.stringContaining('1 tool names of `a` may be too long')]);
  });
  test('a name that is as long as a line may be is called all the same', () => {
    const play = new GatewayPlaybook('a').greet(ALL, 'a').client(call(1, `a__${'x'.repeat(100_000)}`));
    expect(play.toLanes()).toMatchObject([['a', { params: { name: 'x'.repeat(100_000) } }]]);
  });
});

test('a prompt that another prefix takes is left out as a tool is, and each is said once', () => {
  const lanes = [laneSettings('a'), laneSettings('b', { prefix: 'a__b__' })];
  const play = new GatewayPlaybook(...lanes).greet(ALL, 'a', 'b');
  const list = (id: number): Message[] => {
    play.client({ id, method: 'prompts/list' });
    play.lane('a', { id, result: { prompts: [{ name: 'b__x' }, { name: 'y' }] } });
    play.lane('b', { id, result: { prompts: [{ name: 'x' }] } });
    return play.take().flatMap((one) => {
      if (one.type === 'log' && one.level === 'error') return [{ error: one.text }];
      return one.type === 'to_client' ? [JSON.parse(String(one.bytes)) as Message] : [];
    });
  };
  const [said, answer] = list(1);
  expect(said).toEqual({
    error: expect.stringContaining('`a__b__x` of `a` is left out: under this name `b` is asked'),
  });
  expect(answer).toMatchObject({ result: { prompts: [{ name: 'a__y' }, { name: 'a__b__x' }] } });
  expect(list(2)).toHaveLength(1);
});

test('URIs that two servers list are said in one line, at a level that no client hears, and each is on record', () => {
  const play = new GatewayPlaybook('a', 'b').greet(ALL, 'a', 'b');
  const resources = ['x:1', 'x:2', 'x:3'].map((uri) => ({ uri, name: uri }));
  const list = (id: number) => {
    play.client({ id, method: 'resources/list' });
    play.lane('a', { id, result: { resources: resources.slice(1) } }).lane('b', { id, result: { resources } });
    const effects = play.take();
    const logs = effects.flatMap((one) => (one.type === 'log' ? [[one.level, one.text]] : []));
    return { logs, records: effects.filter(({ type }) => type === 'record').length };
  };
  expect(list(1)).toEqual({
    logs: [
      [
        'info',
        '2 of the `resources` of `b` are left out: other servers list them and are asked for them, as for `x:2` of `a`',
      ],
    ],
    records: 2,
  });
  expect(list(2)).toEqual({ logs: [], records: 0 });
});
