// Over all state directories: a user is one tenant's alone only where nobody else claims it and nobody was at work as it before.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimUser, findOtherUse } from '../../../src/adapters/user-claims.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'claims-'));
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

/** Without users of the system: what a test makes is its own. */
const UID = process.getuid?.() ?? 0;
const acme = () => openTenantScope(join(dir, 'one'), 'acme');
const globex = () => openTenantScope(join(dir, 'two'), 'globex');
const root = () => join(dir, 'run');
const makeHome = (scope: ReturnType<typeof acme>) =>
  fs.mkdirSync(join(scope.homes.directory, 'home'), { recursive: true });
const claim = (scope: ReturnType<typeof acme>, processes: readonly number[] = [], nowMs?: () => number) =>
  claimUser(scope, UID, { root: root(), listProcesses: () => processes, ...(nowMs && { nowMs }) });
const found = (scope = acme()) => findOtherUse(scope, UID, { root: root() });

test('claimed by nobody else, and nobody was there before: its own', () => {
  expect(found()).toMatch(/does not know/);
  claim(acme());
  makeHome(acme());
  expect(found()).toBeUndefined();
  // what is at work later is its own
  claim(acme(), [7]);
  expect(found()).toBeUndefined();
});

test('a tenant of another state directory has it: neither is ended', () => {
  for (const scope of [acme(), globex()]) {
    claim(scope);
    makeHome(scope);
  }
  expect(found()).toBe(`a tenant of another state directory has it, too (\`${globex().homes.directory}\`)`);
  expect(found(globex())).toContain(acme().homes.directory);
  // whose home is gone is nobody
  fs.rmSync(globex().homes.directory, { recursive: true });
  expect(found()).toBeUndefined();
});

test('somebody was at work as it before: its own it never becomes', () => {
  claim(acme(), [7]);
  makeHome(acme());
  claim(acme());
  expect(found()).toBe('somebody was at work as it before the tenant was');
});

test('a claim without a home is kept for as long as a start takes, and judged anew then', () => {
  claim(acme());
  claim(acme(), [7]);
  expect(found()).toBeUndefined();
  claim(acme(), [7], () => Date.now() + 120_000);
  expect(found()).toBe('somebody was at work as it before the tenant was');
});

test('what cannot be read or written is nobody’s', () => {
  claim(acme());
  makeHome(acme());
  const directory = join(root(), 'mcp-guard', 'users', String(UID));
  fs.writeFileSync(join(directory, 'strange'), '{');
  expect(found()).toBe('what says whose it is cannot be read');
  fs.rmSync(root(), { recursive: true });
  fs.writeFileSync(root(), '');
  expect(() => claim(acme())).not.toThrow();
  expect(found()).toMatch(/does not know/);
});
