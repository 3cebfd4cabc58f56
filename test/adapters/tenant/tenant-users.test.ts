// Two tenants of one machine never have one user or group, wherever each of them got it from: the homes say whose they are.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeTenantPlaces } from '../../../src/adapters/tenant-places.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), 'guard-users-'));
  fs.chmodSync(dir, 0o755);
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));
const make = (tenant: string, uid: number, gid: number) =>
  makeTenantPlaces(openTenantScope(join(dir, 'state'), tenant), 'srv', { uid, gid });

// only root gives a directory away
describe.runIf(process.getuid?.() === 0)('a home', () => {
  test('of a user and group that no other tenant has', () => {
    make('acme', 7001, 7001);
    make('globex', 7002, 7002);
    expect(() => make('acme', 7001, 7001)).not.toThrow();
  });

  test.each([
    ['user', 7001, 7002],
    ['group', 7002, 7001],
  ])('of the %s of another is refused', (_, uid, gid) => {
    make('acme', 7001, 7001);
    expect(() => make('globex', uid, gid)).toThrow('of another tenant belongs to user 7001 and group 7001');
  });
});
