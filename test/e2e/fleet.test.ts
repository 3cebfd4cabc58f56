// Two machines, as far as a guard can tell: a state directory each, one redis. With the real program: what one has found the other refuses
// within a second, one call of both tries it out, and a redis that is killed leaves each to itself.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRedisServer, NO_REDIS } from '../adapters/limits/redis-server.ts';
import type { RawClient } from './client-raw.ts';
import { FleetStage, type Machine, OPEN_MS } from './fleet-stage.ts';
import { readTrail } from './trail.ts';

const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);

describe.skipIf(program === undefined)('breakers of a fleet', () => {
  let stage: FleetStage;
  beforeAll(async () => {
    stage = await FleetStage.open(program ?? '');
  });
  afterAll(async () => expect(await stage.close()).toEqual([]));
  const open = (machine: Machine): Promise<RawClient> => stage.connect(machine, ['--server', 'srv']);
  const call = (client: RawClient) => stage.call(client, 'tool');
  const becomes = (client: RawClient, answer: string, timeout: number) =>
    expect.poll(() => call(client), { timeout, interval: 20 }).toBe(answer);

  test('are shared, tried out by one, closed for both; without the redis each is by itself', async () => {
    const [one, other] = [await open('one'), await open('other')];
    expect([await call(one), await call(other)]).toEqual(['answered', 'answered']);
    stage.tell('one', 'fail');
    await becomes(one, 'refused', 5_000);
    await becomes(other, 'refused', 1_000);

    const { yard } = stage;
    yard.state = stage.stateOf('other');
    const shown = yard.command('breaker', 'status', 'srv/tool', '--config', stage.configOf('other'));
    expect(shown.stdout).toMatch(/tool +open .* left/);
    expect(shown.stdout).toContain('fleet: machine ');
    expect(shown.stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
    const [row] = yard
      .command('breaker', 'status', 'srv/tool', '--json', '--config', stage.configOf('other'))
      .stdout.trim()
      .split('\n');
    expect(JSON.parse(row ?? '')).toMatchObject({ state: 'open', share: 'fleet', why: { kind: 'fleet' } });

    stage.tell('one', 'ok');
    await becomes(one, 'answered', 2 * OPEN_MS);
    await becomes(one, 'answered', 2 * OPEN_MS);
    await becomes(other, 'answered', 2_000);

    await stage.redis.kill();
    stage.tell('one', 'fail');
    await becomes(one, 'refused', 5_000);
    expect(await call(other)).toBe('answered');
    await expect.poll(() => one.stderr(), { timeout: 5_000 }).toContain('cannot be shared with the fleet');
    await stage.redis.start();
    await expect.poll(() => one.stderr(), { timeout: 10_000 }).toContain('shared with the fleet again');
    for (const client of [one, other]) await client.end();

    const said = one.stderr();
    expect(said.match(/cannot be shared with the fleet/g)).toHaveLength(1);
    const trail = JSON.stringify([readTrail(stage.stateOf('one')), readTrail(stage.stateOf('other'))]);
    expect([said, other.stderr(), trail].join('\n')).not.toContain(stage.secret);
    expect(trail).toContain('"name":"breaker_fleet"');
    expect(stage.movesOf('other').slice(0, 1)).toEqual(['fleet_open']);
    expect(stage.movesOf('other').filter((rule) => rule.startsWith('fault'))).toEqual([]);
  });
});
