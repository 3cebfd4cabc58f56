// The record cannot be written: a full disk, a read-only one, a directory that is none. Nothing is done unrecorded, and it
// goes on when the disk does. And eight guards on one state directory.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, Yard } from './guarded.ts';
import { readTrail } from './trail.ts';

let yard: Yard;
const mounts: string[] = [];
beforeEach(() => {
  yard = new Yard();
});
afterEach(async () => {
  for (const path of mounts.splice(0)) execFileSync('umount', ['-l', path]);
  expect(await yard.close()).toEqual([]);
});

/** Undefined where this machine lets us, else why not. */
function mount(...args: string[]): string | undefined {
  try {
    execFileSync('mount', args, { stdio: 'pipe' });
    mounts.push(args.at(-1) ?? '');
    return undefined;
  } catch (error) {
    return String(error).split('\n', 2).join(' ');
  }
}

describe('a disk that is full', () => {
  it('stops calls before they leave; freed, they go on, and the chain is intact', async ({ skip }) => {
    yard.state = join(yard.home, 'small');
    mkdirSync(yard.state);
    const refused = mount('-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', yard.state);
    if (refused !== undefined) {
      console.warn(`SKIPPED: a small file system cannot be mounted here (${refused})`);
      skip();
    }
    const client = yard.start(Yard.server('echo'));
    await client.initialize();
    await client.request(1, 'tools/call', call('before'));
    const filler = join(yard.state, 'filler');
    for (let size = 1 << 20; size >= 1; size >>= 1) {
      try {
        writeFileSync(filler, Buffer.alloc(size, 'x'), { flag: 'a' });
      } catch {
        // Full for this size: try a smaller one.
      }
    }
    // The last block of the segment may have room for some records more.
    let denied: string | undefined;
    for (let id = 2; id < 60 && denied === undefined; id += 1) {
      const line = await client.request(id, 'tools/call', call(`full ${'y'.repeat(300)}`));
      if (line.includes('audit_unavailable')) denied = line;
    }
    expect(denied).toContain('"isError":true');
    rmSync(filler);
    expect(await client.request('after', 'tools/call', call('after'))).toContain('after');
    await client.end();
    expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
    const answered = client.lines.filter(
      (line) => !line.includes('audit_unavailable') && line.includes('\\"text\\"'),
    ).length;
    const outcomes = readTrail(yard.state)
      .flatMap((one) => one.records)
      .filter(({ h }) => h.type === 'outcome' && h.method === 'tools/call');
    expect(outcomes.length).toBeGreaterThanOrEqual(answered);
    expect(
      readTrail(yard.state)
        .flatMap((one) => one.records)
        .some(({ h }) => h.type === 'gap'),
    ).toBe(true);
  });

  it('for good, because a file stands where a directory should be: no call ever leaves', async () => {
    mkdirSync(yard.state, { mode: 0o700 });
    writeFileSync(join(yard.state, 'default'), 'a file where a directory should be');
    const client = yard.start(Yard.server('echo'));
    const line = await client.request(1, 'tools/call', call('never'));
    expect(line).toContain('audit_unavailable');
    expect(line).not.toContain('\\"text\\"');
    await client.end();
  });
});

describe('a disk that is read-only', () => {
  it('stops calls', async ({ skip }) => {
    mkdirSync(yard.state, { mode: 0o700 });
    const refused = mount('--bind', yard.state, yard.state) ?? mount('-o', 'remount,ro,bind', yard.state);
    if (refused !== undefined) {
      console.warn(`SKIPPED: a read-only bind mount cannot be made here (${refused})`);
      skip();
    }
    mounts.splice(1);
    const client = yard.start(Yard.server('echo'));
    expect(await client.request(1, 'tools/call', call('never'))).toContain('audit_unavailable');
    await client.end();
  });

  it('lets calls pass and counts them where the policy says so', async () => {
    mkdirSync(yard.state, { mode: 0o700 });
    writeFileSync(join(yard.state, 'default'), 'a file where a directory should be');
    const config = join(yard.home, 'config.json');
    const [command, ...args] = Yard.server('echo');
    writeFileSync(
      config,
      JSON.stringify({ version: 1, servers: { echo: { command, args } }, audit: { onFailure: 'allow-and-count' } }),
      { mode: 0o600 },
    );
    const client = yard.start([command ?? '', ...args], ['--config', config]);
    expect(await client.request(1, 'tools/call', call('counted'))).toContain('counted');
    await client.end();
  });
});

describe('eight guards on one state directory', () => {
  it('write at once; every chain is intact, every call is there once, and `audit tail` merges them by time', async () => {
    const calls = 40;
    const clients = Array.from({ length: 8 }, () => yard.start(Yard.server('echo')));
    await Promise.all(
      clients.map(async (client, guard) => {
        await client.initialize();
        for (let id = 0; id < calls; id += 1) await client.request(id, 'tools/call', call(`g${guard} c${id}`));
        expect(await client.end()).toBe(0);
      }),
    );
    expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
    const shown = yard
      .command('audit', 'tail', '-n', '1000', '--json')
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const texts = shown.map((one) => JSON.stringify(one).match(/g\d c\d+/)?.[0]);
    expect(new Set(texts).size).toBe(8 * calls);
    expect(texts).toHaveLength(8 * calls);
  });
});
