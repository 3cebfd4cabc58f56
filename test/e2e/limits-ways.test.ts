// Around a limit, with the real program: whatever a client may do to be counted elsewhere, or not at all, meets the one count. And what
// counts there is not loaded where nobody asks for it.
import { cpSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { sealPauses } from '../../src/adapters/pause-seal.ts';
import { connectRaw, isAnswer, type RawClient } from './client-raw.ts';
import { openGateway } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { LockStage } from './lock-stage.ts';

const [command, ...args] = Yard.server('echo');
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const yard = new Yard();
afterAll(async () => expect(await yard.close()).toEqual([]));

const lineOf = (id: string | number, name: string, more: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {}, ...more } });

/** How each call of a line was answered: `sent`, or the reason. */
async function ask(client: RawClient, line: string, ids: readonly (string | number)[]): Promise<readonly string[]> {
  const before = client.lines.length;
  client.write(`${line}\n`);
  const isOne = (text: string) => ids.some((id) => isAnswer(text, id));
  const answers: string[] = [];
  while (answers.length < ids.length) {
    const seen = client.lines
      .slice(before)
      .flatMap((text) => (text.startsWith('[') ? JSON.parse(text).map((one: object) => JSON.stringify(one)) : [text]));
    answers.splice(0, answers.length, ...seen.filter(isOne));
    if (answers.length < ids.length) await client.until(() => client.lines.length > before + seen.length);
  }
  return answers.map((text) => /"reason":"(\w+)"/.exec(text)?.[1] ?? (text.includes('"result"') ? 'sent' : 'failed'));
}

describe('around a limit there is no way', () => {
  it('by ids, batches, spellings, tasks, sessions, guards, a gateway, observing or a pause', async () => {
    const stage = new LockStage(yard, {
      version: 1,
      servers: { srv: { command, args, scope: 'one' }, seen: { command, args, scope: 'one', mode: 'observe' } },
      scopes: { one: { grants: [{ tool: 'echo' }, { tool: 'E*' }, { tool: '* echo' }, { tool: 'ｅ*' }] } },
      limits: [
        { key: ['principal', 'tool'], match: { tool: 'echo' }, budget: { calls: 4, per: 'day', timeZone: 'UTC' } },
      ],
    });
    const [one, other, many] = await Promise.all([stage.open(), stage.open(), openGateway(stage)]);
    const [first, second, third] = [one.client, other.client, many.client];
    expect(await ask(first, lineOf('a', 'echo'), ['a'])).toEqual(['sent']);
    expect(await ask(first, `[${lineOf('b', 'echo')},${lineOf('c', 'echo')}]`, ['b', 'c'])).toEqual(['sent', 'sent']);
    expect(await ask(second, lineOf('d', 'Echo'), ['d'])).toEqual(['sent']);

    const spent = ['budget_spent'];
    for (const tool of ['srv__echo', 'seen__echo', 'seen__ECHO'])
      expect(await ask(third, lineOf(tool, tool), [tool])).toEqual(spent);
    expect(await ask(third, lineOf('e', 'seen__other'), ['e'])).toEqual(['sent']);
    for (const [index, name] of ['echo', 'ECHO', ' echo', 'ｅｃｈｏ'].entries())
      expect(await ask(second, lineOf(100 + index, name), [100 + index])).toEqual(spent);
    expect(await ask(first, lineOf('f', 'echo', { _meta: { progressToken: 1 } }), ['f'])).toEqual(spent);
    expect(await ask(first, `[${lineOf('g', 'echo')},${lineOf('h', 'echo')}]`, ['g', 'h'])).toEqual([
      ...spent,
      ...spent,
    ]);
    // asking for a task gets an error, whose data says it
    expect(await ask(first, lineOf('i', 'echo', { task: {} }), ['i'])).toEqual(spent);

    const sinceMs = Date.now();
    const whose = { config: realpathSync(stage.config), server: 'srv', actor: 'ada', reason: 'for a test' };
    const pauses = [{ ...whose, sinceMs, untilMs: sinceMs + 60_000 }];
    const sealed = sealPauses(yard.state, 'default', { version: 1, pauses });
    writeFileSync(join(yard.state, 'default', 'pauses.json'), JSON.stringify(sealed), { mode: 0o600 });
    let turn = 0;
    const askOther = () => {
      turn += 1;
      return ask(first, lineOf(`other ${turn}`, 'other'), [`other ${turn}`]);
    };
    await expect.poll(askOther, { timeout: 5_000 }).toEqual(['sent']);
    expect(await ask(first, lineOf('j', 'echo'), ['j'])).toEqual(spent);
    const fourth = await stage.open();
    expect(await ask(fourth.client, lineOf('k', 'echo'), ['k'])).toEqual(spent);
    for (const client of [first, second, third, fourth.client]) expect(await client.end()).toBe(0);
  });
});

it('a run whose limits are counted on this machine reads nothing of a redis: it is not even there', async () => {
  const own = join(yard.home, 'guard');
  for (const name of ['bin', 'dist', 'package.json']) cpSync(join(ROOT, name), join(own, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(own, 'node_modules'));
  rmSync(join(own, 'dist', 'limit-store-redis.cjs'));
  const start = (limitStore: { readonly kind: string; readonly url?: string }) => {
    const config = join(yard.home, `own-${limitStore.kind}.json`);
    const limits = [{ key: ['tool'], rate: '1/day' }];
    writeFileSync(config, JSON.stringify({ version: 1, servers: { srv: { command, args } }, limits, limitStore }), {
      mode: 0o600,
    });
    const flags = [join(own, 'bin', 'mcp-guard.js'), 'run', '--config', config, '--server', 'srv'];
    return connectRaw({ command: process.execPath, args: flags, env: yard.env(), directory: yard.home });
  };
  const file = start({ kind: 'file' });
  await file.initialize();
  expect(await ask(file, lineOf(1, 'echo'), [1])).toEqual(['sent']);
  expect(await ask(file, lineOf(2, 'echo'), [2])).toEqual(['rate_limited']);
  await file.end();
  // what it would have needed
  const redis = start({ kind: 'redis', url: 'redis://127.0.0.1:1' });
  await redis.initialize();
  expect(await ask(redis, lineOf(1, 'echo'), [1])).toEqual(['limit_store_down']);
  expect(redis.stderr()).toContain('limit-store-redis');
  await redis.end();
});
