// A host that starts a guard again and again whose server crashes: each start of that tenant's waits its turn, and nobody else's does.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeSuspension } from '../../src/adapters/suspension.ts';
import { openTenantScope } from '../../src/tenant/tenant-scope.ts';
import { bytesRead, eventually, type Yard } from './guarded.ts';
import { connect, openYard, writeConfig } from './tenant-stage.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/servers/${name}.mjs`, import.meta.url));

let yard: Yard;
beforeEach(() => {
  yard = openYard();
});
afterEach(async () => {
  expect(await yard.close()).toEqual([]);
  fs.rmSync(`${yard.state}-homes`, { recursive: true, force: true });
});

const mended = () => join(yard.home, 'mended');
/** Two tenants on a server that exits at once, until somebody mends it. */
const config = (delayMs: number) => {
  const script = `[ -e "$0" ] || exit 1; exec "$1" "$2"`;
  const args = ['-c', script, mended(), process.execPath, fixture('echo')];
  const restart = { firstDelayMs: delayMs, maxDelayMs: delayMs };
  return writeConfig(yard, { acme: {}, globex: {} }, { command: '/bin/sh', args, restart });
};
async function crash(path: string, tenant: string): Promise<string> {
  const client = connect(yard, path, tenant);
  client.write('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}\n');
  expect(await client.exited).toEqual([1, null]);
  return client.stderr();
}

test('the next start waits, and says so; another tenant’s does not', async () => {
  // longer than a guard needs to boot on a busy machine
  const path = config(3000);
  expect(await crash(path, 'acme')).not.toContain('waited');
  expect(await crash(path, 'acme')).toMatch(/`srv` has exited once of late: this start waited \d+ ms/);
  expect(await crash(path, 'globex')).not.toContain('waited');
});

test('a server that was mended is there when its turn has come', async () => {
  const path = config(3000);
  await crash(path, 'acme');
  fs.writeFileSync(mended(), '');
  const client = connect(yard, path, 'acme');
  await client.initialize();
  expect(await client.request(1, 'tools/call', '{"name":"echo","arguments":{"text":"hello"}}')).toContain('hello');
  expect(await client.end()).toBe(0);
  expect(client.stderr()).toContain('this start waited');
});

test('who is suspended while it waits starts nothing', async () => {
  const path = config(60_000);
  await crash(path, 'acme');
  fs.writeFileSync(mended(), '');
  const client = connect(yard, path, 'acme');
  // whether before it waits or meanwhile: it ends the same way
  await eventually('it is under way', () => bytesRead(client.pid) > 1_000_000);
  writeSuspension(openTenantScope(yard.state, 'acme'), { version: 1, sinceMs: 0, actor: 'ada', reason: 'test' });
  expect(await client.exited).toEqual([77, null]);
  expect(client.stderr()).toContain('the tenant `acme` is suspended');
});
