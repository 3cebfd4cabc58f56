// Runs the official conformance suite against one URL and reads what came of it. Knows neither the guard nor the server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTools } from '../fixtures/peers/npx-tools.mjs';

export const SUITE = '@modelcontextprotocol/conformance@0.2.0-alpha.12';

/** The suite and a Node that it runs on (≥ 22). Rejects where the registry cannot be reached. */
export async function findSuite() {
  const [node, script] = await findTools(SUITE, ['conformance'], 120_000);
  return { node, script };
}

async function readChecks(directory) {
  const scenarios = new Map();
  for (const entry of (await readdir(directory)).sort()) {
    const name = entry.replace(/^server-/, '').replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, '');
    const checks = JSON.parse(await readFile(join(directory, entry, 'checks.json'), 'utf8'));
    scenarios.set(
      name,
      checks.map((check) => ({ id: check.id, status: check.status, error: check.errorMessage ?? '' })),
    );
  }
  return scenarios;
}

/** Names of the scenarios that the suite runs and reports, but that no server has to pass. */
function notScored(summary) {
  const list = summary.split('\nNot scored for ')[1] ?? '';
  return new Set([...list.matchAll(/^ {2}\S (\S+) \(/gm)].map((match) => match[1]));
}

/** Runs every scenario that `revision` asks of a server. Resolves to `{ exitCode, scenarios, notScored }`. */
export async function runSuite({ node, script }, url, revision, directory) {
  const args = [script, 'server', '--url', url, '--requirements', revision, '-o', directory];
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'ignore'], timeout: 120_000 });
  let summary = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    summary += text;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, scenarios: await readChecks(directory), notScored: notScored(summary) };
}
