// Paths to the guard's own files that are hidden in what a server takes back, puts in, or follows by itself.
import { describe, expect, test } from 'vitest';
import { createOwnPathFinder } from '../../../src/policy/constraint/own-paths.ts';
import { prepareOwnPaths } from '../../../src/policy/constraint/own-reach.ts';
import { PORTS } from './one-constraint.ts';

const own = prepareOwnPaths(['/home/me/.config/mcp-guard', '/srv/guard.yaml'], PORTS);
const ask = (path: string, ports = PORTS) => createOwnPathFinder(own, ports)({ v: path }, 0);
const find = (path: string, ports = PORTS): string | undefined => ask(path, ports)?.pointer;

test.each([
  ['taken back as text', `/${'a'.repeat(1100)}/../srv/guard.yaml`],
  ['decoded and taken back', `/srv/${'a'.repeat(1100)}%2f..%2fguard.yaml`],
  ['relative', `./${'b'.repeat(1025)}/../../srv/guard.yaml`],
  ['above 4 KiB', `/${'x/../'.repeat(2000)}srv/guard.yaml`],
  ['above 4 KiB and relative', `${'x/../'.repeat(2000)}../srv/guard.yaml`],
  ['one part above 4 KiB', `/${'x'.repeat(5000)}\\..\\srv/guard.yaml`],
  ['above 4 KiB and encoded', `/${'x%2f%252e%2e/'.repeat(1000)}srv/guard.yaml`],
  ['blanks', `/srv/guard.yaml${' '.repeat(4097)}`],
  ['cut at NUL', `/srv/guard.yaml\0${'x'.repeat(5000)}`],
  ['a query', `file:///srv/guard.yaml?${'x'.repeat(5000)}`],
  ['a fragment', `file:///srv/guard.yaml#${'x'.repeat(1100)}`],
])('longer than a name or a path may be: %s', (_, path) => {
  // as the system: it opens no name of this length
  const realPath = (at: string) => (at.split('/').some((part) => part.length > 255) ? undefined : at);
  expect(find(path, { ...PORTS, realPath })).toBe('/v');
});

test('one way to resolve `..` that cannot be known says nothing of the other', () => {
  const realPath = (at: string) => (at.startsWith('/locked/') ? undefined : at);
  expect(find('/locked/x/../../srv/guard.yaml', { ...PORTS, realPath })).toBe('/v');
  expect(find('/locked/x/../../srv/other', { ...PORTS, realPath })).toBeUndefined();
});

describe('by variables', () => {
  const env = new Map([
    ['XDG_CONFIG_HOME', '/home/me/.config'],
    ['EMPTY', ''],
    ['S', 'srv'],
  ]);
  const ports = { ...PORTS, bases: () => ['/srv'], variable: (name: string) => env.get(name) };
  test.each([
    `\${HOME}/.config/mcp-guard`,
    '%USERPROFILE%/.config/mcp-guard',
    '/$HOME/.config/mcp-guard',
    '$PWD/guard.yaml',
    `\${PWD}/guard.yaml`,
    '$env:PWD/guard.yaml',
    '$(pwd)/.config/mcp-guard/x',
    '$XDG_CONFIG_HOME/mcp-guard/config.json',
    '%XDG_CONFIG_HOME%/mcp-guard/config.json',
    '/$S/guard.yaml',
    '$PWD/$NONE/../guard.yaml',
    `/\${S}/guard.yaml`,
    `/s\${NONE}rv/guard.yaml`,
    `/\${NONE:-srv}/guard.yaml`,
    `/\${NONE-srv}/guard.yaml`,
    `/\${EMPTY:-srv}/guard.yaml`,
    `/\${S:+srv}/guard.yaml`,
    `\${HOME:-/}/.config/mcp-guard`,
    `\${NONE:-/srv}/guard.yaml`,
    // where nobody knows the value, by what follows
    '$NONE/mcp-guard/config.json',
    '/opt/$NONE/.config/mcp-guard',
    `\${NONE}/guard.yaml`,
    '$NONE\\mcp-guard',
  ])('%s', (path) => {
    expect(find(path, ports)).toBe('/v');
  });

  test.each(['$NONE/other', '/$S/other', 'costs $USD/year', '$5/guard.yaml', '$XDG_CONFIG_HOME/other'])(
    'not %s',
    (path) => {
      expect(find(path, ports)).toBeUndefined();
    },
  );
});

test('through a link of the disk that every process has of its own', () => {
  const ports = {
    ...PORTS,
    realPath: (at: string) => (at.startsWith('/site/x/') ? undefined : at),
    isPerProcess: (at: string) => at === '/site/x/srv/guard.yaml',
  };
  expect(ask('x/srv/guard.yaml', ports)?.text).toBe(
    '`/v` goes through a link that every process has of its own, so it may lead to files of the guard itself: write the path without `/proc` and `/dev/fd`',
  );
  expect(find('x/srv/other', ports)).toBeUndefined();
});

test('in more ways than can be looked at', () => {
  expect(ask(`%${'25'.repeat(200)}2e`)?.text).toBe('`/v` may be read as a path in too many ways: write it plainly');
});

test('by a bare name, where the directory is a link into them', () => {
  const realPath = (at: string) => at.replace(/^\/link(?=\/|$)/, '/home/me/.config/mcp-guard');
  const at = (cwd: string) => ({ ...PORTS, bases: () => [cwd], realPath });
  expect(find('lock', at('/link'))).toBe('/v');
  expect(find('./lock', at('/link'))).toBe('/v');
  expect(find('lock', at('/other'))).toBeUndefined();
});
