// Clients that are programs of their own: the Inspector's command line and mcp-cli, as somebody would run them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findTools } from '../fixtures/peers/npx-tools.mjs';
import { runProgram } from './command-lines.ts';
import { dualEra } from './peers.ts';
import { skipLoudly } from './skipping.ts';
import { expectTransparent, type Launch } from './stage.ts';

const mcpCli = fileURLToPath(new URL('../../node_modules/@wong2/mcp-cli/src/cli.js', import.meta.url));

async function useMcpCli(launch: Launch) {
  const { command, args, env, directory } = launch;
  const config = join(directory, 'mcp.json');
  writeFileSync(config, JSON.stringify({ mcpServers: { own: { command, args, env } } }), { mode: 0o600 });
  const run = (...rest: string[]) => runProgram(process.execPath, [mcpCli, '--config', config, ...rest], env, 20_000);
  return [
    await run('call-tool', 'own:test_elicitation', '--args', '{"message":"hé😀"}'),
    await run('get-prompt', 'own:test_prompt_with_arguments', '--args', '{"arg1":"hé😀","arg2":"\\u2028"}'),
  ];
}

test.concurrent('mcp-cli: prints the same, same bytes', async () => {
  const { outcome } = await expectTransparent(dualEra, useMcpCli);
  expect(outcome.map(({ code }) => code)).toEqual([0, 0]);
  expect(outcome[1]?.stdout).toContain('hé😀');
});

const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0';

test.concurrent('Inspector, both eras: prints the same, same bytes', { timeout: 180_000 }, async ({ skip }) => {
  const found = await findTools(INSPECTOR, ['mcp-inspector'], 120_000).catch((error: Error) => error);
  if (found instanceof Error) return skipLoudly(skip, `${INSPECTOR} cannot be had: ${found.message}`);
  const [node = '', inspector = ''] = found;
  const useInspector = async ({ command, args, env, directory }: Launch) => {
    // The Inspector hands few variables on: these must arrive all the same.
    const passed = ['E2E_RUN', 'MCP_GUARD_STATE_DIR'].flatMap((name) => ['-e', `${name}=${env[name]}`]);
    const run = (era: string, method: string, ...rest: string[]) => {
      // The target stands among the options, and a `--` in it does not survive: the guard works without.
      const target = ['--cli', command, ...args, ...passed, '--protocol-era', era, '--method', method, ...rest];
      return runProgram(node, [inspector, ...target], { ...env, HOME: directory }, 30_000);
    };
    const tool = ['--tool-name', 'test_simple_text'];
    return [
      await run('modern', 'tools/call', ...tool),
      await run('auto', 'tools/list'),
      // A load test prints latencies: only its verdict can be compared.
      await run('legacy', 'tools/call', ...tool, '--load', '--load-requests', '200').then(({ code }) => code),
    ];
  };
  const { outcome } = await expectTransparent(dualEra, useInspector);
  expect(outcome.map((printed) => (typeof printed === 'number' ? printed : printed?.code))).toEqual([0, 0, 0]);
});
