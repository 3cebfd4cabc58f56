// A server that is asked once what it offers: every page, no call, ended afterwards whatever it does.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ListOptions, listServer } from '../../../src/adapters/list-server.ts';
import { isGroupAlive } from '../../../src/adapters/process-sweep.ts';
import type { Timers } from '../../../src/adapters/shutdown-ladder.ts';
import { systemTimers } from '../../../src/adapters/shutdown-ladder.ts';
import { createSpawner } from '../../../src/adapters/spawn-upstream.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/servers/${name}.mjs`, import.meta.url));

function list(args: readonly string[], more: Partial<ListOptions> = {}) {
  const noise: string[] = [];
  let pid: number | undefined;
  const spawner = createSpawner({ outerRun: undefined });
  const listed = listServer({
    command: { command: process.execPath, args, cwd: undefined, env: { PATH: process.env.PATH ?? '' }, stderr: 'pipe' },
    spawner: {
      spawn(command) {
        const running = spawner.spawn(command);
        pid = running.pid;
        return running;
      },
    },
    timers: systemTimers,
    nowMs: () => 1_000,
    deadlineMs: 20_000,
    version: '1.0.0',
    onStderr: (stderr) => stderr.on('data', (chunk: Buffer) => noise.push(chunk.toString())),
    onNoise: (line) => noise.push(line.toString()),
    ...more,
  });
  return { listed, noise, pid: () => pid };
}

const isAlive = (pid: number | undefined): boolean => pid === undefined || isGroupAlive(pid);

/** Runs out at once: whatever is waited for has taken too long. */
const impatient: Timers = {
  after: (delayMs, action) => systemTimers.after(delayMs === 20_000 ? 0 : delayMs, action),
};

describe('a server that is asked once', () => {
  it('says what it offers without what is masked: it is kept', async () => {
    const { listed } = list([fixture('echo')], { mask: (text) => text.replaceAll('echo', '[secret KEY]') });
    const outcome = await listed;
    expect(outcome).toMatchObject({ listing: { lists: { tools: { entries: [{ name: '[secret KEY]' }] } } } });
    expect(JSON.stringify(outcome)).not.toContain('echo');
  });

  it('says what it offers, and has ended', async () => {
    const { listed, pid } = list([fixture('echo')]);
    await expect(listed).resolves.toMatchObject({
      kind: 'listed',
      listing: {
        server: { name: 'echo', version: '1.0.0' },
        lists: { tools: { entries: [{ name: 'echo' }], isComplete: true, seenAtMs: 1_000 } },
        faults: [],
      },
    });
    expect(isAlive(pid())).toBe(false);
  });

  it('is listed behind a banner, which is shown', async () => {
    const { listed, noise } = list([fixture('banner')]);
    await expect(listed).resolves.toMatchObject({ kind: 'listed' });
    expect(noise.join('')).not.toBe('');
  });

  it('has a deadline, and is ended where it ignores the end of its input', async () => {
    const { listed, pid } = list([fixture('ignores-eof')], { timers: impatient });
    await expect(listed).resolves.toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('did not say within'),
    });
    expect(isAlive(pid())).toBe(false);
  });

  it('that ends before it answers is no list', async () => {
    const { listed } = list(['-e', 'process.exit(3)']);
    await expect(listed).resolves.toEqual({
      kind: 'refused',
      why: 'it ended with status 3 before it had said what it offers',
    });
  });

  it('that cannot be started says why', async () => {
    const command = { command: 'no-such-program-anywhere', args: [], cwd: undefined, env: {}, stderr: 'pipe' } as const;
    await expect(list([], { command }).listed).resolves.toMatchObject({ kind: 'unstartable' });
  });

  it('that talks without end is cut off', async () => {
    const line = '{"jsonrpc":"2.0","method":"x","params":{"t":"LONG"}}';
    const flood = `const line = '${line}'.replace('LONG', 'x'.repeat(1e6)) + '\\n'; process.stdout.on('error', () => {}); setInterval(() => process.stdout.write(line), 0)`;
    const { listed, pid } = list(['-e', flood]);
    await expect(listed).resolves.toMatchObject({ kind: 'refused', why: 'it said more than 64 MiB' });
    expect(isAlive(pid())).toBe(false);
  });
});
