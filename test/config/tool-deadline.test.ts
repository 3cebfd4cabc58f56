// Deadlines by tool, and the patterns that choose them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ServerPolicy, ToolPolicy } from '../../src/config/policy.ts';
import { matchPattern, toolDeadline } from '../../src/config/tool-deadline.ts';

const tool = (pattern: string, idleMs?: number, hardMs?: number): ToolPolicy => ({
  pattern,
  idleMs,
  hardMs,
  breaker: undefined,
});
const server = (...tools: ToolPolicy[]): ServerPolicy => ({
  id: 'a',
  command: 'a',
  args: [],
  cwd: undefined,
  env: {},
  passEnv: [],
  onExit: undefined,
  restart: { maxExits: 1, withinMs: 1, firstDelayMs: 1, maxDelayMs: 1 },
  deadline: { idleMs: 100, hardMs: 1_000 },
  breaker: { tools: {}, server: {} },
  tools,
  scope: undefined,
  mode: 'enforce',
  gateway: { prefix: 'a__', start: 'eager', startTimeoutMs: 5_000, idleStopMs: Number.POSITIVE_INFINITY },
});

test.each<[string, ToolPolicy[], number, number]>([
  ['nothing matches: the server', [tool('b*', 1, 1)], 100, 1_000],
  ['a pattern may give more', [tool('a*', 200, 2_000)], 200, 2_000],
  ['what it leaves open is the server’s', [tool('a*', undefined, 5)], 100, 5],
  ['of several the stricter number of each kind', [tool('a*', 5, 50), tool('*c', 7, 20)], 5, 20],
  ['the very name decides alone', [tool('*', 1, 1), tool('abc', undefined, 9_000)], 100, 9_000],
])('%s', (_, tools, idleMs, hardMs) => {
  expect(toolDeadline(server(...tools), 'abc')).toEqual({ idleMs, hardMs });
});

test.each<[string, string, boolean]>([
  ['abc', 'abc', true],
  ['abc', 'abcd', false],
  ['abc', 'xabc', false],
  ['abc', 'ABC', false],
  ['*', '', true],
  ['*', 'a/b/.c', true],
  ['a*', 'a', true],
  ['a*c', 'abbbc', true],
  ['a*c', 'abbbd', false],
  ['?', '', false],
  ['?', 'a', true],
  ['?', '😀', true],
  ['a?c', 'ac', false],
  ['*.txt', '.txt', true],
  ['a.c', 'abc', false],
  ['{a,b}', 'a', false],
  ['!a', 'b', false],
  ['[ab]', 'a', false],
  ['a**b', 'axxb', true],
  ['*a*b', 'xaxab', true],
])('%s matches %s: %s', (pattern, text, expected) => {
  expect(matchPattern(pattern, text)).toBe(expected);
});

test('agrees with the regular expression that it stands for', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 });
  fc.assert(
    fc.property(letters, letters, (pattern, text) => {
      const source = pattern.replace(/[.*?]/g, (c) => (c === '*' ? '[^]*' : c === '?' ? '[^]' : '\\.'));
      expect(matchPattern(pattern, text)).toBe(new RegExp(`^${source}$`, 'u').test(text));
    }),
  );
});

test('a hostile name costs at most pattern times text', () => {
  expect(matchPattern('*a*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(20_000))).toBe(false);
});
