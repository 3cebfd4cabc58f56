// Three hosts at once on one config of several servers: two sessions of the Inspector's command line and an SDK client. Each has servers
// of its own, and sees no other's answers; what they share on disk stays whole.
import { expect, test } from 'vitest';
import { findTools } from '../fixtures/peers/npx-tools.mjs';
import { playV1 } from './client-v1.ts';
import { type Printed, runProgram } from './command-lines.ts';
import { entryOf, gatewayLaunch } from './gateway-stage.ts';
import { Yard } from './guarded.ts';
import { everything, memory, pages } from './peers.ts';
import { skipLoudly } from './skipping.ts';
import type { Launch } from './stage.ts';
import { readTrail } from './trail.ts';

const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0';
const REQUESTS = 60;

async function inspect(
  [node = '', inspector = '']: readonly string[],
  launch: Launch,
  tool: readonly string[],
  first: readonly string[],
) {
  const { command, args, env } = launch;
  const passed = Object.entries(env).flatMap(([name, value]) => (name === 'PATH' ? [] : ['-e', `${name}=${value}`]));
  const run = (...rest: string[]): Promise<Printed> =>
    runProgram(
      node,
      [inspector, '--cli', command, ...args, ...passed, '--protocol-era', 'legacy', ...rest],
      env,
      40_000,
    );
  return [
    await run('--method', ...first),
    await run('--method', 'tools/call', ...tool, '--load', '--load-requests', String(REQUESTS)),
  ];
}

/** Calls until the others are done. @returns the texts that came */
async function useSdk(launch: Launch, others: Promise<unknown>): Promise<Set<string>> {
  const texts = new Set<string>();
  let isDone = false;
  void others.finally(() => {
    isDone = true;
  });
  await playV1(launch, async ({ client }) => {
    const called = async (name: string, args: Record<string, unknown>) => {
      const { content } = (await client.callTool({ name, arguments: args })) as { content: { text: string }[] }; // of a server under test
      texts.add(`${name}: ${content[0]?.text}`);
    };
    while (!isDone)
      await Promise.all([
        called('everything__echo', { message: 'of the SDK' }),
        called('modern__work', { serial: 3 }),
        called('memory__search_nodes', { query: 'none' }),
      ]);
  });
  return texts;
}

test('two Inspector sessions and an SDK client', { timeout: 180_000 }, async ({ skip }) => {
  const found = await findTools(INSPECTOR, ['mcp-inspector'], 120_000).catch((error: Error) => error);
  if (found instanceof Error) return skipLoudly(skip, `${INSPECTOR} cannot be had: ${found.message}`);
  const yard = new Yard();
  const written = gatewayLaunch(yard, {
    everything: entryOf(everything, yard.home),
    memory: entryOf(memory, yard.home),
    modern: entryOf(pages('modern'), yard.home),
  });
  const [bin = '', run = '', , config = ''] = written.args;
  // The Inspector has a `--config` of its own.
  const launch = { ...written, args: [bin, run], env: { ...written.env, MCP_GUARD_CONFIG: config } };
  const worker = ['--tool-name', 'modern__work', '--tool-arg', 'serial=2'];
  const inspectors = Promise.all([
    inspect(found, launch, ['--tool-name', 'everything__echo', '--tool-arg', 'message=first'], ['tools/list']),
    inspect(found, launch, worker, ['tools/call', ...worker]),
  ]);
  const texts = await useSdk(launch, inspectors);
  const printed = await inspectors;
  for (const one of printed.flat()) expect(one, one.stderr).toMatchObject({ code: 0 });
  const [[listed], [worked]] = printed as [Printed[], Printed[]]; // as many as were asked for
  for (const name of ['everything__echo', 'memory__read_graph', 'modern__work'])
    expect(listed?.stdout).toContain(`"${name}"`);
  expect(worked?.stdout).toContain('modern worked 2');
  expect([...texts].sort()).toEqual([
    'everything__echo: Echo: of the SDK',
    expect.stringMatching(/^memory__search_nodes: .*"entities": \[\]/s),
    'modern__work: modern worked 3',
  ]);
  // Every call of all sessions is on record, each session's in segments of its own.
  const calls = readTrail(yard.state).flatMap(({ id, records }) =>
    records.flatMap(({ h }) => {
      const { type, method, server } = h as { type: string; method?: string; server?: string }; // members of intents
      return type === 'intent' && method === 'tools/call' ? [{ id, server }] : [];
    }),
  );
  const ofServer = (name: string) => calls.filter(({ server }) => server === name).length;
  expect(ofServer('everything')).toBeGreaterThan(REQUESTS);
  expect(ofServer('modern')).toBeGreaterThan(REQUESTS + 1);
  // Both loads, the one call, and the SDK's.
  expect(new Set(calls.map(({ id }) => id)).size).toBe(4);
  expect(yard.command('audit', 'verify')).toMatchObject({ status: 0 });
  expect(await yard.close()).toEqual([]);
});
