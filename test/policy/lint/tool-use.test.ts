// What is kept of the use of a server, and that it stays small whatever is called.
import { expect, test } from 'vitest';
import { collectUse } from '../../../src/policy/lint/tool-use.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

test('counts by kind and name, and keeps the last time', () => {
  const { use, add, note } = collectUse();
  note(50);
  note(20);
  add('tool', 'a', 10, 'done');
  add('tool', 'a', 30, 'failed');
  add('tool', 'a', 20, 'open');
  add('prompt', 'a', 40, 'done');
  expect(use.sinceMs).toBe(20);
  expect(use.byKind.tool.get('a')).toMatchObject({ calls: 3, done: 1, failed: 1, lastMs: 30 });
  expect(use.byKind.prompt.get('a')).toMatchObject({ calls: 1, lastMs: 40 });
  expect([use.byKind.resource.size, use.byKind.request.size, use.hasMore]).toEqual([0, 0, false]);
});

test.each<[JsonObject, Readonly<Record<string, readonly [roots: readonly string[], hosts: readonly string[]]>>]>([
  [{ path: '/srv/a/b.txt' }, { '/path': [['/srv/a'], []] }],
  [{ path: '/b' }, { '/path': [['/'], []] }],
  [{ path: '~/notes/x' }, { '/path': [['~/notes'], []] }],
  [{ path: 'file:///srv/x' }, { '/path': [['/srv'], []] }],
  [{ path: 'C:\\a\\b' }, { '/path': [['C:\\a'], []] }],
  [{ paths: ['/a/1', '/b/2', '/a/3'] }, { '/paths/*': [['/a', '/b'], []] }],
  [{ o: { 'x/y': '/a/b' } }, { '/o/x~1y': [['/a'], []] }],
  [{ url: 'https://user:pw@API.example:8443/x?y' }, { '/url': [[], ['api.example:8443']] }],
  [{ url: 'wss://h#x' }, { '/url': [[], ['h']] }],
  [{ text: 'read /etc/passwd', rel: 'a/b', net: '//host/x', n: 1, none: null, url: 'https://' }, {}],
])('%j', (args, expected) => {
  const { use, add, addArguments } = collectUse();
  add('tool', 't', 1, 'done');
  addArguments('t', args);
  const found = [...(use.byKind.tool.get('t')?.args ?? [])].map(([at, { roots, hosts }]) => [
    at,
    [[...roots], [...hosts]],
  ]);
  expect(Object.fromEntries(found)).toEqual(expected);
});

test('is bounded, and says so', () => {
  const { use, add, addArguments } = collectUse();
  for (let at = 0; at < 10_005; at += 1) add('tool', `t${at}`, at, 'done');
  expect([use.byKind.tool.size, use.hasMore]).toEqual([10_000, true]);
  for (let at = 0; at < 100; at += 1) addArguments('t1', { [`k${at}`]: `/d${at}/x`, p: `/e${at}/x` });
  const one = use.byKind.tool.get('t1');
  expect([one?.args.size, one?.args.get('/p')?.roots.size, one?.hasMore]).toEqual([16, 32, true]);
  addArguments('t2', { p: `/${'x'.repeat(5000)}/y`, deep: { a: { b: { c: { d: { e: '/x/y' } } } } } });
  expect(use.byKind.tool.get('t2')?.args.size).toBe(0);
  addArguments('nobody', { p: '/x/y' });
  expect(use.byKind.tool.has('nobody')).toBe(false);
});
