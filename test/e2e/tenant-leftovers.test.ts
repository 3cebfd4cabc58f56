// What a hostile server leaves behind to outlive its session is ended where its tenant is suspended or erased, and nobody else is.
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listProcessesOf } from '../../src/adapters/user-processes.ts';
import { eventually, type Yard } from './guarded.ts';
import { skipLoudly } from './skipping.ts';
import { connect, lacks, openYard, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';

const SERVER = fileURLToPath(new URL('../fixtures/servers/outlives.mjs', import.meta.url));
// other runs of this file have others
const uid = 630_000 + (process.pid % 10_000) * 2;

let yard: Yard;
beforeEach(() => {
  yard = openYard();
});
afterEach(async () => {
  for (const pid of [...listProcessesOf(uid), ...listProcessesOf(uid + 1)]) process.kill(pid, 'SIGKILL');
  expect(await yard.close()).toEqual([]);
  fs.rmSync(`${yard.state}-homes`, { recursive: true, force: true });
});

/** A session of acme, at its end; what it left is there. */
async function leaveBehind(): Promise<string> {
  const isolation = { required: 'L1', uid };
  const config = writeConfig(yard, { acme: { isolation }, globex: {} }, { args: [SERVER] });
  const client = connect(yard, config, 'acme');
  await client.initialize();
  await client.request(1, 'tools/call', '{"name":"leave","arguments":{}}');
  expect(await client.end()).toBe(0);
  await eventually('it alone is left', () => listProcessesOf(uid).length === 1);
  return config;
}
const stages = () =>
  readTrail(join(yard.state, 'acme')).flatMap(({ records }) =>
    records.flatMap(({ h }) => {
      const { detail } = h as { readonly detail?: { readonly stage?: string; readonly processes?: number } }; // of an event
      return detail?.stage === undefined ? [] : [[detail.stage, detail.processes] as const];
    }),
  );
const order = (word: string, config: string, ...more: string[]) =>
  yard.command('tenant', word, 'acme', '--reason', 'over', '--config', config, ...more);

test('a suspension ends it, on record; what another user runs goes on', async ({ skip }) => {
  const why = lacks('L1');
  if (why !== undefined) skipLoudly(skip, why);
  const config = await leaveBehind();
  const bystander = spawn('sleep', ['60'], { uid: uid + 1, gid: uid + 1, cwd: '/', stdio: 'ignore' });
  const { status, stdout } = order('suspend', config);
  expect([status, listProcessesOf(uid)]).toEqual([0, []]);
  expect(stdout).toContain(`one process of user ${uid} that its servers had left behind was ended\n`);
  expect(listProcessesOf(uid + 1)).toEqual([bystander.pid]);
  expect(stages().at(-1)).toEqual(['processes_ended', 1]);
  expect(yard.command('tenant', 'history', 'acme', '--config', config).stdout).toContain('1 processes');
});

test('an erasure ends what has come since, before it removes its home', async ({ skip }) => {
  const why = lacks('L1');
  if (why !== undefined) skipLoudly(skip, why);
  const config = await leaveBehind();
  order('suspend', config);
  spawn('sleep', ['60'], { uid, gid: uid, cwd: '/', stdio: 'ignore' });
  await eventually('somebody is at work again', () => listProcessesOf(uid).length === 1);
  expect(order('erase', config, '--yes').status).toBe(0);
  expect([listProcessesOf(uid), fs.existsSync(join(`${yard.state}-homes`, 'acme'))]).toEqual([[], false]);
});

test('a user that another tenant is, too, is left alone', async ({ skip }) => {
  const why = lacks('L1');
  if (why !== undefined) skipLoudly(skip, why);
  const config = await leaveBehind();
  const theirs = join(`${yard.state}-homes`, 'globex', 'home');
  fs.mkdirSync(theirs, { recursive: true });
  fs.chownSync(theirs, uid, uid);
  const { stdout } = order('suspend', config);
  expect([listProcessesOf(uid).length, stages().some(([stage]) => stage === 'processes_ended')]).toEqual([1, false]);
  expect(stdout).toContain('another tenant has it');
});
