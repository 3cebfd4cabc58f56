// What a person does with a tenant: sees it, shuts it out while it is at work, and has it erased under a record that still verifies.
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, type Yard } from './guarded.ts';
import { BIN, connect, findLeaks, lookAround, openYard, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

const stages = (tenant: string) =>
  readTrail(join(yard.state, tenant))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(({ records }) => records)
    .map(({ h }) => h as { readonly name?: string; readonly detail?: { readonly stage?: string } }) // members of events
    .flatMap(({ name, detail }) => (name === 'tenant' ? [detail?.stage] : []));

test('suspended at work, seen, let in again', async () => {
  const config = writeConfig(yard, { acme: {}, globex: {} });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  const globex = connect(yard, config, 'globex');
  await globex.initialize();
  await eventually('acme is listed as active', () =>
    /^acme +active +1 /m.test(yard.command('tenant', 'list', '--config', config).stdout),
  );

  expect(yard.command('tenant', 'suspend', 'acme')).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('`--reason` is missing'),
  });
  const order = yard.command('tenant', 'suspend', 'acme', '--reason', 'it is late');
  expect(order).toMatchObject({ status: 0, stdout: expect.stringMatching(/^SUSPENDED acme\nno session begins/) });
  // how soon is held by tenant-suspension.test.ts
  const [code] = await acme.exited;
  expect(code).toBe(77);
  expect(acme.stderr()).toContain('the session ends: the tenant `acme` is suspended');
  // the other one goes on, and has heard nothing
  await lookAround(globex, 1);

  const again = connect(yard, config, 'acme');
  expect(await again.exited).toEqual([77, null]);
  expect(again.stderr()).toContain('the tenant `acme` is suspended');
  const list = yard.command('tenant', 'list', '--config', config).stdout.split('\n');
  expect(list[1]).toMatch(/^acme +SUSPENDED +0 +\d+ +\d+ (B|KiB) +yes$/);
  expect(list[2]).toMatch(/^globex +active +1 /);
  const shown = yard.command('tenant', 'show', 'acme', '--config', config).stdout;
  expect(shown).toMatch(/reason +it is late/);
  expect(JSON.parse(yard.command('tenant', 'show', 'acme', '--json', '--config', config).stdout)).toMatchObject({
    isSuspended: true,
    isConfigured: true,
  });

  // once more changes nothing of it, and is on record
  const twice = yard.command('tenant', 'suspend', 'acme', '--reason', 'it is later');
  expect(twice.stdout).toMatch(/^SUSPENDED acme \(it was already\)\nsince 20.* and that stands: it is late\n/);
  expect(yard.command('tenant', 'show', 'acme', '--config', config).stdout).toMatch(/reason +it is late\n/);
  expect(yard.command('tenant', 'resume', 'acme', '--reason', 'it was a mistake').stdout).toContain('resumed acme');
  const history = yard.command('tenant', 'history', 'acme', '--config', config).stdout;
  for (const row of [
    / suspend .*: it is late\n/,
    / ended +a session/,
    / suspend .*: it is later\n/,
    / resume .* mistake\n/,
  ])
    expect(history).toMatch(row);
  const back = connect(yard, config, 'acme');
  await back.initialize();
  expect([await back.end(), await globex.end()]).toEqual([0, 0]);
  expect([...new Set(stages('acme'))]).toEqual(
    ['suspend_asked', 'suspended', 'session_ended', 'resume_asked', 'resumed'].sort(byTime),
  );
  expect(yard.command('audit', 'verify').status).toBe(0);
});

/** The session ends between two records of another segment: only that it is there is certain. */
function byTime(a: string, b: string): number {
  return stages('acme').indexOf(a) - stages('acme').indexOf(b);
}

test.each(['../globex', 'ACME', 'acme\u0000', 'run', ''])('%j is no tenant to any command', (name) => {
  if (name.includes('\0')) return; // no program can be given it
  for (const word of ['show', 'history', 'suspend', 'resume', 'erase', 'export'])
    expect(yard.command('tenant', word, name, '--reason', 'x').status).toBe(64);
  expect(fs.readdirSync(yard.state)).toEqual([]);
});

test('a mistyped name is obeyed by no command, and nothing is made for it', () => {
  const config = writeConfig(yard, { acme: {}, globex: {} });
  for (const word of ['show', 'history', 'suspend', 'resume', 'erase', 'export']) {
    const reason = ['show', 'history', 'export'].includes(word) ? [] : ['--reason', 'x'];
    const refused = yard.command('tenant', word, 'acmee', '--config', config, ...reason);
    expect(refused).toMatchObject({ status: 77, stderr: expect.stringContaining('did you mean `acme`?') });
  }
  expect(yard.command('tenant', 'export', 'acmee').status).toBe(77);
  // known, and nothing on record
  expect(yard.command('tenant', 'export', 'acme', '--config', config).status).toBe(74);
  const token = yard.command('token', 'create', '--yes', '--principal', 'ci', '--tenant', 'acmee', '--config', config);
  expect(token).toMatchObject({ status: 77, stdout: '', stderr: expect.stringContaining('did you mean `acme`?') });
  expect(fs.readdirSync(yard.state)).toEqual([]);
  // one that has not run yet can be shut out
  expect(yard.command('tenant', 'suspend', 'acme', '--reason', 'x', '--config', config).status).toBe(0);
});

test('a config that cannot be used hides nobody of whom something is kept, and is said', async () => {
  const config = writeConfig(yard, { acme: {} });
  expect(yard.command('tenant', 'suspend', 'acme', '--reason', 'x', '--config', config).status).toBe(0);
  fs.mkdirSync(join(yard.home, '.config', 'mcp-guard'), { recursive: true });
  fs.writeFileSync(join(yard.home, '.config', 'mcp-guard', 'config.json'), '{', { mode: 0o600 });
  // the exit status is 0, and stderr of a command that did what it was asked is not kept by the yard
  const listed = spawnSync(process.execPath, [BIN, 'tenant', 'list'], {
    env: yard.env(),
    cwd: yard.home,
    encoding: 'utf8',
  });
  expect(listed).toMatchObject({ status: 0, stdout: expect.stringMatching(/^acme +SUSPENDED .* -$/m) });
  expect(listed.stderr).toContain('the config cannot be used');
});

test('a record that is full is seen: payloads count, and what makes room is said', async () => {
  const config = writeConfig(yard, { acme: { audit: { quota: { maxBytes: 1_048_576 } } } });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  expect(await acme.end()).toBe(0);
  const payloads = join(yard.state, 'acme', 'audit', 'payload', 'x');
  fs.mkdirSync(payloads, { recursive: true });
  fs.writeFileSync(join(payloads, 'x'), Buffer.alloc(1_048_576));
  expect(yard.command('tenant', 'list', '--config', config).stdout).toMatch(/ 1 MiB {2}yes\nFULL acme: /);
  const shown = yard.command('tenant', 'show', 'acme', '--config', config).stdout;
  expect(shown).toMatch(/quota +1 MiB\n +FULL: calls are denied/);
  expect(shown.split('\n').filter((line) => line.length > 80 && !line.includes(' in '))).toEqual([]);
});

test('erased: what was said is gone, that it was said stays', async () => {
  const config = writeConfig(yard, { acme: { servers: { srv: { env: { A: 'canary-env-0123456789' } } } }, globex: {} });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  await lookAround(acme, 1, 'write', 'canary-written-0123456789');
  await lookAround(acme, 2, 'look', 'canary-argument-0123456789');
  expect(await acme.end()).toBe(0);
  const globex = connect(yard, config, 'globex');
  await globex.initialize();
  await lookAround(globex, 1, 'write', 'canary-of-globex-0123456789');
  expect(await globex.end()).toBe(0);
  const artefacts = (tenant: string) =>
    new Map(
      [join(yard.state, tenant), join(`${yard.state}-homes`, tenant)]
        .filter((root) => fs.existsSync(root))
        .flatMap((root) => fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name)))
        .filter((path) => fs.statSync(path).isFile())
        .map((path) => [path, fs.readFileSync(path)] as const),
    );
  const tokens = ['env', 'written', 'argument'].map((place) => `canary-${place}-0123456789`);
  expect(findLeaks(artefacts('acme'), tokens).length).toBeGreaterThan(0);
  const records = (tenant: string) => readTrail(join(yard.state, tenant)).flatMap((one) => one.records).length;
  const before = records('acme');

  const early = yard.command('tenant', 'erase', 'acme', '--reason', 'asked for', '--yes');
  expect(early).toMatchObject({ status: 77, stderr: expect.stringContaining('it is not suspended') });
  expect(findLeaks(artefacts('acme'), tokens).length).toBeGreaterThan(0);
  yard.command('tenant', 'suspend', 'acme', '--reason', 'asked for');
  expect(yard.command('tenant', 'erase', 'acme', '--reason', 'asked for')).toMatchObject({
    status: 77,
    stderr: expect.stringContaining('--yes'),
  });
  const done = yard.command('tenant', 'erase', 'acme', '--reason', 'asked for', '--yes');
  expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining('hold nothing but their headers now') });

  expect(findLeaks(artefacts('acme'), tokens)).toEqual([]);
  expect(fs.existsSync(join(`${yard.state}-homes`, 'acme'))).toBe(false);
  expect(fs.readdirSync(join(yard.state, 'acme')).sort()).toEqual(['audit', 'erased.json', 'suspended.json']);
  expect(yard.command('tenant', 'list').stdout).toMatch(/^acme +ERASED /m);
  expect(yard.command('tenant', 'show', 'acme').stdout).toMatch(/erased +20.*\n +by +\S+\n +reason +asked for\n/);
  const verified = yard.command('audit', 'verify', '--tenant', 'acme');
  expect(verified).toMatchObject({ status: 0, stdout: expect.stringContaining('0 broken') });
  // nothing but orders was added, and nothing taken away
  expect(records('acme')).toBeGreaterThan(before);
  expect(stages('acme')).toEqual(expect.arrayContaining(['suspended', 'erase_asked', 'erased']));
  expect(findLeaks(artefacts('globex'), ['canary-of-globex-0123456789']).length).toBeGreaterThan(0);
});

test('exported: one archive that verifies where nothing else is known, and says nothing of others', async () => {
  const config = writeConfig(yard, { acme: {}, globex: {} });
  for (const tenant of ['acme', 'globex']) {
    const client = connect(yard, config, tenant);
    await client.initialize();
    await lookAround(client, 1, 'look', `canary-of-${tenant}-0123456789`);
    expect(await client.end()).toBe(0);
  }
  const out = join(yard.home, 'acme.tar');
  expect(yard.command('tenant', 'export', 'initech', '--out', out)).toMatchObject({ status: 77 });
  const done = yard.command('tenant', 'export', 'acme', '--out', out);
  expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining('every chain in it is intact') });
  expect(done.stdout.split('\n').filter((line) => line.length > 80 && !line.includes('sha256'))).toEqual([]);
  const archive = new Map([['archive', fs.readFileSync(out)]]);
  expect(findLeaks(archive, ['canary-of-acme-0123456789'])).toEqual(['archive']);
  expect(findLeaks(archive, ['canary-of-globex-0123456789'])).toEqual([]);
  expect(yard.command('tenant', 'export', 'acme', '--out', out)).toMatchObject({ status: 74 });
  execFileSync('tar', ['xf', out, '-C', yard.home]);
  const own = yard.state;
  yard.state = join(yard.home, 'mcp-guard-export');
  const verified = yard.command('audit', 'verify');
  const tail = yard.command('audit', 'tail', '--all');
  yard.state = own;
  expect(verified).toMatchObject({ status: 0, stdout: expect.stringContaining('0 broken') });
  expect(tail.stdout).toContain('look');
  expect(stages('acme')).toEqual(expect.arrayContaining(['export_asked', 'exported']));
  // the commands of its README.txt, as they stand there
  const root = join(yard.home, 'mcp-guard-export');
  const words = fs.readFileSync(join(root, 'README.txt'), 'utf8').split('\n');
  const script = words.filter((line) => line.startsWith('    ')).join('\n');
  fs.mkdirSync(join(yard.home, 'bin'));
  const shim = `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`;
  fs.writeFileSync(join(yard.home, 'bin', 'mcp-guard'), shim, { mode: 0o755 });
  const env = { ...yard.env(), PATH: `${join(yard.home, 'bin')}:${process.env.PATH}` };
  const check = () => spawnSync('sh', ['-ec', script], { cwd: yard.home, env, encoding: 'utf8' });
  const whole = check();
  expect(whole).toMatchObject({ status: 0, stdout: expect.stringContaining('0 broken') });
  expect(done.stdout).toContain(whole.stdout.split('\n')[0]);
  const audit = join(root, 'acme', 'audit');
  const newest = fs
    .readdirSync(audit, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  fs.rmSync(join(audit, newest.at(-1) ?? ''));
  expect(check().status).not.toBe(0);
});
