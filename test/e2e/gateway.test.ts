// Several servers behind one guard, as processes: what a client sees, and that what one of them does is no business of the others.
import { describe, expect, it } from 'vitest';
import { playV1 } from './client-v1.ts';
import { playV2 } from './client-v2.ts';
import { entryOf, gatewayLaunch, messagesOf, serverProcess, startGateway } from './gateway-stage.ts';
import { eventually, Yard } from './guarded.ts';
import { dualEra, everything, filesystem, memory } from './peers.ts';

/** A directory of its own, and nothing alive afterwards. */
const inYard = (play: (yard: Yard, echo: (more?: object) => object) => Promise<void>) => async () => {
  const yard = new Yard();
  let left: readonly string[] = [];
  try {
    await play(yard, (more = {}) => entryOf(Yard.server('echo'), yard.home, more));
  } finally {
    left = await yard.close();
  }
  expect(left).toEqual([]);
};
const textOf = (line: string) => JSON.parse(line).result?.content?.[0]?.text as string | undefined;
const isChange = (line: string) => line.includes('notifications/tools/list_changed');

describe('real servers and SDK clients', () => {
  it.concurrent(
    'are one server to a client of SDK v1',
    inYard(async (yard) => {
      const servers = {
        everything: entryOf(everything, yard.home),
        files: entryOf(filesystem, yard.home),
        memory: entryOf(memory, yard.home, { prefix: 'm', separator: '_' }),
      };
      const launch = gatewayLaunch(yard, servers);
      const outcome = new Map(
        await playV1(launch, async ({ client, step, call, rootsAsked }) => {
          await step('tools', async () => (await client.listTools()).tools.map(({ name }) => name));
          await step('prompts', async () => (await client.listPrompts()).prompts.map(({ name }) => name));
          await step('templates', async () =>
            (await client.listResourceTemplates()).resourceTemplates.map(({ name }) => name),
          );
          await call('everything__echo', { message: 'one' });
          await call('m_read_graph');
          await call('files__list_allowed_directories');
          await step('prompt', () => client.getPrompt({ name: 'everything__simple-prompt' }));
          await step('read', () => client.readResource({ uri: 'demo://resource/dynamic/text/7' }));
          await step('complete', () =>
            client.complete({
              ref: { type: 'ref/prompt', name: 'everything__completable-prompt' },
              argument: { name: 'department', value: 'E' },
            }),
          );
          await step('level', () => client.setLoggingLevel('error'));
          await call('everything__trigger-sampling-request', { prompt: 'x', maxTokens: 5 });
          await call('nobody');
          await rootsAsked;
        }),
      );
      const tools = outcome.get('tools') as string[];
      expect(tools.slice(0, 2)).toEqual(['everything__echo', 'everything__get-annotated-message']);
      expect(tools).toEqual(
        expect.arrayContaining(['files__read_text_file', 'm_read_graph', 'everything__trigger-sampling-request']),
      );
      expect(outcome.get('everything__echo')).toEqual({ content: [{ type: 'text', text: 'Echo: one' }] });
      expect(outcome.get('m_read_graph')).toMatchObject({ structuredContent: { entities: [] } });
      expect(outcome.get('files__list_allowed_directories')).toMatchObject({
        content: [{ text: expect.stringContaining(yard.home) }],
      });
      expect(outcome.get('prompt')).toMatchObject({ messages: expect.any(Array) });
      expect(outcome.get('read')).toMatchObject({ contents: [{ uri: 'demo://resource/dynamic/text/7' }] });
      expect(outcome.get('complete')).toMatchObject({ completion: { values: ['Engineering'] } });
      expect(outcome.get('everything__trigger-sampling-request')).toMatchObject({
        content: [{ text: expect.stringContaining('sampled') }],
      });
      expect(outcome.get('nobody')).toMatchObject({ thrown: { code: -32602 } });
      const [info, capabilities, instructions] = outcome.get('server') as [object, object, string];
      expect(info).toMatchObject({ name: 'mcp-guard' });
      expect(capabilities).toMatchObject({
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { subscribe: true },
      });
      expect(instructions).toMatch(/^## everything\n/);
    }),
  );

  it.concurrent.each(['legacy', 'auto', 'pin'] as const)('are one server to a client of SDK v2, %s', (mode) =>
    inYard(async (yard) => {
      const servers = { one: entryOf(dualEra, yard.home), two: entryOf(dualEra, yard.home, { prefix: '' }) };
      const launch = gatewayLaunch(yard, servers);
      const outcome = new Map(
        await playV2(launch, mode, async ({ client, step, call, toolsChanged }) => {
          await step('tools', async () => (await client.listTools()).tools.map(({ name }) => name));
          await call('one__test_simple_text');
          await call('test_simple_text');
          await call('one__test_input_required_result_elicitation');
          await call('test_tool_with_progress');
          await step('read', () => client.readResource({ uri: 'test://template/7/data' }));
          const changed = toolsChanged();
          await call('one__test_trigger_tool_change');
          await changed;
        }),
      );
      const tools = outcome.get('tools') as string[];
      expect(tools).toEqual(expect.arrayContaining(['one__test_simple_text', 'test_simple_text']));
      expect(outcome.get('one__test_simple_text')).toEqual(outcome.get('test_simple_text'));
      expect(outcome.get('test_simple_text')).toMatchObject({ content: [{ type: 'text' }] });
      expect(outcome.get('one__test_input_required_result_elicitation')).toMatchObject({
        content: [{ text: expect.stringContaining('Ada') }],
      });
      expect(outcome.get('read')).toMatchObject({ contents: [{ uri: 'test://template/7/data' }] });
      expect((outcome.get('server') as string[])[1]).toBe(mode === 'legacy' ? '2025-11-25' : '2026-07-28');
    })(),
  );
});

describe('which servers', () => {
  it.concurrent(
    '`--servers` takes some, in the order of the config; one that is not there is named',
    inYard(async (yard, echo) => {
      const servers = { a: echo(), b: echo(), c: echo() };
      const client = startGateway(yard, servers, ['--servers', 'c,a']);
      await client.initialize();
      const names = JSON.parse(await client.request(1, 'tools/list', '{}')).result.tools.map(
        ({ name }: { name: string }) => name,
      );
      expect(names).toEqual(['a__echo', 'c__echo']);
      await client.end();
      const wrong = startGateway(yard, servers, ['--servers', 'aa']);
      expect(await wrong.end()).toBe(64);
      expect(wrong.stderr()).toContain('there is no server `aa`');
    }),
  );

  it.concurrent(
    'two servers with one prefix are an error that names both, before anything is started',
    inYard(async (yard, echo) => {
      const client = startGateway(yard, { a: echo({ prefix: 'p' }), b: echo({ prefix: 'p' }) });
      expect(await client.end()).toBe(78);
      expect(client.stderr()).toMatch(/servers\.b\.prefix.*`a` has the same prefix/s);
    }),
  );

  it.concurrent(
    'a server that cannot be started is missing, and the others are there',
    inYard(async (yard, echo) => {
      const client = startGateway(yard, { a: { command: 'no-such-program-at-all' }, b: echo() });
      await client.initialize();
      const answer = JSON.parse(await client.request(1, 'tools/list', '{}'));
      expect(answer.result.tools).toMatchObject([{ name: 'b__echo' }]);
      const refused = JSON.parse(await client.request(2, 'tools/call', '{"name":"a__x","arguments":{}}'));
      expect(refused).toMatchObject({
        result: { isError: true, content: [{ text: expect.stringContaining('`a` is not running') }] },
      });
      expect(await client.end()).toBe(0);
    }),
  );

  it.concurrent(
    'where none can be started the first request says so',
    inYard(async (yard) => {
      const client = startGateway(yard, { a: { command: 'no-such-program-at-all' } });
      const answer = JSON.parse(
        await client.request(1, 'initialize', '{"protocolVersion":"2025-11-25","capabilities":{}}'),
      );
      expect(answer.error.message).toContain('`a`');
      await client.end();
    }),
  );

  it.concurrent(
    'answers what was asked before the end of the input',
    inYard(async (yard, echo) => {
      const client = startGateway(yard, { a: echo(), b: echo() });
      const lines = [
        '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}',
        '{"jsonrpc":"2.0","method":"notifications/initialized"}',
        '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"b__echo","arguments":{"n":1}}}',
      ];
      expect(await client.end(`${lines.join('\n')}\n`)).toBe(0);
      expect(
        messagesOf(client)
          .map(({ id }) => id)
          .sort(),
      ).toEqual([0, 1, 2]);
    }),
  );
});

describe('a server that', () => {
  it.concurrent(
    'is killed is missing until it is back; its call is answered, the other server’s calls go on',
    inYard(async (yard, echo) => {
      // Back later than its going is told: changes of half a second are one.
      const restart = { maxExits: 100, firstDelayMs: 1500, maxDelayMs: 1500 };
      const client = startGateway(yard, {
        a: echo({ restart }),
        b: entryOf(Yard.server('never-answers'), yard.home),
        c: echo(),
      });
      await client.initialize();
      await client.request(1, 'tools/list', '{}');
      const pid = serverProcess(client, 'echo.mjs')?.pid ?? 0;
      process.kill(pid, 'SIGKILL');
      await client.until(isChange);
      for (let n = 0; n < 5; n += 1)
        expect(textOf(await client.request(`c${n}`, 'tools/call', `{"name":"c__echo","arguments":{"n":${n}}}`))).toBe(
          `{"n":${n}}`,
        );
      await eventually('the tools are back', () => client.lines.filter(isChange).length > 1);
      const names = JSON.parse(await client.request(2, 'tools/list', '{}')).result.tools.map(
        ({ name }: { name: string }) => name,
      );
      expect(names).toEqual(expect.arrayContaining(['a__echo', 'c__echo']));
      expect(textOf(await client.request(3, 'tools/call', '{"name":"a__echo","arguments":{"back":true}}'))).toBe(
        '{"back":true}',
      );
      await client.end();
    }),
  );

  it.concurrent(
    'is never up delays the greeting by its own time and nothing else',
    inYard(async (yard, echo) => {
      const slow = { command: process.execPath, args: ['-e', 'process.stdin.resume()'], startTimeoutMs: 400 };
      const client = startGateway(yard, { a: slow, b: echo() });
      const start = performance.now();
      await client.initialize();
      expect(performance.now() - start).toBeGreaterThan(390);
      const names = JSON.parse(await client.request(1, 'tools/list', '{}')).result.tools.map(
        ({ name }: { name: string }) => name,
      );
      expect(names).toEqual(['b__echo']);
      await client.end();
      expect(client.stderr()).toContain('`a` is not up after 400 ms');
    }),
  );

  it.concurrent(
    'is started on demand and stopped when idle comes back by itself',
    inYard(async (yard, echo) => {
      const client = startGateway(yard, {
        a: echo(),
        b: entryOf(Yard.server('breaker-server', yard.home), yard.home, { start: 'on-demand', idleStopMs: 1500 }),
      });
      await client.initialize();
      expect(serverProcess(client, 'breaker-server.mjs')).toBeUndefined();
      const first = JSON.parse(await client.request(1, 'tools/list', '{}')).result.tools.length;
      // more than the one of `a`; a look at the processes may come too late
      expect(first).toBeGreaterThan(1);
      await eventually('it is stopped', () => serverProcess(client, 'breaker-server.mjs') === undefined);
      expect(JSON.parse(await client.request(2, 'tools/list', '{}')).result.tools).toHaveLength(first);
      expect(serverProcess(client, 'breaker-server.mjs')).toBeUndefined();
      const answer = await client.request(3, 'tools/call', '{"name":"b__healthy-1","arguments":{}}');
      expect(JSON.parse(answer)).toMatchObject({ id: 3, result: { content: [{ text: 'done' }] } });
      await client.end();
    }),
  );

  it.concurrent(
    'keeps its own scope, record and names, whatever the prefix',
    inYard(async (yard, echo) => {
      const client = startGateway(yard, { a: echo({ prefix: 'p' }), b: echo() });
      await client.initialize();
      await client.request(1, 'tools/call', '{"name":"p__echo","arguments":{}}');
      await client.request(2, 'tools/call', '{"name":"echo","arguments":{}}');
      await client.end();
      const lines = yard
        .command('audit', 'tail', '--json')
        .stdout.trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines).toMatchObject([
        { server: 'a', tool: 'echo' },
        { server: '(none)', tool: 'echo', decision: 'deny' },
      ]);
      expect(yard.command('audit', 'verify').status).toBe(0);
    }),
  );
});
