// What is said when a breaker opens: once for each opening, and only where it refuses anybody.
import { expect, test } from 'vitest';
import { describeOpening } from '../../../src/policy/breaker/opening-text.ts';
import { OneBreaker } from './one-breaker.ts';

const opening = () => {
  const [transition] = new OneBreaker().feed('FFFFF').transitions;
  if (transition === undefined) throw new Error('it did not open');
  return transition;
};

test('of a server, and of a tool of it', () => {
  const transition = opening();
  expect(describeOpening('db', { tool: undefined, transition }, 'enforce')).toBe(
    '`db` is switched off for 30 s, then tried out: of its last 5 calls 5 failed (the last 5 in a row); look with `mcp-guard breaker status`',
  );
  expect(describeOpening('db', { tool: 'query', transition }, 'enforce')).toMatch(/^the tool `query` of `db` is /);
});

test('nothing of any other move, and nothing where it refuses nobody', () => {
  const transition = opening();
  for (const mode of ['observe', 'off'] as const)
    expect(describeOpening('db', { tool: undefined, transition }, mode)).toBeUndefined();
  const again = { ...transition, from: 'half_open' } as const;
  const closed = { ...transition, to: 'closed' } as const;
  for (const other of [again, closed])
    expect(describeOpening('db', { tool: undefined, transition: other }, 'enforce')).toBeUndefined();
});

test('a hostile name steers nothing', () => {
  const said = describeOpening('db', { tool: '`\n\u001b[2J', transition: opening() }, 'enforce');
  expect(said).toContain("`'\\u{a}\\u{1b}[2J`");
});
