// Guards with states of their own, as on two machines, and one redis: one rate for both, with the real program; the redis killed,
// and started again; and what a person is told of it.
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

describe.skipIf(program === undefined)('a fleet on one redis', () => {
  const yard = new Yard();
  const configOf = (machine: string): string => join(yard.home, machine, 'config.json');
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start(program ?? '', ['--requirepass', SECRET, '--appendonly', 'yes']);
    writeFileSync(join(yard.home, 'url'), `redis://:${SECRET}@127.0.0.1:${server.port}\n`, { mode: 0o600 });
    const [command, ...args] = Yard.server('echo');
    const written = {
      version: 1,
      servers: { srv: { command, args, scope: 'all' } },
      scopes: { all: { grants: [{ tool: '*' }] } },
      limits: [{ key: ['tool'], rate: '3/day' }],
      limitStore: { kind: 'redis', url: `file:${join(yard.home, 'url')}` },
    };
    for (const machine of ['one', 'other']) {
      mkdirSync(join(yard.home, machine, 'state'), { recursive: true, mode: 0o700 });
      writeFileSync(configOf(machine), JSON.stringify(written), { mode: 0o600 });
    }
    yard.state = join(yard.home, 'one', 'state');
  });
  afterAll(async () => {
    await server.remove();
    expect(await yard.close()).toEqual([]);
  });
  const open = (machine: string): RawClient => {
    const env = { ...yard.env(), MCP_GUARD_STATE_DIR: join(yard.home, machine, 'state') };
    const args = [BIN, 'run', '--config', configOf(machine), '--server', 'srv'];
    return connectRaw({ command: process.execPath, args, env, directory: yard.home });
  };
  let id = 0;
  const call = async (client: RawClient, tool = 'echo'): Promise<string> => {
    id += 1;
    return JSON.stringify(await client.request(id, 'tools/call', JSON.stringify({ name: tool, arguments: {} })));
  };

  test('share one rate; a redis that is killed denies, says so once, and counts on when it is back', async () => {
    const [one, other] = [open('one'), open('other')];
    for (const client of [one, other]) await client.initialize();
    for (const client of [one, other, one]) expect(await call(client)).not.toContain('rate_limited');
    for (const client of [one, other]) expect(await call(client)).toContain('rate_limited');

    const shown = yard.command('limits', 'status', '--config', configOf('one'));
    expect(shown).toMatchObject({ status: 0, stdout: expect.stringMatching(/limits\[0\]\.rate +3 +0 .*tool=echo/) });

    await server.kill();
    for (let count = 0; count < 3; count += 1) expect(await call(one, 'new')).toContain('limit_store_down');
    await server.start();
    await expect.poll(() => call(one), { timeout: 10_000 }).toContain('rate_limited');
    const everything = [one.stderr(), other.stderr()].join('\n');
    expect(everything.match(/limits cannot be counted/g)).toHaveLength(1);
    expect(everything.match(/counted with the other guards again/g)).toHaveLength(1);
    expect(everything).not.toContain(SECRET);
    for (const client of [one, other]) await client.end();
    const trail = JSON.stringify(readTrail(yard.state));
    for (const word of ['away', 'back']) expect(trail.split(`"store":"${word}"`)).toHaveLength(2);
    expect(trail).not.toContain(SECRET);
  });
});
