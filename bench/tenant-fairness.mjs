// `node bench/tenant-fairness.mjs [--short] [--json] [--write]`: how long a tenant's calls take beside one that is at work all the time,
// crashes all the time, has no room left, is switched off, or waits for its store. Windows with and without it alternate in one run.
import { execFileSync, fork, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, percentile } from './statistics.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const BIN = here('../bin/mcp-guard.js');
const PAGE = here('../docs/tenants.md');
const [FIRST, LAST] = ['<!-- fairness: written by bench/tenant-fairness.mjs -->', '<!-- /fairness -->'];
const has = (flag) => process.argv.includes(flag);
const WINDOWS = has('--short') ? 5 : 15;
/** A machine that does other things is measured for longer; nothing but time makes a real difference go away. */
const MOST_WINDOWS = 40;
const WINDOW_MS = has('--short') ? 250 : 1000;
/**
 * A crash loop that has gone on for a minute is started once in 10 s, the longest pause of `restart`: so in each of its windows it boots,
 * crashes, and boots again up to where it waits.
 */
const CRASH_MS = has('--short') ? 5000 : 10_000;
const LADDER = { firstDelayMs: CRASH_MS, maxDelayMs: CRASH_MS };
const windowsOf = (name) =>
  name === 'crashing'
    ? { ms: CRASH_MS, least: has('--short') ? 3 : 5, most: 8 }
    : { ms: WINDOW_MS, least: WINDOWS, most: MOST_WINDOWS };
/** What the issue says. */
const MOST = 2;

const NEIGHBOURS = {
  busy: ['calls, one after the other: a core of its own', {}],
  crashing: [
    'starts, crashes, is started again',
    { servers: { srv: { args: [here('../test/fixtures/servers/exits-with.mjs'), '1'] } } },
  ],
  full: ['calls with its `audit.quota` used up', { audit: { quota: { maxBytes: 1 << 20 } } }],
  isolated: ['calls with its breaker open', {}],
  waiting: [
    'calls while its store of limits answers nobody',
    { limits: [{ key: ['tool'], rate: '10000/s', burst: 10000 }] },
  ],
};

const home = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-fairness-'));
const config = join(home, 'config.json');
const env = {
  PATH: process.env.PATH,
  HOME: home,
  MCP_GUARD_STATE_DIR: join(home, 'state'),
  FAIR_BIN: BIN,
  FAIR_CONFIG: config,
};
const children = new Set();

function writeConfig() {
  const tenants = {
    quiet: {},
    ...Object.fromEntries(Object.entries(NEIGHBOURS).map(([name, [, block]]) => [name, block])),
  };
  const servers = {
    srv: { command: process.execPath, args: [here('../test/fixtures/servers/echo.mjs')], restart: LADDER },
  };
  fs.writeFileSync(config, JSON.stringify({ version: 1, servers, tenants }), { mode: 0o600 });
}

/** The tenant whose calls are measured. */
async function openQuiet() {
  const args = [BIN, 'run', '--config', config, '--server', 'srv', '--tenant', 'quiet'];
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  children.add(child);
  let wake = () => {};
  let id = 0;
  child.stdout.on('data', (chunk) => {
    if (chunk.at(-1) === 10) wake();
  });
  const request = (method, params) =>
    new Promise((resolve) => {
      wake = resolve;
      id += 1;
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  await request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'quiet', version: '1' },
  });
  return () => request('tools/call', { name: 'echo', arguments: { text: 'hello' } });
}

/** p99 of the calls of one window, ms. */
async function measure(call, windowMs) {
  const times = [];
  const until = performance.now() + windowMs;
  while (performance.now() < until) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
    // a client that thinks between its calls
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return percentile(times, 99);
}

async function beside(name, call) {
  const neighbour = fork(here('./tenant-neighbour.mjs'), [name], { env });
  children.add(neighbour);
  const said = () => new Promise((resolve) => neighbour.once('message', resolve));
  await said();
  if (name === 'isolated')
    execFileSync(process.execPath, [BIN, 'breaker', 'isolate', 'srv', '--tenant', name, '--reason', 'to be measured'], {
      env,
      stdio: 'ignore',
    });
  const [alone, busy, counts] = [[], [], {}];
  const { ms, least, most } = windowsOf(name);
  // the first window of each warms both up
  const isEnough = () => alone.length >= least && median(busy) <= MOST * median(alone);
  for (let window = 0; window <= most && !isEnough(); window += 1) {
    const without = await measure(call, ms);
    neighbour.send('go');
    const beside = await measure(call, ms);
    neighbour.send('stop');
    for (const [word, count] of Object.entries((await said()).counts)) counts[word] = (counts[word] ?? 0) + count;
    if (window === 0) continue;
    alone.push(without);
    busy.push(beside);
  }
  neighbour.kill();
  return {
    name,
    aloneMs: median(alone),
    besideMs: median(busy),
    ratio: median(busy) / median(alone),
    windows: alone.length,
    counts,
  };
}

function show(found) {
  const shown = (ms) => ms.toFixed(2);
  const rows = found.map(
    ({ name, aloneMs, besideMs, ratio, windows }) =>
      `| ${NEIGHBOURS[name][0]} | ${shown(aloneMs)} | ${shown(besideMs)} | ${shown(ratio)} | ${windows} |`,
  );
  const load = loadavg()[0]?.toFixed(1);
  return [
    '| the other tenant | p99 without, ms | p99 beside it, ms | ratio | windows |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    `Medians of windows of ${WINDOW_MS} ms each (of the crash loop ${CRASH_MS} ms), in turns; Node ${process.version}, ${availableParallelism()} cores, load ${load}.`,
  ].join('\n');
}

// where nothing keeps it going, it has not measured
process.exitCode = 70;
try {
  writeConfig();
  const call = await openQuiet();
  const found = [];
  for (const name of Object.keys(NEIGHBOURS)) found.push(await beside(name, call));
  const table = show(found);
  process.stdout.write(has('--json') ? `${JSON.stringify(found)}\n` : `${table}\n`);
  if (has('--write')) {
    const page = fs.readFileSync(PAGE, 'utf8');
    const [before, after] = [page.indexOf(FIRST), page.indexOf(LAST)];
    if (before === -1 || after === -1) throw new Error('docs/tenants.md has no place for the figures');
    fs.writeFileSync(PAGE, `${page.slice(0, before + FIRST.length)}\n\n${table}\n\n${page.slice(after)}`);
  }
  process.exitCode = found.every(({ ratio }) => ratio <= MOST) ? 0 : 1;
} finally {
  for (const child of children) child.kill();
  fs.rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
