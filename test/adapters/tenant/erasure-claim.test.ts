// While an erasure is under way, or was cut short, its tenant is shut out and nobody lets it in; only another erasure goes on.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimErasure, whileNotErased } from '../../../src/adapters/erasure-claim.ts';
import { hasSuspension, isSuspended } from '../../../src/adapters/suspension.ts';
import { eraseTenant } from '../../../src/adapters/tenant-erasure.ts';
import { openTenantScope } from '../../../src/tenant/tenant-scope.ts';

let home: string;
beforeEach(() => {
  home = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'erasure-'));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));
const scope = () => openTenantScope(join(home, 'state'), 'acme');
const mark = () => join(home, 'state', 'acme', 'erasing.json');
const cutShort = () => {
  fs.mkdirSync(join(home, 'state', 'acme'), { recursive: true, mode: 0o700 });
  fs.writeFileSync(mark(), '{"version":1}');
};

test('shut out while it is claimed, also by the erasure itself; then let in', async () => {
  expect(await whileNotErased(scope(), () => 'let in')).toBe('let in');
  const claim = await claimErasure(scope());
  eraseTenant(scope());
  expect([isSuspended(scope()), hasSuspension(scope())]).toEqual([true, false]);
  let acted = 0;
  const letIn = whileNotErased(scope(), () => (acted += 1));
  await expect(letIn).rejects.toMatchObject({
    code: 'tenant_active',
    hint: expect.stringContaining('tenant erase acme'),
  });
  expect(acted).toBe(0);
  claim.release();
  expect(isSuspended(scope())).toBe(false);
});

test('no second one beside one that is at work', async () => {
  await claimErasure(scope());
  const second = claimErasure(scope());
  await expect(second).rejects.toMatchObject({
    code: 'tenant_active',
    message: expect.stringContaining(`process ${process.pid}`),
  });
});

test('one that was cut short is taken over, and stays begun where the next one begins nothing', async () => {
  cutShort();
  (await claimErasure(scope())).cancel();
  expect(isSuspended(scope())).toBe(true);
  fs.rmSync(mark());
  (await claimErasure(scope())).cancel();
  expect(isSuspended(scope())).toBe(false);
});

test('whatever lies in the place of the mark shuts out', async () => {
  cutShort();
  fs.rmSync(mark());
  fs.symlinkSync(join(home, 'nowhere'), mark());
  expect(isSuspended(scope())).toBe(true);
  await expect(whileNotErased(scope(), () => 0)).rejects.toMatchObject({ code: 'tenant_active' });
});
