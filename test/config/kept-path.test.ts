// A secret is read from where only root and this user can put a file; and which directories other tenants have.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listForeignPlaces } from '../../src/config/foreign-places.ts';
import { loadTenantView } from '../../src/config/load-config.ts';
import { resolveEnv } from '../../src/config/resolve-env.ts';
import { viewForTenant } from '../../src/config/tenant-view.ts';
import { readTrustedFile } from '../../src/config/trusted-file.ts';

let home: string;
const uid = process.getuid?.();
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'kept-'));
  for (const [tenant, text] of [
    ['acme', 'token of acme'],
    ['globex', 'token of globex'],
  ] as const) {
    fs.mkdirSync(join(home, tenant, 'conf'), { recursive: true });
    fs.writeFileSync(join(home, tenant, 'conf', 'token'), text, { mode: 0o600 });
  }
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

describe.skipIf(uid === undefined)('a secret', () => {
  const token = () => join(home, 'acme', 'conf', 'token');
  const read = (writable: readonly string[] = [], secret = true) =>
    readTrustedFile(token(), { uid, secret, maxBytes: 100, writable });
  const replaced = { kind: 'untrusted', why: expect.stringContaining('another file could be put in its place') };

  test('is read behind links that are this user’s', () => {
    fs.renameSync(join(home, 'acme', 'conf'), join(home, 'kept'));
    fs.symlinkSync('../kept', join(home, 'acme', 'conf'));
    expect(read()).toEqual({ kind: 'read', bytes: Buffer.from('token of acme') });
  });

  test.each(['', 'acme', 'acme/conf'])('is not where everybody can write `%s`', (name) => {
    fs.chmodSync(join(home, name), 0o777);
    expect(read()).toMatchObject(replaced);
    // what is no secret is checked by itself
    expect(read([], false)).toMatchObject({ kind: 'read' });
    fs.chmodSync(join(home, name), 0o1777);
    expect(read()).toMatchObject({ kind: 'read' });
  });

  test.for(['acme', 'acme/conf'])('is not in a directory of another user: `%s`', (name, { skip }) => {
    if (uid !== 0) return skip('this machine cannot show it');
    fs.chownSync(join(home, name), 7001, 7001);
    expect(read()).toMatchObject({ ...replaced, why: expect.stringContaining('belongs to user 7001') });
  });

  test('is not where a server writes', () => {
    expect(read([join(home, 'acme')])).toMatchObject({
      ...replaced,
      why: expect.stringContaining('a server may write'),
    });
    expect(read([join(home, 'globex')])).toMatchObject({ kind: 'read' });
    const env = { TOKEN: { kind: 'file', path: token() } } as const;
    expect(resolveEnv(env, { env: {}, uid })).toEqual({ TOKEN: 'token of acme' });
    expect(() => resolveEnv(env, { env: {}, uid, writable: [home] })).toThrow('another file could be put in its place');
  });
});

test('the directories of all other tenants, none of its own, none of all', () => {
  // as a config has it, to be expanded
  const [BASE, UNSET] = ['$', '$'].map((dollar, index) => `${dollar}{${index === 0 ? 'BASE' : 'UNSET'}}/cwd`);
  const document = {
    servers: { a: { command: 'a', cwd: '/of/all', isolation: { writable: ['/of/all/w'] } } },
    tenants: {
      acme: { isolation: { writable: ['/mine'] }, servers: { a: { cwd: '/mine' } } },
      globex: {
        isolation: { readable: ['/g/r'], writable: ['g/w'] },
        servers: { a: { cwd: BASE, isolation: { writable: ['/g/a'] } }, b: { cwd: UNSET }, c: {} },
      },
      empty: {},
    },
  };
  expect(listForeignPlaces({ config: document }, 'acme', { BASE: '/base' }, (path) => join('/etc', path))).toEqual([
    { path: '/etc/g/r', access: 'read' },
    { path: '/etc/g/w', access: 'write' },
    { path: '/etc/g/a', access: 'write' },
    { path: '/etc/base/cwd', access: 'write' },
  ]);
  expect(listForeignPlaces({ config: { servers: {} } }, 'acme', {}, (path) => path)).toEqual([]);
});

test('files of secrets, of `servers` too but not its own; arguments of others that this one does not have', () => {
  const server = (file: string, ...args: string[]) => ({ env: { A: `file:${file}`, B: 'env:B', C: 7 }, args });
  const document = {
    servers: { a: server('/of/all', '/all.js') },
    tenants: {
      acme: { servers: { a: server('/mine', '/mine.js') } },
      globex: { servers: { a: server('/g', '/all.js', '/mine.js', '/g/data', '--root=/g/root', 'word', './x') } },
    },
  };
  expect(listForeignPlaces({ config: document }, 'acme', {}, (path) => path)).toEqual([
    { path: '/of/all', access: 'write' },
    { path: '/g', access: 'write' },
    { path: '/g/data', access: 'write', onlyDirectory: true },
    { path: '/g/root', access: 'write', onlyDirectory: true },
  ]);
});

test('the config is no place for a tenant’s servers either', () => {
  const document = { version: 1, servers: { a: { command: 'a' } }, tenants: { acme: {} } };
  const view = viewForTenant(document, 'acme');
  if (view.kind !== 'tenant') throw new Error(view.kind);
  const source = { path: '/etc/guard/c.json', digest: 'd' };
  const { foreignPlaces } = loadTenantView({ config: document }, view.document, 'acme', source, { env: {}, uid: 0 });
  expect(foreignPlaces?.()).toEqual([{ path: '/etc/guard/c.json', access: 'write' }]);
});
