// Only the absence of the mark lets a tenant in; whatever lies there, and whatever cannot be looked at, keeps it out.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isSuspended, liftSuspension, readSuspension, writeSuspension } from '../../../src/adapters/suspension.ts';
import { refuseSuspended, watchSuspension } from '../../../src/cli/suspension-watch.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'suspension-'));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));
const scope = () => openTenantScope(join(home, 'state'), 'acme');
const mark = () => join(home, 'state', 'acme', 'suspended.json');

test('a mark is written, read and lifted', () => {
  expect(isSuspended(scope())).toBe(false);
  expect(() => refuseSuspended(scope())).not.toThrow();
  const suspension = { version: 1, sinceMs: 5, actor: 'ada', reason: 'r' } as const;
  writeSuspension(scope(), suspension);
  expect([isSuspended(scope()), readSuspension(scope())]).toEqual([true, suspension]);
  expect(fs.statSync(mark()).mode & 0o777).toBe(0o600);
  expect(() => refuseSuspended(scope())).toThrow(expect.objectContaining({ code: 'tenant_suspended', exitCode: 77 }));
  expect(isSuspended(openTenantScope(join(home, 'state'), 'acme-2'))).toBe(false);
  liftSuspension(scope());
  liftSuspension(scope());
  expect(isSuspended(scope())).toBe(false);
});

test.each<[string, () => void]>([
  ['no JSON', () => fs.writeFileSync(mark(), '{')],
  ['nothing', () => fs.writeFileSync(mark(), '')],
  ['a directory', () => fs.mkdirSync(mark())],
  ['a link that leads nowhere', () => fs.symlinkSync(join(home, 'nowhere'), mark())],
])('%s suspends, too', (_, plant) => {
  fs.mkdirSync(join(home, 'state', 'acme'), { recursive: true });
  plant();
  expect([isSuspended(scope()), readSuspension(scope())]).toEqual([true, undefined]);
});

test('what cannot be looked at suspends', () => {
  fs.mkdirSync(join(home, 'state'));
  fs.symlinkSync('acme', join(home, 'state', 'acme')); // ELOOP
  expect(isSuspended(scope())).toBe(true);
});

test('a session ends at the next look, once, with its own status; one that has ended is not looked at', () => {
  const due: (() => void)[] = [];
  const timers = {
    after: (_: number, action: () => void) => {
      due.push(action);
      return () => void due.splice(due.indexOf(action), 1);
    },
  };
  const done: string[] = [];
  const run = {
    between: (action: () => void) => action(),
    post: ({ type }: { readonly type: string }) => void done.push(type),
    stop: (signal: number) => void done.push(`stop ${signal}`),
  };
  const watch = watchSuspension(scope(), { timers, log: { write: (_, text) => void done.push(text) } });
  watch.begin(run, 'srv');
  due.shift()?.();
  expect([due.length, done, watch.exitStatus()]).toEqual([1, [], undefined]);
  writeSuspension(scope(), { version: 1, sinceMs: 5, actor: 'ada', reason: 'r' });
  due.shift()?.();
  expect(done).toEqual(['the session ends: the tenant `acme` is suspended', 'noted', 'stop 15']);
  expect([due.length, watch.exitStatus()]).toEqual([1, 77]);
  // what does not end by itself, and at once, is ended by force
  due.shift()?.();
  expect([due.length, done.slice(3)]).toEqual([0, ['stop 15']]);
  const other = watchSuspension(openTenantScope(join(home, 'state'), 'other'), { timers, log: { write: () => {} } });
  other.begin(run, 'srv');
  other.end();
  expect(due).toEqual([]);
});
