// One server is one subject, however it is reached: what a guard of its own sees fail or counts, the one behind a gateway refuses, and the
// other way round, whatever the prefix. And what a client reads names the tool as the client called it. With the built guard.
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sealPauses } from '../../src/adapters/pause-seal.ts';
import { openGateway } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { LockStage, type Session } from './lock-stage.ts';
import { packaged } from './reload-stage.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
});

const textOf = async ({ client }: Session, name: string, args: object = {}): Promise<string> => {
  const answer = JSON.parse(
    await client.request(`t${client.lines.length}`, 'tools/call', JSON.stringify({ name, arguments: args })),
  );
  return answer.error?.message ?? answer.result.content[0].text;
};

it('breaker and limits of a server are the same behind its own entry and behind a gateway', async () => {
  const file = join(yard.home, 'mode');
  writeFileSync(file, 'fail');
  const [command = '', ...args] = Yard.server('told-by-file', file);
  const [echo = '', ...echoArgs] = Yard.server('echo');
  const stage = new LockStage(yard, {
    version: 1,
    servers: {
      srv: {
        command,
        args,
        prefix: 'p',
        separator: '_',
        passEnv: ['GUARD_TEST_YARD'],
        breaker: { minimum: 4, samples: 4 },
      },
      other: {
        ...{ command: echo, args: echoArgs, prefix: '', passEnv: ['GUARD_TEST_YARD'] },
        limits: [{ key: ['server'], budget: { calls: 3, per: 'day', timeZone: 'UTC' } }],
      },
    },
  });
  const alone = await stage.open();
  const many = await openGateway(stage);
  try {
    for (let n = 0; n < 4; n += 1) await alone.call('tool', { text: 'alone' });
    expect(await alone.call('tool', { text: 'alone' })).toBe('breaker_open');
    // a guard looks at what others wrote every 200 ms: at most one call goes out before, too few to open it by themselves
    await expect.poll(() => many.call('p_tool', { text: 'many' }), { interval: 300 }).toBe('breaker_open');
    // each in the words of its client, the record in the server's
    expect(await textOf(alone, 'tool', { text: 'alone' })).toContain('the tool `tool` of `srv`');
    expect(await textOf(many, 'p_tool', { text: 'many' })).toContain('the tool `p_tool` of `srv`');
    expect(yard.command('audit', 'tail', '--json').stdout).not.toContain('p_tool');

    for (let n = 0; n < 2; n += 1) expect(await many.call('echo', { n })).toBe('answered');
    const own = await openGateway(stage, ['--servers', 'other']);
    expect(await own.call('echo', { n: 3 })).toBe('answered');
    expect(await own.call('echo', { n: 4 })).toBe('budget_spent');
    await own.client.end();
    expect(await many.call('echo', { n: 5 })).toBe('budget_spent');
  } finally {
    await Promise.all([alone.client.end(), many.client.end()]);
  }
});

it('a refusal of a scope names what was called, behind a prefix', async () => {
  const stage = new LockStage(yard, {
    version: 1,
    servers: {
      srv: { command: process.execPath, args: [packaged('server-everything')], scope: 'one' },
    },
    scopes: {
      one: { grants: [{ tool: 'echo', args: { '/message': { equals: 'x' } } }, { prompt: 'simple-prompt' }] },
    },
  });
  const session = await openGateway(stage);
  const { client } = session;
  try {
    expect(await session.call('srv__get-env')).toBe('Unknown tool: srv__get-env');
    expect(await textOf(session, 'srv__echo', { message: 'y' })).toContain('this call of `srv__echo`');
    const prompt = await client.request('p', 'prompts/get', '{"name":"srv__args-prompt"}');
    expect(prompt).toContain('Unknown prompt: srv__args-prompt');
  } finally {
    await client.end();
  }
});

it('break-glass of one server holds behind a gateway for that one alone, and the client hears of it', async () => {
  const [command = '', ...args] = Yard.server('echo');
  const one = { command, args, scope: 'one', passEnv: ['GUARD_TEST_YARD'] };
  const stage = new LockStage(yard, {
    version: 1,
    servers: { srv: one, other: one },
    scopes: { one: { grants: [{ tool: 'none' }] } },
  });
  const session = await openGateway(stage);
  const { client } = session;
  try {
    for (const name of ['srv__echo', 'other__echo']) expect(await session.call(name)).toBe(`Unknown tool: ${name}`);
    const sinceMs = Date.now();
    const whose = { config: realpathSync(stage.config), server: 'srv', actor: 'ada', reason: 'the release waits' };
    const pauses = [{ ...whose, sinceMs, untilMs: sinceMs + 60_000 }];
    const text = JSON.stringify(sealPauses(yard.state, 'default', { version: 1, pauses }));
    writeFileSync(join(yard.state, 'default', 'pauses.json'), text, { mode: 0o600 });
    await expect.poll(() => session.call('srv__echo'), { interval: 50 }).toBe('answered');
    expect(await session.call('other__echo')).toBe('Unknown tool: other__echo');
    const told = client.lines.filter((line) => line.includes('notifications/message') && line.includes('PAUSED'));
    expect(told).toEqual([expect.stringContaining('`srv` is PAUSED until')]);
    expect(yard.command('status').stdout).toMatch(/srv .*\n +PAUSED until [^\n]*\n(?!.*PAUSED)/);
  } finally {
    await client.end();
  }
});
