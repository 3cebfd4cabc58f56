// Where a redis is: how its URL is read, and what a config may say of it. No text that comes back holds a password.
import { describe, expect, test } from 'vitest';
import { checkRedisUrl } from '../../src/config/check-redis-url.ts';
import { readRedisUrl } from '../../src/config/redis-url.ts';

const PLAIN = { host: 'h', port: 6379, tls: false, username: undefined, password: undefined, database: 0 };

describe('the URL of a redis', () => {
  test.each([
    ['redis://h', PLAIN],
    ['redis://h/', PLAIN],
    ['redis://h:7000/12', { ...PLAIN, port: 7000, database: 12 }],
    ['rediss://u:p%40ss@h', { ...PLAIN, tls: true, username: 'u', password: 'p@ss' }],
    ['redis://:secret@[::1]:1', { ...PLAIN, host: '::1', port: 1, password: 'secret' }],
  ])('%s', (text, place) => {
    expect(readRedisUrl(text)).toEqual({ ok: true, place });
  });

  test.each([
    ['', 'no URL'],
    ['h:6379', 'begins neither'],
    ['http://:hidden@h', 'begins neither'],
    ['redis://', 'no host'],
    ['redis://h/hidden', 'more than a database number'],
    ['redis://h/1/2', 'more than a database number'],
    ['redis://h?ssl=hidden', 'more than a database number'],
    ['redis://h#hidden', 'more than a database number'],
    ['redis://u:hidden%zz@h', 'no escape'],
  ])('%s is refused, and not quoted', (text, why) => {
    const reading = readRedisUrl(text);
    expect(reading).toMatchObject({ ok: false, why: expect.stringContaining(why) });
    expect(JSON.stringify(reading)).not.toContain('hidden');
  });
});

describe('what a config says of it', () => {
  test.each([
    'env:MCP_GUARD_REDIS',
    'file:/etc/redis-url',
    `file:\${HOME}/redis-url`,
    'redis://h',
    'rediss://user@h:7/1',
  ])('%s may stand there', (url) => {
    expect(checkRedisUrl(url, 'limitStore.url')).toBeUndefined();
  });

  test.each([
    ['redis://:hidden@h', 'it holds a password'],
    ['rediss://u:hidden@h/1', 'it holds a password'],
    ['literal:redis://:hidden@h', 'it is asked of a program'],
    ['exec:op read hidden', 'it is asked of a program'],
    ['keychain:a/hidden', 'it is asked of a program'],
    ['env:not a name', 'malformed reference'],
    ['file:hidden', 'malformed reference'],
    ['localhost:6379', 'it is neither'],
  ])('%s may not, and is not quoted', (url, what) => {
    const found = checkRedisUrl(url, 'limitStore.url');
    expect(found).toMatchObject({ path: 'limitStore.url', what: expect.stringContaining(what) });
    expect(JSON.stringify(found)).not.toContain('hidden');
  });
});
