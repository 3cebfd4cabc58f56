// What other tenants' blocks name stays closed whatever an edit that nobody approved makes of them, and nothing of it is passed over unread.
import { describe, expect, test } from 'vitest';
import { listForeignPlaces } from '../../src/config/foreign-places.ts';

const same = (path: string) => path;
const placesOf = (config: unknown, lock?: unknown, variables = {}) =>
  listForeignPlaces({ config, lock }, 'acme', variables, same).map(({ path }) => path);
const blockOf = (block: unknown) => ({ servers: {}, tenants: { acme: {}, globex: block } });

const NAMED = {
  isolation: { readable: ['/g/r'], writable: ['/g/w'] },
  servers: { a: { cwd: '/g/cwd', args: ['/g/data'], env: { KEY: 'file:/g/key' }, isolation: { readable: ['/g/a'] } } },
};
const ALL = ['/g/r', '/g/w', '/g/a', '/g/cwd', '/g/key', '/g/data'];

describe('config and lock together', () => {
  test.each([
    ['the keys are gone', blockOf({ isolation: {}, servers: { a: {} } })],
    ['the block is gone', { servers: {}, tenants: { acme: {} } }],
    ['nobody is a tenant', { servers: {} }],
  ])('%s, and what was approved stays closed', (_, config) => {
    expect(placesOf(blockOf(NAMED))).toEqual(ALL);
    expect(placesOf(config, blockOf(NAMED))).toEqual(ALL);
    expect(placesOf(blockOf(NAMED), config)).toEqual(ALL);
    expect(placesOf(config)).toEqual([]);
  });

  test('what both name is named once', () => {
    expect(placesOf(blockOf(NAMED), blockOf(NAMED))).toEqual(ALL);
    expect(placesOf(blockOf({ isolation: { writable: ['/g/x'] } }), blockOf(NAMED))).toEqual(['/g/x', ...ALL]);
  });

  test.each<[string, (servers: object) => object]>([
    ['of all', (servers) => ({ servers, tenants: { acme: {}, globex: NAMED } })],
    ['of its own', (servers) => ({ servers: {}, tenants: { acme: { servers }, globex: NAMED } })],
  ])('an argument of a server %s is no other’s once both have it', (_, make) => {
    const [before, after] = [make({}), make({ zz: { command: 'x', args: ['/g/data'] } })];
    expect(placesOf(after)).not.toContain('/g/data');
    expect(placesOf(after, after)).not.toContain('/g/data');
    expect(placesOf(after, before)).toContain('/g/data');
    expect(placesOf(before, after)).toContain('/g/data');
  });
});

describe('a block with errors', () => {
  test('a lone text is a list of one', () => {
    const isolation = { readable: '/g/r', writable: '/g/w' };
    expect(placesOf(blockOf({ isolation, servers: { a: { args: '/g/data' } } }))).toEqual(['/g/r', '/g/w', '/g/data']);
  });

  test.each<[string, unknown]>([
    ['', 7],
    ['', null],
    ['.isolation', { isolation: '/g' }],
    ['.isolation', { isolation: ['/g'] }],
    ['.isolation.readable', { isolation: { readable: 7 } }],
    ['.isolation.writable[1]', { isolation: { writable: ['/g', { path: '/x' }] } }],
    ['.isolation.writable', { isolation: { writable: { 0: '/g' } } }],
    ['.servers', { servers: ['/g'] }],
    ['.servers.a', { servers: { a: '/g' } }],
    ['.servers.a.isolation', { servers: { a: { isolation: null } } }],
    ['.servers.a.cwd', { servers: { a: { cwd: {} } } }],
    ['.servers.a.args', { servers: { a: { args: { 0: '/g' } } } }],
    ['.servers.a.args[0]', { servers: { a: { args: [['/g']] } } }],
    ['.servers.a.env', { servers: { a: { env: 'file:/g' } } }],
    ['.servers.a.env.KEY', { servers: { a: { env: { KEY: { file: '/g' } } } } }],
  ])('that cannot be read as text is said, by its key: globex%s', (key, block) => {
    const error = (document: string) =>
      expect.objectContaining({
        code: 'isolation_unavailable',
        message: expect.stringContaining(`\`${document}tenants.globex${key}\` is no `),
      });
    expect(() => placesOf(blockOf(block))).toThrow(error(''));
    expect(() => placesOf(blockOf({}), blockOf(block))).toThrow(error('lock.'));
    // its own is compiled, and refused there
    expect(placesOf({ servers: {}, tenants: { acme: block } })).toEqual([]);
  });

  test('what names no place is none', () => {
    const server = {
      args: ['--port', 8080, true],
      env: { PORT: 8080, ON: false, KEY: 'env:KEY' },
      deadline: [],
      url: 7,
    };
    expect(placesOf(blockOf({ servers: { a: server }, scopes: 7, isolation: { uid: 'x' } }))).toEqual([]);
  });
});

test('where this guard lacks a variable, what stands before it is a place above', () => {
  const text = (before: string) => `${before}$\{UNSET}/x`;
  const server = {
    cwd: text('/srv/of-'),
    args: [text('--root=/data/'), text('/'), text('')],
    env: { KEY: `file:${text('/keys/')}` },
  };
  const found = listForeignPlaces({ config: blockOf({ servers: { a: server } }) }, 'acme', {}, same);
  expect(found).toEqual([
    { path: '/srv', access: 'write', isAbove: true },
    { path: '/keys', access: 'write', isAbove: true },
    { path: '/data', access: 'write', isAbove: true, onlyDirectory: true },
  ]);
  expect(placesOf(blockOf({ servers: { a: server } }), undefined, { UNSET: 'u' })).toEqual([
    ...['/srv/of-u/x', '/keys/u/x', '/data/u/x', '/u/x'],
  ]);
});
