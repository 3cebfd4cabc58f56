// The reference to a redis: resolved each time, and its secret told to nobody.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRedisPlace } from '../../../src/adapters/redis-place.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redis-place-'));
});
afterEach(() => rmSync(directory, { recursive: true }));
const uid = process.getuid?.();

test('a variable, a file and a plain URL', () => {
  const file = join(directory, 'url');
  writeFileSync(file, 'rediss://:secret@there\n', { mode: 0o600 });
  const env = { A: 'redis://here:1', HOME: directory };
  expect(readRedisPlace('env:A', { env, uid })).toMatchObject({ host: 'here', port: 1 });
  expect(readRedisPlace('redis://plain', { env, uid })).toMatchObject({ host: 'plain' });
  expect(readRedisPlace(`file:\${HOME}/url`, { env, uid })).toMatchObject({
    host: 'there',
    password: 'secret',
    tls: true,
  });
  writeFileSync(file, 'rediss://:renewed@there\n');
  expect(readRedisPlace(`file:${file}`, { env, uid })).toMatchObject({ password: 'renewed' });
});

test.each([
  ['env:B', /`limitStore.url` needs `env:B`/],
  ['env:BAD', /leads to no URL of a redis/],
  ['file:/nowhere/at/all', /does not exist/],
  ['exec:cat x', /nobody was asked/],
  [`\${NOT_SET}`, /limitStore.url/],
])('%s is an error that quotes no secret', (url, text) => {
  const read = () => readRedisPlace(url, { env: { BAD: 'http://:hidden@h' }, uid });
  expect(read).toThrow(text);
  expect(read).not.toThrow(/hidden/);
});

test('a file that others may read holds no secret', () => {
  const file = join(directory, 'url');
  writeFileSync(file, 'redis://here\n', { mode: 0o644 });
  expect(() => readRedisPlace(`file:${file}`, { env: {}, uid })).toThrow(/needs `file:/);
});
