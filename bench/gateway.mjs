// `node bench/gateway.mjs`: what a gateway adds to a call (routing alone, and end to end over 10 servers with 1,000 tools), and how much
// later an aggregated start is than the slowest of its servers alone.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SERVERS = 10;
const TOOLS = 100;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const scratch = mkdtempSync(join(tmpdir(), 'mcp-guard-gateway-bench-'));

/** The pure core with nothing around it: one call and its answer, µs of processor time. */
async function routing() {
  const outfile = join(scratch, 'gateway.mjs');
  const contents =
    "export { Gateway } from './src/core/gateway/gateway.ts'; export { readLine } from './src/wire/read-line.ts'; export { DEFAULT_READ_LIMITS } from './src/wire/message.ts';";
  await build({
    stdin: { contents, resolveDir: here('..'), loader: 'ts' },
    ...{ outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'silent' },
  });
  const { Gateway, readLine, DEFAULT_READ_LIMITS } = await import(outfile);
  const names = Array.from({ length: SERVERS }, (_, at) => `server-${at}`);
  const lanes = names.map((lane) => ({
    ...{ lane, prefix: `${lane}__`, start: 'eager', startTimeoutMs: 5000, idleStopMs: Number.POSITIVE_INFINITY },
    ...{ comesBack: true, known: undefined, refusal: undefined },
  }));
  const settings = {
    lanes,
    tag: 't',
    serverInfo: { name: 'g', version: '1' },
    seal: () => 's',
    read: DEFAULT_READ_LIMITS,
  };
  const gateway = new Gateway(settings);
  const now = { wallMs: 0, monoMs: 0 };
  const bytes = (message) => Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const read = (message) => readLine(bytes(message), 'client', DEFAULT_READ_LIMITS).line;
  gateway.begin(now);
  gateway.handle(
    { type: 'client_line', line: read({ id: 0, method: 'initialize', params: { capabilities: {} } }) },
    now,
  );
  for (const lane of names) {
    const result = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: lane, version: '1' },
    };
    gateway.handle({ type: 'lane_line', lane, bytes: bytes({ id: 0, result }) }, now);
  }
  gateway.handle({ type: 'client_line', line: read({ id: 1, method: 'tools/list' }) }, now);
  for (const lane of names) {
    const tools = Array.from({ length: TOOLS }, (_, at) => ({ name: `tool-${at}`, inputSchema: { type: 'object' } }));
    gateway.handle({ type: 'lane_line', lane, bytes: bytes({ id: 1, result: { tools } }) }, now);
  }
  const rounds = [];
  for (let round = 0; round < 30; round += 1) {
    // Read beforehand: a run without a gateway reads its lines, too.
    const calls = Array.from({ length: 1000 }, (_, at) => {
      const lane = names[at % SERVERS];
      const params = { name: `${lane}__tool-${at % TOOLS}`, arguments: { text: 'hello', number: at } };
      const id = round * 1000 + at + 2;
      const answer = bytes({ id, result: { content: [{ type: 'text', text: 'hello' }] } });
      return { line: read({ id, method: 'tools/call', params }), lane, answer };
    });
    const start = process.cpuUsage();
    for (const { line, lane, answer } of calls) {
      gateway.handle({ type: 'client_line', line }, now);
      gateway.handle({ type: 'lane_line', lane, bytes: answer }, now);
    }
    const { user, system } = process.cpuUsage(start);
    rounds.push((user + system) / calls.length);
  }
  return median(rounds.slice(5));
}

// Its first argument: how long it takes to be ready without using the processor, in ms.
const SERVER = `
const ready = Date.now() + Number(process.argv[1]);
const tools = Array.from({ length: ${TOOLS} }, (_, at) => ({ name: 'tool-' + at, inputSchema: { type: 'object' } }));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const result = method === 'initialize' ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } }
    : method === 'tools/list' ? { tools } : { content: [{ type: 'text', text: 'hello' }] };
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
});`;

// A server whose start waits (its argument, in seconds) and does not work: ten of them do not take the processor from each other, so that
// what they add to the slowest is the gateway's doing. (Ten starts of Node on two cores are ten starts of Node, whoever starts them.)
const WAITING_SERVER = `sleep "$1"; while read -r line; do
  case "$line" in *'"id":'*) ;; *) continue ;; esac
  id="\${line#*\\"id\\":}"; id="\${id%%[,\\}]*}"
  case "$line" in
    *'"initialize"'*) result='{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}' ;;
    *) result='{"tools":[{"name":"one","inputSchema":{"type":"object"}}]}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\\n' "$id" "$result"
done`;

function connect(args, state = 'state') {
  const env = { ...process.env, MCP_GUARD_STATE_DIR: join(scratch, state) };
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let rest = '';
  let said = '';
  let wake = () => {};
  let ending = false;
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-4000);
  });
  child.once('close', (code) => {
    if (ending) return;
    process.stderr.write(`${said}\nended with ${code} before it was told to: no figure\n`);
    process.exit(1);
  });
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.includes('"id":')) wake(line);
  });
  const request = (message) =>
    new Promise((resolve) => {
      wake = resolve;
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    });
  const end = () =>
    new Promise((resolve) => {
      ending = true;
      child.once('exit', resolve);
      child.stdin.end();
    });
  return { request, end };
}

const hello = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'b', version: '1' } },
};

/** Milliseconds from the start of the process to the answers to `initialize` and to the `tools/list` behind it. */
async function startOf(args, state) {
  const start = performance.now();
  const { request, end } = connect(args, state);
  await request(hello);
  const greetedMs = performance.now() - start;
  await request({ id: 1, method: 'tools/list' });
  const listedMs = performance.now() - start;
  await end();
  return { greetedMs, listedMs };
}

const less = (one, other) => ({
  greetedMs: one.greetedMs - other.greetedMs,
  listedMs: one.listedMs - other.listedMs,
});

/** The medians of both moments. */
function tell(starts) {
  const of = (key) => median(starts.map((one) => one[key])).toFixed(0);
  return `${of('greetedMs')} / ${of('listedMs')}`;
}

/** Microseconds of one call, one after the other. */
async function callOf(args, name) {
  const { request, end } = connect(args);
  await request(hello);
  const times = [];
  for (let id = 1; id <= 3000; id += 1) {
    const start = process.hrtime.bigint();
    await request({ id, method: 'tools/call', params: { name, arguments: { text: 'hello' } } });
    if (id > 1000) times.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  await end();
  return median(times);
}

async function main() {
  const config = join(scratch, 'gateway.json');
  const server = [process.execPath, '-e', SERVER.replaceAll('\n', ' ')];
  const configure = (path, commandOf) => {
    const entryOf = ([command, ...args]) => ({ command, args });
    const ids = Array.from({ length: SERVERS }, (_, at) => [`server-${at}`, entryOf(commandOf(at))]);
    writeFileSync(path, JSON.stringify({ version: 1, servers: Object.fromEntries(ids) }), { mode: 0o600 });
  };
  configure(config, () => server);
  const waiting = join(scratch, 'waiting.json');
  const script = join(scratch, 'waiting-server.sh');
  writeFileSync(script, WAITING_SERVER);
  configure(waiting, (at) => ['sh', script, `${at / 10}`]);
  const bin = here('../bin/mcp-guard.js');
  const many = [bin, 'run', '--config', config];
  const one = [...many, '--server', 'server-3'];
  // A state directory of its own has a key of its own, which the lock of another's first run does not know.
  const anew = (name) => {
    const path = join(scratch, `${name}.json`);
    copyFileSync(config, path);
    return startOf([bin, 'run', '--config', path], name);
  };
  const slow = [bin, 'run', '--config', waiting];
  await startOf(many);
  await startOf(slow, 'waiting');
  const floor = [here('./floors/many.mjs'), JSON.stringify(Array.from({ length: SERVERS }, () => server))];
  const starts = { alone: [], guarded: [], floor: [], first: [], ten: [], slowest: [], waiting: [] };
  for (let round = 0; round < 9; round += 1) {
    starts.alone.push(await startOf(server.slice(1)));
    starts.guarded.push(await startOf(one));
    starts.floor.push(await startOf(floor));
    starts.first.push(await anew(`first-${round}`));
    starts.ten.push(await startOf(many));
    starts.slowest.push(await startOf([...slow, '--server', 'server-9'], 'waiting'));
    starts.waiting.push(await startOf(slow, 'waiting'));
  }
  const calls = { guarded: await callOf(one, 'tool-7'), gateway: await callOf(many, 'server-3__tool-7') };
  const lines = [
    `routing alone, ${SERVERS} servers with ${SERVERS * TOOLS} tools: ${(await routing()).toFixed(1)} µs a call and its answer`,
    `end to end, median: one server ${calls.guarded.toFixed(0)} µs, gateway ${calls.gateway.toFixed(0)} µs`,
    'start, median, ms to the answer to `initialize` / to `tools/list` behind it:',
    `  a server alone ${tell(starts.alone)}, guarded ${tell(starts.guarded)}`,
    `  ${SERVERS} behind twenty lines without a guard ${tell(starts.floor)}, behind a gateway ${tell(starts.ten)}`,
    `  behind one that has never seen them ${tell(starts.first)}`,
    `  what the guard adds to the ${SERVERS}: ${tell(starts.ten.map((one, round) => less(one, starts.floor[round])))}`,
    `  servers that wait 0, 100 … 900 ms: the slowest behind a guard of its own ${tell(starts.slowest)}, all ten behind a gateway ${tell(starts.waiting)}`,
    `  what the other nine add to the slowest: ${tell(starts.waiting.map((one, round) => less(one, starts.slowest[round])))} (budget 60)`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
