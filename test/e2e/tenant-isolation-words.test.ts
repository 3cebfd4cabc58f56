// What of a tenant's isolation keeps its server from starting, or from finding its files, is said by the command that meets it first.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Yard } from './guarded.ts';
import { skipLoudly } from './skipping.ts';
import { BIN, connect, lacks, openYard, ownUserOf, writeConfig } from './tenant-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

const fixtures = join(import.meta.dirname, '..', 'fixtures');

test('a script that `readable` names before anybody has approved it', async ({ skip }) => {
  const why = lacks('L2');
  if (why !== undefined) skipLoudly(skip, why);
  const config = writeConfig(yard, { acme: { isolation: ownUserOf(7001) } });
  const before = connect(yard, config, 'acme');
  await before.initialize();
  expect(await before.end()).toBe(0);
  const written = JSON.parse(fs.readFileSync(config, 'utf8'));
  written.tenants.acme.isolation = { ...ownUserOf(7001), required: 'L2', readable: [fixtures] };
  fs.writeFileSync(config, JSON.stringify(written));
  const after = connect(yard, config, 'acme');
  await after.exited;
  const script = join(fixtures, 'servers', 'told-tenant.mjs');
  expect(after.stderr()).toContain(
    `its sandbox does not show \`${script}\`: it is in the config and waits for an approval: \`mcp-guard scope approve --config ${config}`,
  );
  expect(after.stderr()).not.toContain('add it to `isolation.readable`');
});

test('a working directory that its user cannot enter: by `config check` and by the start', async ({ skip }) => {
  const why = lacks('L1');
  if (why !== undefined) skipLoudly(skip, why);
  const closed = join(yard.home, 'closed');
  fs.mkdirSync(join(closed, 'app'), { recursive: true, mode: 0o700 });
  const servers = { srv: { cwd: join(closed, 'app') } };
  const config = writeConfig(yard, { acme: { servers, isolation: { required: 'L1', uid: 7001 } } });
  const said = `user 7001 cannot enter \`${closed}\``;
  expect(yard.command('config', 'check', '--config', config).stdout).toContain(said);
  const started = connect(yard, config, 'acme');
  expect(await started.exited).toEqual([77, null]);
  expect(started.stderr()).toContain(said);
});

test('what `tenant add` would write, and does not hold here: before it is written', () => {
  const config = writeConfig(yard, { acme: {} });
  const add = (...flags: readonly string[]): string => {
    const words = [BIN, 'tenant', 'add', 'globex', '--yes', '--config', config, ...flags];
    const { stdout, stderr } = spawnSync(process.execPath, words, {
      env: yard.env(),
      cwd: yard.home,
      encoding: 'utf8',
    });
    return stdout + stderr;
  };
  const before = fs.readFileSync(config, 'utf8');
  expect(add('--writable', '/not/there')).toContain('`--writable` holds from L2 on, and `globex` would have L0');
  expect(fs.readFileSync(config, 'utf8')).toBe(before);
  const said = add('--isolation', 'L2', '--writable', '/not/there');
  expect(said).toMatch(/note: .*isolation\.writable: .*`\/not\/there`, which is not there/);
  expect(said.includes('needs a user of its own here')).toBe(process.getuid?.() === 0);
});
