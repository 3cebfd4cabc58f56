// What the start of one tenant does for all the others: by counts of calls and files, which are the same on a machine that does other things.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { connectRaw } from './client-raw.ts';
import type { Yard } from './guarded.ts';
import { BIN, connect, openYard, writeConfig } from './tenant-stage.ts';
import { eachInYard } from './yards.ts';

const COUNT_WORK = fileURLToPath(new URL('../fixtures/count-work.mjs', import.meta.url));
const ECHO = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));
const OTHERS = 100;
/**
 * Calls of functions for a block of another tenant, of some thirty values. Config and lock are parsed whole, the lock's text is checked to be
 * the one that was signed, and who runs as whom is looked at: 119 calls. Places are read for a sandbox alone: that, or comparing the blocks, adds 40,
 * reading each as a policy thousands.
 */
const MOST_CALLS = 130;

interface Counted {
  readonly calls: number;
  /** `<function of fs> <path>` */
  readonly files: readonly string[];
}

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

/** As many customers, each with what one has. */
function writeTenants(count: number): string {
  const block = (at: number) => ({
    servers: { srv: { env: { CUSTOMER: `number-${at}`, PLACE: `/srv/customers/${at}` } } },
    scopes: { all: { grants: [{ tool: 'get_*' }, { tool: 'echo' }], deny: [{ tool: 'get_secret' }] } },
    limits: [{ key: ['tool'], rate: '60/min', burst: 20 }],
    breaker: { maxInFlight: 2 },
    isolation: { required: 'L0', openFiles: 1024 },
  });
  const blocks = Array.from({ length: count }, (_, at) => [`tenant-${at}`, block(at)] as const);
  return writeConfig(yard, Object.fromEntries(blocks), { args: [ECHO] });
}

async function countStart(config: string): Promise<Counted> {
  const into = join(yard.home, 'counted.json');
  const args = ['--import', COUNT_WORK, BIN, 'run', '--config', config, '--server', 'srv', '--tenant', 'tenant-0'];
  const env = { ...yard.env(), COUNT_WORK_IN: into };
  const guard = connectRaw({ command: process.execPath, args, env, directory: yard.home });
  await guard.initialize();
  expect(await guard.end()).toBe(0);
  return JSON.parse(readFileSync(into, 'utf8')) as Counted; // as count-work.mjs writes it
}

test('a start works little for each other tenant of the config', async () => {
  const counts: Counted[] = [];
  for (const tenants of [1, 1 + OTHERS]) {
    const config = writeTenants(tenants);
    yard.state = join(yard.home, `state-${tenants}`);
    await countStart(config); // locks it
    counts.push(await countStart(config));
  }
  const [alone = 0, among = 0] = counts.map(({ calls }) => calls);
  expect(alone).toBeGreaterThan(10_000);
  expect((among - alone) / OTHERS).toBeLessThan(MOST_CALLS);
});

test('and asks for no file of any other, whoever is at work', async () => {
  const config = writeTenants(4);
  await countStart(config);
  const others = ['tenant-1', 'tenant-2'].map((tenant) => connect(yard, config, tenant));
  for (const other of others) await other.initialize();
  const { files } = await countStart(config);
  for (const other of others) await other.end();
  const below = (place: string) => files.filter((file) => file.includes(place));
  expect(below('/tenant-0/').length).toBeGreaterThan(10);
  expect(below('/tenant-').filter((file) => !/\/tenant-0(?:\/|$)/.test(file))).toEqual([]);
  // nor for a list of them
  const listed = files.filter((file) => file.startsWith('readdir')).map((file) => file.replace(/^\w+ /, ''));
  expect(listed.filter((directory) => !directory.includes('/tenant-0') && directory.startsWith(yard.home))).toEqual([]);
});
