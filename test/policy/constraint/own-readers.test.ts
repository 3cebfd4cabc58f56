// Paths to the guard's own files as libraries of Node, Python, Go, Java and Windows read them, and what a look at many of them costs.
import { describe, expect, test } from 'vitest';
import type { ConstraintPorts } from '../../../src/policy/constraint/constraint-document.ts';
import { createOwnPathFinder } from '../../../src/policy/constraint/own-paths.ts';
import { prepareOwnPaths } from '../../../src/policy/constraint/own-reach.ts';
import { locate } from '../../../src/policy/constraint/real-location.ts';
import type { Json } from '../../../src/wire/json.ts';
import { PORTS } from './one-constraint.ts';

const KEY = '/home/me/.state/guard/lock/key.pem';
const own = prepareOwnPaths(['/home/me/.state/guard', '/srv/team.json'], PORTS);
const find = (value: Json, ports: ConstraintPorts = PORTS) => createOwnPathFinder(own, ports)({ v: value }, 0);

describe('what URL readers drop', () => {
  test.each([
    `file:///home/m\te/.state/guard/x`,
    `file:///srv/te\nam.json`,
    `file:///srv/te\r\nam.json`,
    'fi\tle:///srv/team.json',
    '/srv/te\tam.json',
    `\u0001file://${KEY}`,
    `file://${KEY}\u001f`,
    `file://${'\t'.repeat(5000)}${KEY}`,
    `fi${'\n'.repeat(5000)}le://${KEY}`,
  ])('%j', (text) => expect(find(text)?.pointer).toBe('/v'));
});

test.each(['\u001c', '\u001f', '\u0085', '\u0001', '\b', '\u007f', '\u00a0', '\u2003', '\ufeff', ' \u001f \u0085'])(
  'trimmed at either end: %j',
  (around) => {
    expect(find(around + KEY)?.pointer).toBe('/v');
    expect(find(`/srv/team.json${around}`)?.pointer).toBe('/v');
  },
);

test('a bare name that is long only by what is trimmed, dropped or cut', () => {
  const near = { ...PORTS, bases: () => ['/home/me/.state'] };
  for (const name of [`${'\u001f'.repeat(300)}guard`, `gu${'\t'.repeat(300)}ard`, `guard\0${'x'.repeat(300)}`])
    expect(find(name, near)?.pointer).toBe('/v');
  expect(find('x'.repeat(300), near)).toBeUndefined();
});

test.each([
  'file:///srv%2f%ff/../team.json',
  '/srv%2F%FF%2F../team.json',
  '/srv/%c3/../team.json',
  '%2fsrv%2f%e2%82%2e%2e/../team.json',
])('an escape that is no UTF-8 hides no other: %s', (text) => expect(find(text)?.pointer).toBe('/v'));

describe('the home of somebody else', () => {
  const ports = { ...PORTS, homeOf: (user: string) => (user === 'bob' ? '/users/bob' : undefined) };
  test.each([
    `~root/..${KEY}`,
    `~sys/../..${KEY}`,
    '~root/../srv/x/../team.json',
    // `..` ends in some directory above
    '~bob/../me/.state/guard/lock',
    '~bob/../../state/../.state/guard',
    '~bob/.state/guard/lock',
    '~bob\\..\\srv\\team.json',
    '"~root/../srv/team.json"',
    '~+/../srv/team.json',
    '~-/../srv/team.json',
  ])('%s', (text) => expect(find(text, ports)?.pointer).toBe('/v'));

  test.each(['~bob/notes', '~root/../srv/other', '~5 minutes/day', '~$report.docx', '~', '~/x', '~bob/../guards/x.y'])(
    'not %s',
    (text) => expect(find(text, ports)).toBeUndefined(),
  );

  test.each([
    ['that of a user of this machine', '~bob/link/x', '/users/bob/link'],
    ['one beside the home of the server', '~eve/link/x', '/home/eve/link'],
    ['from the root', '~eve/../../../opt/link/x', '/opt/link'],
    ['that of the server', '~me/link/x', '/home/me/link'],
  ])('through a link: %s', (_, text, link) => {
    const realPath = (at: string) => (at.startsWith(link) ? `/home/me/.state/guard${at.slice(link.length)}` : at);
    expect(find(text, { ...ports, realPath })?.pointer).toBe('/v');
  });
});

test.each([
  `[${KEY}]`,
  `{${KEY}}`,
  `(${KEY})`,
  `[[${KEY}]]`,
  '`pwd`/../srv/team.json',
  '`pwd`\\..\\srv\\team.json',
  `sqlite://localhost${KEY}`,
  `vscode://file${KEY}`,
])('around or before it: %s', (text) => expect(find(text)?.pointer).toBe('/v'));

test.each([`https://host${KEY}`, '`a`, or `b`/c', '[a/b](c)'])('not %s', (text) => expect(find(text)).toBeUndefined());

describe('what a look costs', () => {
  const many = (text: (index: number) => string, count: number): string | undefined =>
    find(Array.from({ length: count }, (_, index) => text(index)))?.text;
  const TOO_MANY = 'the arguments hold too many texts that may be paths: send less';

  test('long texts and such as climb count for more than one', () => {
    expect(many((index) => `${'a/../'.repeat(800)}x${index}`, 100)).toBe(TOO_MANY);
    // no name is as long: nothing is looked up, but read it was
    expect(many((index) => `${'fill-'.repeat(810)}${index}.`, 3000)).toBe(TOO_MANY);
    // a readme's worth of paths
    expect(many((index) => `../../src/${index}.ts`, 1000)).toBeUndefined();
  });

  test('a variable with a long value is not put in a thousand times', () => {
    const ports = { ...PORTS, variable: () => 'y'.repeat(10_000) };
    expect(find('$X'.repeat(1000), ports)?.text).toBe('`/v` may be read as a path in too many ways: write it plainly');
  });

  test('the name of a scheme is read once', () => {
    const startedMs = performance.now();
    for (let round = 0; round < 20; round += 1) find(`${'file-'.repeat(810)}${round}.`);
    // going back over it took 4 ms each, on a machine with nothing else to do
    expect((performance.now() - startedMs) / 20).toBeLessThan(2.5);
  });

  test('a path is walked without copying what was walked', () => {
    let length = 0;
    const realPath = (at: string) => {
      length = Math.max(length, at.length);
      return at;
    };
    expect(locate(`/${'x/'.repeat(1500)}..`, { realPath })).toHaveLength(2);
    expect(length).toBeGreaterThan(2990);
  });
});

describe('on Windows, what has no one meaning', () => {
  const HOME = 'C:\\Users\\me';
  const STATE = `${HOME}\\AppData\\Local\\mcp-guard`;
  const ports: ConstraintPorts = { ...PORTS, homeDir: HOME, bases: () => ['D:\\work'], windows: true };
  const finder = createOwnPathFinder(prepareOwnPaths([STATE], ports), ports);
  const ask = (text: string) => finder({ v: text }, 0)?.pointer;
  const slashed = STATE.slice(2).replaceAll('\\', '/');
  test.each([
    `\\\\?\\${STATE}\\lock`,
    `\\\\.\\${STATE}\\lock`,
    `\\??\\${STATE}`,
    `\\\\?\\UNC\\localhost\\C$${STATE.slice(2)}`,
    `\\\\localhost\\C$${STATE.slice(2)}\\lock`,
    `//127.0.0.1/c$${slashed}/lock`,
    `\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1${STATE.slice(2)}`,
    `${STATE.slice(2)}\\lock`,
    `${slashed}/lock`,
    `/c${slashed}`,
    `/mnt/c${slashed}`,
    `/cygdrive/c${slashed}`,
    `${STATE}.\\lock`,
    `${STATE} \\lock`,
    `${HOME}.\\AppData\\Local\\mcp-guard`,
    `${STATE}::$INDEX_ALLOCATION\\lock`,
    `${HOME}\\APPDAT~1\\Local\\MCP-GU~1\\lock`,
    `${HOME}\\AppData\\Local\\MC3F2A~1`,
    `file:///C|${slashed}`,
    `C:AppData\\Local\\mcp-guard`,
    `C:\\x<\\..${STATE.slice(2)}`,
  ])('%s', (text) => expect(ask(text)).toBe('/v'));

  test.each([
    `\\\\?\\${HOME}\\notes`,
    `\\\\server\\share${STATE.slice(2)}\\x`,
    '/usr/lib/x',
    `${HOME}\\APPDAT~1\\Local\\OTHER~1`,
    `${HOME}\\notes.\\x`,
  ])('not %s', (text) => expect(ask(text)).toBeUndefined());
});
