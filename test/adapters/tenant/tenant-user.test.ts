// Whose a user is: a tenant's alone, or somebody else's, too; by the homes and the system's list.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findTenantUser } from '../../../src/adapters/tenant-user.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), 'guard-user-'));
  fs.writeFileSync(
    passwd(),
    'root:x:0:0::/:/bin/sh\nmcpg-acme:x:7101:7101::/:/bin/false\nada:x:1000:1000::/:/bin/sh\n',
  );
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));
const passwd = () => join(dir, 'passwd');
const scope = (id: string) => openTenantScope(join(dir, 'state'), id);
function give(id: string, uid: number): void {
  const home = join(scope(id).homes.directory, 'home');
  fs.mkdirSync(home, { recursive: true });
  fs.chownSync(home, uid, uid);
}
const found = (id: string, own: number | undefined = 0) =>
  findTenantUser(scope(id), own, passwd(), ({ id }) => (id === 'hooli' ? 'in use' : undefined));

test('none: no home, a guard that is not root', () => {
  expect(found('acme')).toEqual({ kind: 'none' });
  fs.mkdirSync(join(scope('acme').homes.directory, 'home'), { recursive: true });
  for (const own of [1000, undefined]) expect(found('acme', own)).toEqual({ kind: 'none' });
});

// only root gives a directory away
describe.runIf(process.getuid?.() === 0)('of a guard that is root', () => {
  test('none: servers that are root’s; a link in the place of the home', () => {
    give('acme', 0);
    expect(found('acme')).toEqual({ kind: 'none' });
    give('globex', 7102);
    const { directory } = scope('initech').homes;
    fs.mkdirSync(directory, { recursive: true });
    fs.symlinkSync(join(scope('globex').homes.directory, 'home'), join(directory, 'home'));
    fs.lchownSync(join(directory, 'home'), 7103, 7103);
    expect(found('initech')).toEqual({ kind: 'none' });
  });

  test('its own: a number that nobody has, and `mcpg-<id>`', () => {
    give('acme', 7101);
    give('globex', 7102);
    expect(found('acme')).toEqual({ kind: 'own', uid: 7101, gid: 7101 });
    expect(found('globex')).toEqual({ kind: 'own', uid: 7102, gid: 7102 });
  });

  test('shared: one that this machine does not know to be its own alone', () => {
    give('hooli', 7104);
    expect(found('hooli')).toEqual({ kind: 'shared', uid: 7104, why: 'in use' });
  });

  test.each([
    ['another tenant’s, too', 7102, 'another tenant has it, too'],
    ['somebody’s login', 1000, 'it is `ada` of this system'],
    ['another tenant’s by name', 7101, 'it is `mcpg-acme` of this system'],
  ])('shared: %s', (_, uid, why) => {
    give('globex', uid);
    if (uid === 7102) give('initech', uid);
    expect(found('globex')).toEqual({ kind: 'shared', uid, why });
  });
});
