// What a server and a tool on the command line mean where names may hold a slash.
import { describe, expect, test } from 'vitest';
import { explainTarget, readGatewayName, readTarget, showTarget, suggestName } from '../../src/cli/breaker-target.ts';

describe('a target', () => {
  test.each<[string, string[], string, string | undefined]>([
    ['files', [], 'files', undefined],
    ['files', ['files'], 'files', undefined],
    ['files/read', ['files'], 'files', 'read'],
    ['files/a/b', ['files'], 'files', 'a/b'],
    ['files/a/b', ['files', 'files/a'], 'files/a', 'b'],
    ['files/a', ['files', 'files/a'], 'files/a', undefined],
    ['files/ab', ['files', 'files/a'], 'files', 'ab'],
    ['unknown/a/b', ['files'], 'unknown', 'a/b'],
    ['filesx', ['files'], 'filesx', undefined],
    ['files//', ['files'], 'files', '/'],
  ])('`%s` where %j are known', (text, known, server, tool) => {
    expect(readTarget(text, known)).toEqual({ server, tool });
    expect(showTarget({ server, tool })).toBe(text);
  });
});

describe('a name that a client of a gateway has', () => {
  test.each<[string, string | undefined]>([
    ['ev__echo', 'ev/echo'],
    ['ev__a/b', 'ev/a/b'],
    ['ev__2__echo', 'ev__2/echo'],
    ['e3.echo', 'ev3/echo'],
    ['ev3__echo', undefined],
    ['ev__', undefined],
    ['evecho', undefined],
    ['bare', undefined],
  ])('`%s` is %s', (text, meant) => {
    const known = ['ev', 'ev__2', 'ev3', 'plain'];
    const prefixes = new Map([
      ['ev3', 'e3.'],
      ['plain', ''],
    ]);
    const found = readGatewayName(text, known, prefixes);
    expect(found && showTarget(found)).toBe(meant);
    const said = explainTarget(text, known, prefixes);
    expect(said).toContain(meant === undefined ? 'known: `ev`' : `write \`${meant}\``);
  });
});

describe('a name that nobody knows', () => {
  test.each([
    ['fils', ['files', 'db'], 'did you mean `files`? known: `files`, `db`'],
    ['zzz', ['files'], 'known: `files`'],
    ['zzz', [], 'nothing is known yet'],
    [
      'zzz',
      Array.from({ length: 10 }, (_, index) => `s${index}`),
      'known: `s0`, `s1`, `s2`, `s3`, `s4`, `s5`, `s6`, `s7` and 2 more',
    ],
    ['zzz', ['\u001b[2J'], 'known: `\\u{1b}[2J`'],
  ])('%s of %j', (name, known, text) => {
    expect(suggestName(name, known)).toBe(text);
  });
});
