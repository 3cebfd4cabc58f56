// A token planted at each tenant: seen where it belongs, an alarm or an end where it shows up at another.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Yard } from './guarded.ts';
import { connect, lookAround, openYard, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';

let yard: Yard;
beforeEach(() => {
  yard = openYard();
});
afterEach(async () => {
  expect(await yard.close()).toEqual([]);
  fs.rmSync(`${yard.state}-homes`, { recursive: true, force: true });
});

const alarms = (tenant: string) =>
  readTrail(join(yard.state, tenant))
    .flatMap(({ records }) => records)
    .map(({ h }) => h as { readonly detail?: { readonly stage?: string; readonly where?: string } }) // members of events
    .flatMap(({ detail }) => (detail?.stage === 'canary' ? [detail.where] : []));

test('an alarm where a token of one tenant shows up at the other; its own is none', async () => {
  const config = writeConfig(yard, { acme: { canary: true }, globex: { canary: true }, initech: { canary: 'stop' } });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  const { env, around } = await lookAround(acme, 1);
  const token = env.TENANT_CANARY ?? '';
  expect(token).toMatch(/^canary-[0-9a-f]{16}-[0-9a-f]{32}$/);
  // planted where a server that reads too much comes by
  const planted = (around as [string, string][]).filter(([, text]) => text === `${token}\n`).map(([path]) => path); // the fixture's own answer
  const home = join(`${yard.state}-homes`, 'acme', 'home');
  expect(planted.sort()).toEqual([
    join(home, '.config', 'canary.txt'),
    join(home, 'canary.txt'),
    join(home, 'tmp', 'canary.txt'),
  ]);
  expect(await acme.end()).toBe(0);
  expect([acme.stderr().includes('of another tenant'), alarms('acme')]).toEqual([false, []]);

  const globex = connect(yard, config, 'globex');
  await globex.initialize();
  const own = (await lookAround(globex, 1)).env.TENANT_CANARY ?? '';
  expect(own).not.toBe(token);
  expect(alarms('globex')).toEqual([]);
  await lookAround(globex, 2, 'look', Buffer.from(`x${token}`).toString('base64'));
  expect(await globex.end()).toBe(0);
  expect(globex.stderr()).toContain('of another tenant stands in what the client sends');
  expect(globex.stderr()).not.toContain('acme');
  expect(alarms('globex')).toEqual(expect.arrayContaining(['the client sends']));

  // one that is to end for it: the server gets nothing of it, and the client no answer
  const initech = connect(yard, config, 'initech');
  await initech.initialize();
  initech.write(
    `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"look","arguments":{"text":"${token}"}}}\n`,
  );
  expect(await initech.exited).toEqual([77, null]);
  expect(initech.lines.some((line) => line.includes('"id":7') && line.includes('result'))).toBe(false);
  expect(alarms('initech')).toEqual(['the client sends']);
  expect(yard.command('audit', 'verify').status).toBe(0);
});

test('nothing is planted or looked at where the block does not say so', async () => {
  const config = writeConfig(yard, { acme: { canary: false }, globex: {} });
  for (const tenant of ['acme', 'globex']) {
    const client = connect(yard, config, tenant);
    await client.initialize();
    expect((await lookAround(client, 1)).env.TENANT_CANARY).toBeUndefined();
    expect(await client.end()).toBe(0);
  }
  expect(fs.existsSync(join(yard.state, 'canaries'))).toBe(false);
});
