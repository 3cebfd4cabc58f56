// kill -9 of the guard, the server, the supervisor, the npx parent, at every step of a call: nothing stays alive, nothing
// that was acknowledged is lost, and what was under way is visible.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { RawClient } from './client-raw.ts';
import { call, descendants, eventually, type Process, Yard } from './guarded.ts';
import { readTrail } from './trail.ts';
import { eachInYard } from './yards.ts';

const linux = process.platform === 'linux';

const STEPS = ['before initialize', 'after initialize', 'in a call', 'after a call', 'during shutdown'] as const;
const VICTIMS = ['guard', 'server', 'leader', 'watcher'] as const;

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

/** The processes of one run: the supervisor's two shells and what runs below the leader. */
function cast(guard: number): Record<'leader' | 'watcher' | 'server', Process | undefined> {
  const below = descendants(guard);
  const leader = below.find((one) => one.parent === guard);
  const watcher = below.find((one) => one.parent === leader?.pid && one.command.includes('mcp-guard-supervisor'));
  const server = below.find((one) => one.parent === leader?.pid && one !== watcher);
  return { leader, watcher, server };
}

async function reach(step: (typeof STEPS)[number], client: RawClient): Promise<void> {
  if (step === 'before initialize') return;
  await client.initialize();
  if (step === 'in a call') {
    client.write(
      '{"jsonrpc":"2.0","id":"open","method":"tools/call","params":{"name":"echo","arguments":{"text":"open"}}}\n',
    );
    await eventually('the intent is on disk', () => JSON.stringify(readTrail(yard.state)).includes('"id":"open"'));
  }
  if (step === 'after a call') await client.request('done', 'tools/call', call('done'));
}

describe.runIf(linux)('kill -9', () => {
  for (const victim of VICTIMS) {
    it.each(STEPS)(`of the ${victim}, %s`, async (step) => {
      // `never-answers` keeps a call open; the other steps have an answer to see.
      const stubborn = step === 'in a call' ? 'never-answers' : 'echo';
      const client = yard.start(Yard.server(step === 'during shutdown' ? 'ignores-sigterm' : stubborn));
      await eventually('the server runs', () => cast(client.pid).server !== undefined);
      const players = cast(client.pid);
      if (step === 'during shutdown') {
        // The guard waits for a server that ignores the end of its input.
        void client.end();
      } else await reach(step, client);
      const pid = victim === 'guard' ? client.pid : players[victim]?.pid;
      expect(pid).toBeGreaterThan(1);
      process.kill(pid ?? -1, 'SIGKILL');
      if (victim === 'server' || victim === 'leader') await client.exited;
      else if (step !== 'during shutdown') void client.end();
      expect(await yard.leftovers(5000)).toEqual([]);

      const records = readTrail(yard.state).flatMap((segment) => segment.records.map(({ h }) => h));
      const { status } = yard.command('audit', 'verify');
      // 74: killed before its first record, a guard has left nothing to verify.
      expect(records.length === 0 ? [0, 1, 74] : [0, 1]).toContain(status);
      const intents = records.filter((one) => one.type === 'intent' && one.method === 'tools/call');
      const outcomes = records.filter((one) => one.type === 'outcome' && one.method === 'tools/call');
      if (step === 'after a call') {
        expect(client.lines.some((line) => line.includes('done'))).toBe(true);
        expect([intents.length, outcomes.length]).toEqual([1, 1]);
      }
      if (step !== 'in a call') return;
      expect(intents).toHaveLength(1);
      // A guard that was killed leaves the intent open; any other death is settled, and the client has its one answer.
      const answers = client.lines.filter((line) => line.includes('"id":"open"'));
      if (victim === 'guard') expect([outcomes.length, answers.length]).toEqual([0, 0]);
      else if (victim !== 'watcher') {
        expect(outcomes.map((one) => one.settlement)).toEqual(['upstream_exit']);
        expect(answers).toHaveLength(1);
      }
    });
  }

  it('of the guard takes an npx-like tree along, whose last process ignores everything', async () => {
    const client = yard.start(Yard.server('spawns-grandchild'));
    await eventually('the grandchild is ready', () => client.stderr().includes('ready'));
    expect(descendants(client.pid).length).toBeGreaterThanOrEqual(4);
    process.kill(client.pid, 'SIGKILL');
    expect(await yard.leftovers(5000)).toEqual([]);
  });

  it('of the process in the middle of such a tree ends the session, and the rest with it', async () => {
    const client = yard.start(Yard.server('spawns-grandchild'));
    await eventually('the grandchild is ready', () => client.stderr().includes('ready'));
    process.kill(cast(client.pid).server?.pid ?? -1, 'SIGKILL');
    expect(await client.exited).toEqual([137, null]);
    expect(await yard.leftovers(5000)).toEqual([]);
  });

  it('of the guard takes along what has left its group and what keeps forking', async () => {
    const one = yard.start(Yard.server('daemonises'));
    const two = yard.start(Yard.server('forks-repeatedly'));
    await eventually('the daemon is ready', () => one.stderr().includes('ready'));
    await eventually('it has forked', () => descendants(two.pid).length > 3);
    process.kill(one.pid, 'SIGKILL');
    process.kill(two.pid, 'SIGKILL');
    expect(await yard.leftovers(5000)).toEqual([]);
  });
});

/** How long this machine takes, now, to start and end a Node that does nothing: 40 ms where nobody disturbs. */
function bareStartMs(): number {
  const began = performance.now();
  execFileSync(process.execPath, ['-e', '0']);
  return performance.now() - began;
}

describe.runIf(linux)('a host that ends the guard politely', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'with %s: nothing stays, well before hosts use force, and the status says it',
    async (signal) => {
      const client = yard.start(Yard.server('ignores-sigterm'));
      await eventually('the server is ready', () => client.stderr().includes('ready'));
      const patience = 1000 + 15 * bareStartMs();
      const began = performance.now();
      process.kill(client.pid, signal);
      const [status] = await client.exited;
      expect(performance.now() - began).toBeLessThan(patience);
      expect(status).toBe(128 + { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 }[signal]);
      expect(await yard.leftovers(0)).toEqual([]);
    },
  );

  it('with the end of input: the same, and the status is 0', async () => {
    const client = yard.start(Yard.server('ignores-sigterm'));
    await eventually('the server is ready', () => client.stderr().includes('ready'));
    const patience = 2000 + 15 * bareStartMs();
    const began = performance.now();
    expect(await client.end()).toBe(0);
    expect(performance.now() - began).toBeLessThan(patience);
    expect(await yard.leftovers(0)).toEqual([]);
  });

  it('mirrors the exit of a server that ends by itself', async () => {
    const [status] = await yard.start(Yard.server('exits-with', '7', '100000')).exited;
    expect(status).toBe(7);
  });
});
