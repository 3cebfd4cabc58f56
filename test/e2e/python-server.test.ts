// A server on the official Python SDK, where pip can reach it: another runtime, other bytes, same outcome.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { playV1 } from './client-v1.ts';
import { playV2 } from './client-v2.ts';
import { runProgram } from './command-lines.ts';
import { mustRun, OWN_ENVIRONMENT } from './must-run.ts';
import { skipLoudly } from './skipping.ts';
import { expectTransparent, type Peer } from './stage.ts';
import { countSeen } from './transcript.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const SDK = 'mcp==2.3.0';
/** Kept from run to run; `npm ci` clears it. */
const home = here('../../node_modules/.cache/mcp-guard/python-2.3.0');
const python = `${home}/bin/python`;

/** Makes the environment where it is missing. Rejects with the reason where that cannot be done within 90 s. */
async function preparePython(): Promise<void> {
  const works =
    existsSync(python) && (await runProgram(python, ['-c', 'import mcp.server'], OWN_ENVIRONMENT, 20_000)).code === 0;
  if (works) return;
  await mustRun('python3', ['-m', 'venv', '--clear', home], 30_000);
  await mustRun(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', SDK], 60_000);
}

const server: Peer = { command: () => [python, here('../fixtures/peers/python-server.py')] };

test('Python SDK with v1 and v2 clients: same outcome, same bytes', { timeout: 150_000 }, async ({ skip }) => {
  const problem = await preparePython().then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (problem !== undefined) return skipLoudly(skip, `the Python SDK cannot be had: ${problem}`);

  const { outcome, transcripts } = await expectTransparent(server, (launch) =>
    playV1(launch, async ({ call, client, step }) => {
      await step('tools/list', () => client.listTools());
      await call('add', { a: 1, b: 2.5 });
      await call('add', { a: 'no number' });
      await call('refuse');
      await call('greet');
      await call('work', {}, { onprogress: () => {} });
      await step('resources/read', () => client.readResource({ uri: 'test://one' }));
    }),
  );
  expect(new Map(outcome).get('greet')).toMatchObject({ content: [{ text: 'accept: Ada' }] });
  expect(countSeen(transcripts, 'notifications/progress')).toBe(3);

  const modern = await expectTransparent(server, (launch) =>
    playV2(launch, 'auto', async ({ call, client, step }) => {
      await step('tools/list', () => client.listTools());
      await call('add', { a: 1, b: 2.5 });
      await call('refuse');
    }),
  );
  expect(new Map(modern.outcome).get('add')).toMatchObject({ structuredContent: { result: 3.5 } });
});
