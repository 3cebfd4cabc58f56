// A token planted at each tenant: seen where it belongs, an alarm or an end where it shows up at another.
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RawClient } from './client-raw.ts';
import type { Yard } from './guarded.ts';
import { skipLoudly } from './skipping.ts';
import { connect, isolationOf, lacks, lookAround, openYard, ownUserOf, writeConfig } from './tenant-stage.ts';
import { readTrail } from './trail.ts';
import { eachInYard } from './yards.ts';

let yard: Yard;
eachInYard((opened) => {
  yard = opened;
}, openYard);

const alarms = (tenant: string) =>
  readTrail(join(yard.state, tenant))
    .flatMap(({ records }) => records)
    .map(({ h }) => h as { readonly detail?: { readonly stage?: string; readonly where?: string } }) // members of events
    .flatMap(({ detail }) => (detail?.stage === 'canary' ? [detail.where] : []));

/** Of the guard: what its server says may be of any process of the machine. */
const ownWords = (client: RawClient): string =>
  client
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('mcp-guard:'))
    .join('\n');

test('an alarm where a token of one tenant shows up at the other; its own is none', async () => {
  const config = writeConfig(yard, { acme: { canary: true }, globex: { canary: true }, initech: { canary: 'stop' } });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  const { env, around } = await lookAround(acme, 1);
  const token = env.TENANT_CANARY ?? '';
  expect(token).toMatch(/^canary-[0-9a-f]{16}-[0-9a-f]{32}$/);
  // planted where a server that reads too much comes by
  const planted = (around as [string, string][]).filter(([, text]) => text === `${token}\n`).map(([path]) => path); // the fixture's own answer
  const home = join(`${yard.state}-homes`, 'acme', 'home');
  expect(planted.sort()).toEqual([
    join(home, '.config', 'canary.txt'),
    join(home, 'canary.txt'),
    join(home, 'tmp', 'canary.txt'),
  ]);
  expect(await acme.end()).toBe(0);
  expect([acme.stderr().includes('of another tenant'), alarms('acme')]).toEqual([false, []]);

  const globex = connect(yard, config, 'globex');
  await globex.initialize();
  const own = (await lookAround(globex, 1)).env.TENANT_CANARY ?? '';
  expect(own).not.toBe(token);
  expect(alarms('globex')).toEqual([]);
  await lookAround(globex, 2, 'look', Buffer.from(`x${token}`).toString('base64'));
  expect(await globex.end()).toBe(0);
  expect(globex.stderr()).toContain('of another tenant stands in what the client sends');
  expect(ownWords(globex)).not.toContain('acme');
  expect(alarms('globex')).toEqual(expect.arrayContaining(['the client sends']));

  // one that is to end for it: the server gets nothing of it, and the client no answer
  const initech = connect(yard, config, 'initech');
  await initech.initialize();
  initech.write(
    `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"look","arguments":{"text":"${token}"}}}\n`,
  );
  expect(await initech.exited).toEqual([77, null]);
  expect(initech.lines.some((line) => line.includes('"id":7') && line.includes('result'))).toBe(false);
  expect(alarms('initech')).toEqual(['the client sends']);
  const history = yard.command('tenant', 'history', 'initech', '--config', config).stdout;
  expect(history).toMatch(
    / CANARY +[0-9a-f]{12} of another tenant, in what the client sends; held back: `tools\/call`;/,
  );
  expect(history).not.toMatch(/acme|globex|canary-/);
  expect(yard.command('audit', 'verify').status).toBe(0);
});

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const LEVELS = {
  L1: (uid: number) => ({ required: 'L1', uid }),
  L2: (uid: number) => ({ required: 'L2', ...ownUserOf(uid), readable: [fixtures] }),
  L3: (uid: number) => ({ required: 'L3', ...ownUserOf(uid), readable: [fixtures], network: ['api.example.com'] }),
} as const;

describe.each(['one server', 'a gateway'])('behind %s', (behind) => {
  const flags = behind === 'one server' ? ['--server', 'srv'] : [];
  const tool = behind === 'one server' ? 'look' : 'srv__look';

  test.for(behind === 'one server' ? (['L1', 'L2', 'L3'] as const) : (['L2'] as const))(
    'they are planted, found and stopped for at %s',
    async (level, { skip }) => {
      const why = lacks(level);
      if (why !== undefined) skipLoudly(skip, why);
      const config = writeConfig(yard, {
        acme: { canary: true, isolation: LEVELS[level](7001) },
        globex: { canary: 'stop', isolation: LEVELS[level](7002) },
      });
      const acme = connect(yard, config, 'acme', {}, flags);
      await acme.initialize();
      const { env, around } = await lookAround(acme, 1, tool);
      const token = env.TENANT_CANARY ?? '';
      const planted = (around as [string, string][]).filter(([, text]) => text === `${token}\n`); // the fixture's own answer
      expect(planted).toHaveLength(3);
      expect(await acme.end()).toBe(0);
      expect([acme.stderr().includes('of another tenant'), alarms('acme')]).toEqual([false, []]);
      expect(isolationOf(yard, 'acme')).toEqual([level]);

      const globex = connect(yard, config, 'globex', {}, flags);
      await globex.initialize();
      expect(JSON.stringify(await lookAround(globex, 1, tool))).not.toContain(token);
      globex.write(
        `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"${tool}","arguments":{"text":"${token}"}}}\n`,
      );
      expect(await globex.exited).toEqual([77, null]);
      expect(globex.lines.some((line) => line.includes('"id":7') && line.includes('result'))).toBe(false);
      expect(alarms('globex')).toEqual(['the client sends']);
      expect(ownWords(globex)).not.toContain('acme');
    },
  );
});

test.each([
  ['one server', ['--server', 'srv'], 'look'],
  ['a gateway', [], 'srv__look'],
])('what a server of another tenant says is stopped, too: behind %s', async (_, flags, tool) => {
  const config = writeConfig(yard, { acme: { canary: true }, globex: { canary: 'stop' } });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  const { env } = await lookAround(acme, 1);
  // without a barrier between them: a file that both can read
  fs.writeFileSync(join(yard.home, 'shared'), env.TENANT_CANARY ?? '');
  const globex = connect(yard, config, 'globex', {}, flags);
  await globex.initialize();
  const home = join(`${yard.state}-homes`, 'globex', 'home');
  fs.symlinkSync(join(yard.home, 'shared'), join(home, 'found'));
  fs.copyFileSync(join(yard.home, 'shared'), join(home, 'copied'));
  globex.write(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"${tool}","arguments":{"text":""}}}\n`);
  expect(await globex.exited).toEqual([77, null]);
  expect(env.TENANT_CANARY).toMatch(/^canary-/);
  expect(globex.lines.some((line) => line.includes(env.TENANT_CANARY ?? ''))).toBe(false);
  expect(globex.stderr()).not.toContain(env.TENANT_CANARY);
  // which of its ways is seen first is the machine's to say
  expect(alarms('globex').length).toBeGreaterThan(0);
  for (const way of alarms('globex')) expect(way).toMatch(/^(a server |is sent to the client$)/);
  expect(await acme.end()).toBe(0);
});

test('an answer that is held back is on record as withheld', async () => {
  const reader = `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) return;
    const greeting = { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'r', version: '1' } };
    const text = () => require('node:fs').readFileSync(params.arguments.path, 'utf8');
    const result = method === 'tools/call' ? { content: [{ type: 'text', text: text() }] } : greeting;
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });`;
  const blocks = { acme: { canary: true }, globex: { canary: 'stop' } };
  const script = join(yard.home, 'reader.cjs');
  fs.writeFileSync(script, reader);
  const config = writeConfig(yard, blocks, { args: [script] });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  expect(await acme.end()).toBe(0);
  const foreign = join(`${yard.state}-homes`, 'acme', 'home', 'canary.txt');
  const harmless = join(yard.home, 'harmless');
  fs.writeFileSync(harmless, 'nothing');
  for (const flags of [['--server', 'srv'], []]) {
    const globex = connect(yard, config, 'globex', {}, flags);
    await globex.initialize();
    const call = (id: number, path: string) =>
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${flags.length > 0 ? '' : 'srv__'}read","arguments":{"path":"${path}"}}}\n`;
    globex.write(call(6, harmless));
    globex.write(call(7, foreign));
    expect(await globex.exited).toEqual([77, null]);
    const [answer, ...more] = globex.lines.filter((line) => line.includes('"id":7'));
    expect([JSON.parse(answer ?? '{}').result.content[0].text, more]).toEqual([
      expect.stringMatching(/This request ran.*withheld/),
      [],
    ]);
    expect(answer).not.toContain('canary-');
    const tail = yard.command('audit', 'tail', '--tenant', 'globex', '-n', '2', '--json').stdout.trimEnd().split('\n');
    expect(tail.map((line) => JSON.parse(line))).toMatchObject([
      { state: 'ok' },
      { state: 'withheld', withheld: { rule: 'canary', reason: 'canary_found' } },
    ]);
  }
  expect(yard.command('audit', 'verify').status).toBe(0);
});

test.each([
  ['one server', ['--server', 'srv'], 'read'],
  ['a gateway', [], 'srv__read'],
])('what a server writes to stderr is not shown where it ends the session: %s', async (_, flags, tool) => {
  const script = join(yard.home, 'writer.cjs');
  fs.writeFileSync(
    script,
    `require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) return;
    const greeting = { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'w', version: '1' } };
    if (method === 'tools/call') console.error('it is ' + require('node:fs').readFileSync(params.arguments.path, 'utf8'));
    else console.log(JSON.stringify({ jsonrpc: '2.0', id, result: greeting }));
  });`,
  );
  const config = writeConfig(yard, { acme: { canary: true }, globex: { canary: 'stop' } }, { args: [script] });
  const acme = connect(yard, config, 'acme');
  await acme.initialize();
  expect(await acme.end()).toBe(0);
  const foreign = join(`${yard.state}-homes`, 'acme', 'home', 'canary.txt');
  const token = fs.readFileSync(foreign, 'utf8').trim();
  const globex = connect(yard, config, 'globex', {}, flags);
  await globex.initialize();
  const params = JSON.stringify({ name: tool, arguments: { path: foreign } });
  globex.write(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":${params}}\n`);
  expect(await globex.exited).toEqual([77, null]);
  await globex.end();
  expect(globex.stderr()).toContain('of another tenant stands in what a server writes to stderr');
  expect([token.startsWith('canary-'), globex.stderr().includes(token)]).toEqual([true, false]);
});

test('nothing is planted or looked at where the block does not say so', async () => {
  const config = writeConfig(yard, { acme: { canary: false }, globex: {} });
  for (const tenant of ['acme', 'globex']) {
    const client = connect(yard, config, tenant);
    await client.initialize();
    expect((await lookAround(client, 1)).env.TENANT_CANARY).toBeUndefined();
    expect(await client.end()).toBe(0);
  }
  expect(fs.existsSync(join(yard.state, 'canaries'))).toBe(false);
});
