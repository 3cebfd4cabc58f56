// Texts above 4 KiB, and what URL readers cut off at any length: what leads to the guard's own files in them, and what does not.
import { expect, test } from 'vitest';
import { createOwnPathFinder } from '../../../src/policy/constraint/own-paths.ts';
import { prepareOwnPaths } from '../../../src/policy/constraint/own-reach.ts';
import { ask, PORTS } from './one-constraint.ts';

const KEY = '/srv/team.json';
const find = createOwnPathFinder(prepareOwnPaths([KEY], PORTS), PORTS);
const refused = (text: string): string | undefined => find({ v: text }, 0)?.text;
const back = '/a/..'.repeat(900);

test.each([
  ['slashes', `/srv${'/'.repeat(4200)}team.json`],
  ['single dots', `/srv${'/.'.repeat(2100)}/team.json`],
  ['behind it', KEY + '/'.repeat(4200)],
  ['dots behind it', KEY + '/.'.repeat(2100)],
  ['encoded slashes', `/srv${'%2f'.repeat(1400)}team.json`],
  ['backslashes', `/srv${'\\'.repeat(4200)}team.json`],
  ['a scheme is no directory', `file://${back}/..${KEY}`],
  ['nor is a host', `file://localhost${back}/../..${KEY}`],
  ['dots alone decoded', `file://${'/a%2fb/%2e%2e'.repeat(700)}/%2e%2e${KEY}`],
  ['nor is what stands before a path', `path=${back}/..${KEY}`],
  ['nor a home', `~${back}/../../srv/team.json`],
  ['a part of breaks', `/srv${'/\n'.repeat(2100)}/team.json`],
  ['a query without a scheme', `${KEY}?${'x'.repeat(5000)}`],
  ['an encoded one', `${KEY}%3f${'x'.repeat(5000)}`],
  ['a broken line before a query', `/srv/te\nam.json?${'x'.repeat(5000)}`],
  ['JSON', `"${'\\u002f'.repeat(1000)}srv/team.json"`],
  ['one long name', `/${'x'.repeat(6000)}/..${KEY}`],
  ['in brackets', `${'('.repeat(5000)}${KEY}`],
])('long: %s', (_, text) => {
  expect(text.length).toBeGreaterThan(4096);
  expect(refused(text)).toContain('leads to files of the guard itself');
});

test.each([
  `${KEY}?x`,
  `${KEY}#x`,
  `${KEY};x`,
  `${KEY};a?b#c`,
  '/srv/x;y/../team.json;z',
  `//localhost${KEY}`,
  `//h${KEY}?x`,
  `//a b${KEY}`,
  '/x%2fy/%2e%2e/srv/team.json',
  '"\\u002fsrv/team.json"',
  `'${KEY}`,
  `${KEY}"`,
  `"${KEY}'`,
])('short: %s', (text) => expect(refused(text)).toContain('leads to files of the guard itself'));

test.each([
  ['prose', 'Is it done? See the file src/a.ts; then go on.\n'.repeat(500)],
  ['code', "import { a } from '../b/c.ts';\nconst d = a; // e?\n".repeat(400)],
  ['a URL with a query', `https://example.com${KEY}?x`],
  ['a bundle, of which the end is enough', 'a = "b\\\\c"; // d e f g h i j k l\n'.repeat(150_000)],
  ['as many hosts as slashes', '//a'.repeat(200_000)],
])('not %s', (_, text) => expect(refused(text)).toBeUndefined());

test('a home is not taken back before it is known', () => {
  const far = createOwnPathFinder(prepareOwnPaths([KEY], PORTS), { ...PORTS, bases: () => ['/a/b/c/d'] });
  expect(far({ v: `~${back}/../../srv/team.json` }, 0)?.text).toContain('leads to files of the guard itself');
});

test('the work is bounded', () => {
  expect(refused(`${'é%2f../\\\n'.repeat(260_000)}`)).toContain('in too many ways');
  // a megabyte that is read through in full, again and again
  expect(find({ v: Array.from({ length: 60 }, (_, at) => `${'x/../'.repeat(200_000)}${at}`) }, 0)?.text).toContain(
    'too many',
  );
});

test('`within` charges each look that a `..` takes, by how long the path is', () => {
  let looks = 0;
  const realPath = (path: string) => {
    looks += 1;
    return path;
  };
  const judge = (climbs: number) =>
    ask({ within: ['/data'] }, `/data/${'h/../'.repeat(climbs)}x`, { ...PORTS, realPath });
  expect(judge(3)).toBeUndefined();
  looks = 0;
  expect(judge(800)).toContain('too much to check');
  // of the root
  expect(looks).toBeLessThan(5);
});

test.each([
  '/data/.$env:NOPE./x',
  '/data/.$global:X./x',
  '/data/.`/bin/true`./x',
  '/data/`echo ..`/x',
  '/data/.!X!./x',
  '/data/.^./x',
  '/data/.\u200b./x',
  `file:///data/.\${X}./x`,
])('`within` refuses a part that may be `..`: %s', (text) =>
  expect(ask({ within: ['/'] }, text)).toMatch(/must not hold|plain characters/),
);

test.each([
  'easy.box',
  'o2.box',
  'fritz.nas',
  'speedport.ip',
  'x.consul',
  'x.docker',
  'x.lxd',
  'x.incus',
  'x.ip6-localhost',
  'x.localnet',
])('`host` `*` is not %s', (host) => {
  expect(ask({ host: ['*'] }, `http://${host}/`)).toContain('private and local names');
  expect(ask({ host: [host] }, `http://${host}/`)).toBeUndefined();
});
