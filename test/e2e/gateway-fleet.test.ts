// Breakers of a fleet behind gateways: what one machine's gateway has found of a server the other machine's refuses within a second, whatever
// else is behind either, and so does a guard of that server alone; all servers of a run share one connection. With the real program.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRawRedis } from '../adapters/limits/redis-client.ts';
import { findRedisServer, NO_REDIS } from '../adapters/limits/redis-server.ts';
import type { RawClient } from './client-raw.ts';
import { FleetStage, OPEN_MS } from './fleet-stage.ts';
import { Yard } from './guarded.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);

describe.skipIf(program === undefined)('a fleet of gateways', () => {
  let stage: FleetStage;
  beforeAll(async () => {
    const [command, ...args] = Yard.server('echo');
    stage = await FleetStage.open(program ?? '', {
      plain: { command, args, scope: 'all', prefix: '' },
      own: { command, args, scope: 'all', breaker: { share: 'machine' } },
    });
  });
  afterAll(async () => expect(await stage.close()).toEqual([]));
  const becomes = (client: RawClient, tool: string, answer: string, timeout: number) =>
    expect.poll(() => stage.call(client, tool), { timeout, interval: 20 }).toBe(answer);

  test('opens and closes the lane of one server, and no other, on both machines', async () => {
    const [one, other, alone] = await Promise.all([
      stage.connect('one', []),
      stage.connect('other', []),
      stage.connect('other', ['--server', 'srv']),
    ]);
    const raw = await openRawRedis(`redis://:${stage.secret}@127.0.0.1:${stage.redis.port}`);
    for (const client of [one, other])
      for (const tool of ['srv__tool', 'echo', 'own__echo']) expect(await stage.call(client, tool)).toBe('answered');
    // this one, and one of each guard: of two shared lanes of a gateway, too
    const isOneEach = async () =>
      String(await raw.send('CLIENT', 'LIST'))
        .trim()
        .split('\n').length;
    await expect.poll(isOneEach, { timeout: 5_000 }).toBe(4);

    stage.tell('one', 'fail');
    await becomes(one, 'srv__tool', 'refused', 5_000);
    await becomes(other, 'srv__tool', 'refused', 1_000);
    await becomes(alone, 'tool', 'refused', 1_000);
    for (const client of [one, other])
      for (const tool of ['echo', 'own__echo']) expect(await stage.call(client, tool)).toBe('answered');

    stage.tell('one', 'ok');
    await becomes(one, 'srv__tool', 'answered', 2 * OPEN_MS);
    for (const [client, tool] of [
      [one, 'srv__tool'],
      [other, 'srv__tool'],
      [alone, 'tool'],
    ] as const)
      await becomes(client, tool, 'answered', 2 * OPEN_MS);
    raw.close();
    expect(await Promise.all([one, other, alone].map((client) => client.end()))).toEqual([0, 0, 0]);
    expect(stage.movesOf('other')[0]).toBe('fleet_open');
    expect(stage.movesOf('other').filter((rule) => rule.startsWith('fault'))).toEqual([]);
  });
});
