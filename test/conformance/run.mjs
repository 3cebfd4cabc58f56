// `npm run conformance`: the official suite, direct, through the guard, and through a gateway of one server without a prefix, both
// eras; every scenario must come out the same. `--only guarded` or `--only gateway` leaves the other out.
// CONFORMANCE_WRAP (a JSON array) replaces the guard by another middleman, so that this runner can be judged without it.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { awaitNone } from '../fixtures/peers/leftovers.mjs';
import { findSuite, runSuite, SUITE } from './suite.mjs';
import { judge } from './verdict.mjs';

const REVISIONS = ['2025-11-25', '2026-07-28'];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const say = (line) => process.stdout.write(`${line}\n`);

const server = [process.execPath, here('server.mjs')];
const guard = [process.execPath, here('../../bin/mcp-guard.js'), 'run', '--'];
const marker = randomUUID();
const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
const wrap = process.env.CONFORMANCE_WRAP ? JSON.parse(process.env.CONFORMANCE_WRAP) : guard;

/** Starts the HTTP front over `command`; `end` resolves when it and its servers have gone. */
async function openFront(command, state) {
  const env = { ...process.env, MCP_GUARD_STATE_DIR: state, CONFORMANCE_RUN: marker };
  const front = spawn(process.execPath, [here('http-front.mjs'), '--', ...command], {
    stdio: ['pipe', 'pipe', process.env.CONFORMANCE_DEBUG ? 'inherit' : 'ignore'],
    env,
  });
  const gone = once(front, 'exit');
  const lines = createInterface({ input: front.stdout });
  const [url] = await Promise.race([once(lines, 'line'), gone.then(() => [undefined])]);
  if (url === undefined) throw new Error('the HTTP front did not start');
  const end = async () => {
    front.stdin.end();
    const force = setTimeout(() => front.kill('SIGKILL'), 10_000);
    const [code] = await gone;
    clearTimeout(force);
    if (code !== 0) throw new Error(`the HTTP front ended with ${code}: a server had to be killed`);
    const alive = await awaitNone(`CONFORMANCE_RUN=${marker}`, 5000);
    if (alive.length > 0) throw new Error(`left alive: ${alive.join('; ')}`);
  };
  return { url, end };
}

async function runAll(suite, command, scratch, name) {
  const runs = new Map();
  const front = await openFront(command, join(scratch, 'state'));
  try {
    for (const revision of REVISIONS) {
      runs.set(revision, await runSuite(suite, front.url, revision, join(scratch, `${name}-${revision}`)));
    }
  } finally {
    await front.end();
  }
  return runs;
}

/**
 * The command of a gateway whose one server is the suite's. It is granted everything, and the config is locked: the
 * gateway has then nothing to say of itself, which the front could not tell from what the server says of a request.
 */
async function gatewayCommand(scratch) {
  const config = join(scratch, 'gateway.json');
  const [command, ...args] = server;
  // Pins answer for tools that were never listed: here only the gateway is judged.
  const one = { command, args, prefix: '', pins: 'off', passEnv: ['CONFORMANCE_RUN'], scope: 'all' };
  const asked = ['sampling/createMessage', 'elicitation/create', 'roots/list'].map((request) => ({ request }));
  const all = { grants: [{ tool: '*' }, { resource: '**' }, { prompt: '*' }, ...asked] };
  const body = { version: 1, servers: { conformance: one }, scopes: { all } };
  await writeFile(config, JSON.stringify(body), { mode: 0o600 });
  const env = { ...process.env, MCP_GUARD_STATE_DIR: join(scratch, 'state') };
  const gateway = [...guard.slice(0, 2), 'run', '--config', config];
  const [code] = await once(spawn(gateway[0], gateway.slice(1), { stdio: 'ignore', env }), 'exit'); // Its first use locks the config.
  if (code !== 0) throw new Error(`the first start of the gateway ended with ${code}`);
  return gateway;
}

async function main() {
  const scratch = await mkdtemp(join(tmpdir(), 'mcp-guard-conformance-'));
  const total = { passed: 0, failed: 0 };
  try {
    const suite = await findSuite();
    say(`${SUITE}, direct and guarded`);
    const direct = await runAll(suite, server, scratch, 'direct');
    const ways = { guarded: [...wrap, ...server], gateway: await gatewayCommand(scratch) };
    for (const [way, command] of Object.entries(ways)) {
      if (only !== undefined && only !== way) continue;
      const between = await runAll(suite, command, scratch, way);
      for (const revision of REVISIONS) {
        const { passed, failed, lines } = judge(direct.get(revision), between.get(revision));
        say(`${revision}, ${way}: ${passed} passed, ${failed} failed`);
        for (const line of lines) say(`  ${line}`);
        total.passed += passed;
        total.failed += failed;
      }
    }
  } catch (error) {
    say(`the conformance suite could not be run: ${error.message}`);
    total.failed += 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  say(`conformance: ${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

await main();
