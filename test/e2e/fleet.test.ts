// Two machines, as far as a guard can tell: a state directory each, one redis. With the real program: what one has found the other refuses
// within a second, one call of both tries it out, and a redis that is killed leaves each to itself.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRedisServer, NO_REDIS, RedisServer } from '../adapters/limits/redis-server.ts';
import { connectRaw, type RawClient } from './client-raw.ts';
import { Yard } from './guarded.ts';
import { readTrail } from './trail.ts';

const BIN = fileURLToPath(new URL('../../bin/mcp-guard.js', import.meta.url));
const program = findRedisServer();
if (program === undefined) process.stderr.write(`\nSKIPPED, NOT TESTED: ${NO_REDIS}\n\n`);
const SECRET = 'a-password-of-a-redis';
const OPEN_MS = 2_500;

describe.skipIf(program === undefined)('breakers of a fleet', () => {
  const yard = new Yard();
  const modeOf = (machine: string): string => join(yard.home, machine, 'mode');
  const configOf = (machine: string): string => join(yard.home, machine, 'config.json');
  const stateOf = (machine: string): string => join(yard.home, machine, 'state');
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start(program ?? '', ['--requirepass', SECRET]);
    writeFileSync(join(yard.home, 'url'), `redis://:${SECRET}@127.0.0.1:${server.port}\n`, { mode: 0o600 });
    for (const machine of ['one', 'other']) {
      mkdirSync(stateOf(machine), { recursive: true, mode: 0o700 });
      const [command, ...args] = Yard.server('told-by-file', modeOf(machine));
      const written = {
        version: 1,
        servers: { srv: { command, args, scope: 'all' } },
        scopes: { all: { grants: [{ tool: '*' }] } },
        breaker: { share: 'fleet', openMs: OPEN_MS, jitter: 0 },
        limitStore: { kind: 'redis', url: `file:${join(yard.home, 'url')}` },
      };
      writeFileSync(configOf(machine), JSON.stringify(written), { mode: 0o600 });
      writeFileSync(modeOf(machine), 'ok');
    }
  });
  afterAll(async () => {
    await server.remove();
    expect(await yard.close()).toEqual([]);
  });
  const open = async (machine: string): Promise<RawClient> => {
    const env = { ...yard.env(), MCP_GUARD_STATE_DIR: stateOf(machine) };
    const args = [BIN, 'run', '--config', configOf(machine), '--server', 'srv'];
    const client = connectRaw({ command: process.execPath, args, env, directory: yard.home });
    await client.initialize();
    return client;
  };
  let id = 0;
  const call = async (client: RawClient): Promise<string> => {
    id += 1;
    const answer = await client.request(id, 'tools/call', '{"name":"tool","arguments":{"text":"x"}}');
    return answer.includes('breaker_open') ? 'refused' : answer.includes('"error"') ? 'failed' : 'answered';
  };
  const becomes = (client: RawClient, answer: string, timeout: number) =>
    expect.poll(() => call(client), { timeout, interval: 20 }).toBe(answer);
  const movesOf = (machine: string): readonly string[] =>
    [...JSON.stringify(readTrail(stateOf(machine))).matchAll(/"(fleet_open|fleet_close|fault_row|fault_rate)"/g)].map(
      ([, rule = '']) => rule,
    );

  test('are shared, tried out by one, closed for both; without the redis each is by itself', async () => {
    const [one, other] = [await open('one'), await open('other')];
    expect([await call(one), await call(other)]).toEqual(['answered', 'answered']);
    writeFileSync(modeOf('one'), 'fail');
    await becomes(one, 'refused', 5_000);
    await becomes(other, 'refused', 1_000);

    yard.state = stateOf('other');
    const shown = yard.command('breaker', 'status', 'srv/tool', '--config', configOf('other'));
    expect(shown.stdout).toMatch(/tool +open .* left/);
    expect(shown.stdout).toContain('fleet: machine ');
    expect(shown.stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
    const [row] = yard
      .command('breaker', 'status', 'srv/tool', '--json', '--config', configOf('other'))
      .stdout.trim()
      .split('\n');
    expect(JSON.parse(row ?? '')).toMatchObject({ state: 'open', share: 'fleet', why: { kind: 'fleet' } });

    writeFileSync(modeOf('one'), 'ok');
    await becomes(one, 'answered', 2 * OPEN_MS);
    await becomes(one, 'answered', 2 * OPEN_MS);
    await becomes(other, 'answered', 2_000);

    await server.kill();
    writeFileSync(modeOf('one'), 'fail');
    await becomes(one, 'refused', 5_000);
    expect(await call(other)).toBe('answered');
    await expect.poll(() => one.stderr(), { timeout: 5_000 }).toContain('cannot be shared with the fleet');
    await server.start();
    await expect.poll(() => one.stderr(), { timeout: 10_000 }).toContain('shared with the fleet again');
    for (const client of [one, other]) await client.end();

    const said = one.stderr();
    expect(said.match(/cannot be shared with the fleet/g)).toHaveLength(1);
    const trail = JSON.stringify([readTrail(stateOf('one')), readTrail(stateOf('other'))]);
    expect([said, other.stderr(), trail].join('\n')).not.toContain(SECRET);
    expect(trail).toContain('"name":"breaker_fleet"');
    expect(movesOf('other').slice(0, 1)).toEqual(['fleet_open']);
    expect(movesOf('other').filter((rule) => rule.startsWith('fault'))).toEqual([]);
  });
});
