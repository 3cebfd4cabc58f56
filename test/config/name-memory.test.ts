// What is remembered by name is bounded in number and length, and the same as what would be found.
import { expect, test } from 'vitest';
import { NameMemory } from '../../src/config/name-memory.ts';

test('asks once for what it remembers, forgets the oldest, keeps no long name', () => {
  const memory = new NameMemory<string>({ most: 2, longest: 3 });
  const asked: string[] = [];
  const ask = (name: string): string =>
    memory.ask(name, (one) => {
      asked.push(one);
      return `of ${one}`;
    });
  expect(['a', 'b', 'a', 'abcd', 'abcd'].map(ask)).toEqual(['of a', 'of b', 'of a', 'of abcd', 'of abcd']);
  expect(asked).toEqual(['a', 'b', 'abcd', 'abcd']);
  expect(memory.size).toBe(2);
  expect(['abc', 'b', 'a'].map(ask)).toEqual(['of abc', 'of b', 'of a']);
  expect(asked.slice(4)).toEqual(['abc', 'a']);
  expect(memory.size).toBe(2);
});
