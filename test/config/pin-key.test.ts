// Who shares the pins of a server: tenants that run the same program, and nobody else.
import { expect, test } from 'vitest';
import { listPinSubjects, pinsOfTenant } from '../../src/config/pin-key.ts';
import type { JsonObject } from '../../src/wire/json.ts';

const FILES = { command: 'npx', args: ['-y', '@mcp/server-files', '/srv/all'] };
const config = (server: JsonObject, own: JsonObject): JsonObject => ({
  version: 1,
  servers: { files: server },
  tenants: { acme: {}, globex: { servers: { files: own } } },
});
/** Under which keys acme and globex have it. */
const keysOf = (server: JsonObject, own: JsonObject): readonly (string | undefined)[] =>
  ['acme', 'globex'].map((tenant) => listPinSubjects(config(server, own), tenant)[0]?.key);
const isShared = (server: JsonObject, own: JsonObject): boolean => new Set(keysOf(server, own)).size === 1;

test.each<[string, JsonObject, JsonObject]>([
  ['nothing of its own', FILES, {}],
  ['another directory', FILES, { args: ['-y', '@mcp/server-files', '/srv/globex'] }],
  ['another environment', FILES, { env: { KEY: 'env:GLOBEX' }, passEnv: ['TZ'] }],
  ['a working directory', FILES, { cwd: '/srv/globex' }],
  ['a directory that is not inherited', { command: 'node', args: ['s.mjs'], cwd: '/srv' }, { args: ['s.mjs', '/x'] }],
  ['a script with other arguments', { command: 'node', args: ['/s.mjs', 'a'] }, { args: ['/s.mjs', 'b'] }],
  ['an image with other volumes', { command: 'docker', args: ['run', '-v', '/a:/a', 'img'] }, { args: ['run', 'img'] }],
])('%s: the same program, under the name of the server', (_, server, own) => {
  expect(keysOf(server, own)).toEqual(['files', 'files']);
});

test.each<[string, JsonObject, JsonObject]>([
  ['another package', FILES, { args: ['-y', '@mcp/server-everything'] }],
  ['another version of it', FILES, { args: ['-y', '@mcp/server-files@2', '/srv/all'] }],
  ['another command', FILES, { command: 'files' }],
  ['another script', { command: 'node', args: ['/a.mjs'] }, { args: ['/b.mjs'] }],
  ['the same name of a script elsewhere', { command: 'node', args: ['s.mjs'] }, { cwd: '/srv/globex' }],
  ['another script of python', { command: 'python3', args: ['/a.py'] }, { args: ['/b.py'] }],
  ['a package that is a directory there', { ...FILES, args: ['./files'] }, { cwd: '/srv/globex' }],
  ['what cannot be told', { command: 'sh', args: ['-c', 'one'] }, { args: ['-c', 'two'] }],
  ['an option that is not known', { command: 'node', args: ['--what', '/a.mjs', 'x'] }, { args: ['--what', '/a.mjs'] }],
  ['another address', { url: 'https://a.example/mcp' }, { url: 'https://b.example/mcp' }],
])('%s: another program, under a key of its own', (_, server, own) => {
  expect(isShared(server, own)).toBe(false);
  expect(keysOf(server, own)).toEqual(['files', expect.stringMatching(/^files \[/)]);
});

test('tenants that run the same other program share it; one that is a tenant’s alone has a key of its own', () => {
  const own = { files: { args: ['-y', 'other'] }, mine: { command: 'mine' } };
  const tenants = { acme: {}, globex: { servers: own }, initech: { servers: { files: own.files } } };
  const document: JsonObject = { version: 1, servers: { files: FILES }, tenants };
  expect(listPinSubjects(document).map(({ key, server, tenants: who }) => [key, server, who])).toEqual([
    ['files', 'files', ['acme']],
    ['files ["npx","other"]', 'files', ['globex', 'initech']],
    ['mine ["mine"]', 'mine', ['globex']],
  ]);
  const pins = new Map([
    ['files', 1],
    ['files ["npx","other"]', 2],
    ['mine ["mine"]', 3],
    ['mine', 4],
  ]);
  expect([...pinsOfTenant(document, 'acme', pins)]).toEqual([['files', 1]]);
  expect([...pinsOfTenant(document, 'globex', pins)]).toEqual([
    ['files', 2],
    ['mine', 3],
  ]);
  expect([...pinsOfTenant(document, 'nobody', pins)]).toEqual([]);
});

test('without tenants the key is the server', () => {
  const document: JsonObject = { version: 1, servers: { files: FILES } };
  expect(listPinSubjects(document)).toEqual([{ key: 'files', server: 'files', tenants: undefined, entry: FILES }]);
  expect([...pinsOfTenant(document, 'any', new Map([['files', 1]]))]).toEqual([['files', 1]]);
});
