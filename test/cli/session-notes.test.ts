// What `config check` says of token, keys, redis and limits that are of no use here: said with the way out, and no error.
import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runConfigCheck } from '../../src/cli/config-check.ts';
import { NO_CEILINGS } from '../../src/config/ceilings.ts';
import { makeKey } from '../adapters/identity/issuer.ts';
import { openScreen } from './screen.ts';

let cwd: string;
beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'guard-notes-')));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const put = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(join(cwd, name), text);
  chmodSync(join(cwd, name), mode);
  return join(cwd, name);
};

/** Path and text of each. */
function notesOf(more: object, env: Record<string, string> = {}): readonly string[] {
  const path = put('config.json', JSON.stringify({ version: 1, servers: { files: { command: 'sh' } }, ...more }));
  const screen = openScreen(80);
  const context = {
    ...{ env: { PATH: '/bin:/usr/bin', HOME: cwd, ...env }, uid: process.getuid?.(), cwd },
    ...{ ceilings: NO_CEILINGS, stateDir: join(cwd, 'state') },
  };
  const place = { path, origin: 'flag', digest: undefined } as const;
  expect(runConfigCheck({ json: true }, screen.io, { place, ignored: undefined }, context)).toBe(0);
  const { notes } = JSON.parse(screen.out()) as { notes: readonly { path: string; text: string }[] }; // its own JSON
  return notes.map((note) => `${note.path}: ${note.text}`);
}

describe('where limits are counted', () => {
  const redis = (url: string) => ({ limitStore: { kind: 'redis', url } });

  test('a variable that is not set, a file that is not there, and one that leads nowhere', () => {
    expect(notesOf(redis('env:REDIS'))).toEqual([
      'limitStore.url: `limitStore.url` needs `env:REDIS`, which is not set or empty; set `REDIS` where the guard is started',
    ]);
    expect(notesOf(redis('file:/no/such'))[0]).toContain('limitStore.url: `limitStore.url` needs `file:/no/such`');
    const [note = '', ...others] = notesOf(redis('env:REDIS'), { REDIS: 'http://:hunter2@host' });
    expect([note, others]).toEqual([expect.stringContaining('leads to no URL of a redis'), []]);
    expect(note).not.toContain('hunter2');
  });

  test('nothing where all is there', () => {
    expect(notesOf(redis('env:REDIS'), { REDIS: 'redis://:hunter2@127.0.0.1' })).toEqual([]);
    expect(notesOf({ limitStore: { kind: 'memory' } })).toEqual([]);
  });
});

describe('a limit that is about no server', () => {
  const limits = (server: string) => [{ key: ['tool'], match: { server }, rate: '5/s' }];

  test.each([
    ['fiels', 'no server is called `fiels`, so this limits nothing; did you mean `files`?'],
    ['zzzzzz-*', 'no server is called `zzzzzz-*`, so this limits nothing; the config has `files`'],
  ])('%s', (server, text) => {
    expect(notesOf({ limits: limits(server) })).toEqual([`limits[0].match.server: ${text}`]);
  });

  test('also one of a role or a tenant, which may have servers of its own', () => {
    const notes = notesOf({
      ...{ scopes: { all: { grants: [{ tool: '*' }] } }, auth: { required: true } },
      roles: { reader: { scopes: ['all'], limits: limits('gone') } },
      tenants: {
        acme: { servers: { mail: { command: 'sh', scope: 'all' } }, limits: [...limits('mail'), ...limits('gone')] },
      },
    });
    expect(notes.filter((note) => note.includes('limits nothing')).map((note) => note.split(':')[0])).toEqual([
      ...['roles.reader.limits[0].match.server', 'tenants.acme.limits[1].match.server'],
    ]);
  });

  test('is none where the pattern fits, and where servers need not be listed', () => {
    expect(notesOf({ limits: limits('f*') })).toEqual([]);
    expect(notesOf({ unlisted: 'observe', limits: limits('fiels') })).toEqual([]);
  });
});

describe('`auth`', () => {
  const jwt = (jwksFile: string) => ({
    auth: { jwt: { issuer: 'https://a.example/', audience: 'x', jwksFile, algorithms: ['ES256'] } },
  });

  test('a token file that is not there, that others can read, or that is a link', () => {
    expect(notesOf({ auth: { tokenFile: 'tok' } })).toEqual([
      `auth.tokenFile: there is no file \`${join(cwd, 'tok')}\`, so a session that brings no other token is not started; make one with \`mcp-guard token create --principal NAME --out ${join(cwd, 'tok')}\``,
    ]);
    symlinkSync(put('tok', 'mcpg_x', 0o644), join(cwd, 'link'));
    for (const tokenFile of ['tok', 'link'])
      expect(notesOf({ auth: { tokenFile } })).toEqual([expect.stringContaining('auth.tokenFile: `')]);
    put('tok', 'mcpg_x');
    expect(notesOf({ auth: { tokenFile: 'tok' } })).toEqual([]);
    expect(notesOf({ auth: { tokenFile: 'tok' } }).join()).not.toContain('mcpg_x');
  });

  test('keys that are not there, or are none that count', () => {
    expect(notesOf(jwt('gone.json'))).toEqual([
      `auth.jwt.jwksFile: there is no file \`${join(cwd, 'gone.json')}\`, so no JWT counts; put the key set of the issuer there (\`{"keys":[…]}\`)`,
    ]);
    put('keys.json', '{"keys":[{"kty":"oct","k":"AAAA"}]}');
    expect(notesOf(jwt('keys.json'))[0]).toContain('holds no public key that could be used');
    put('keys.json', '{bad');
    expect(notesOf(jwt('keys.json'))).toEqual([
      `auth.jwt.jwksFile: \`${join(cwd, 'keys.json')}\` is no JSON, so no JWT counts; put the key set of the issuer there (\`{"keys":[…]}\`)`,
    ]);
    put('open.json', JSON.stringify({ keys: [makeKey('k').jwk] }), 0o622);
    expect(notesOf(jwt('open.json'))).toEqual([
      expect.stringMatching(/everybody can write it, so no JWT counts; run `chmod go-w` on it$/),
    ]);
    put('keys.json', JSON.stringify({ keys: [makeKey('k').jwk] }));
    expect(notesOf(jwt('keys.json'))).toEqual([]);
  });
});
