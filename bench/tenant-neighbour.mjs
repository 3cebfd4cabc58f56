// One busy tenant, in a process of its own: told to `go` it keeps its guard at work, one thing after the other, so that it takes one
// core; told to `stop` it says how often, and what came of it. Argument 1: the tenant. Knows nothing of what is measured.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';

const [tenant = ''] = process.argv.slice(2);
const { FAIR_BIN: bin = '', FAIR_CONFIG: config = '', MCP_GUARD_STATE_DIR: state = '' } = process.env;
/** The byte that the guard's own lock is on (src/adapters/kernel-lock.ts). */
const LOCKED_BYTE = 2 ** 30;

function connect() {
  const args = [bin, 'run', '--config', config, '--server', 'srv', '--tenant', tenant];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let rest = '';
  let wake = () => {};
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.includes('"id":')) wake(line);
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  let id = 0;
  const request = (method, params) =>
    Promise.race([
      exited,
      new Promise((resolve) => {
        wake = resolve;
        id += 1;
        child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
      }),
    ]);
  const call = (text = 'hello') => request('tools/call', { name: 'echo', arguments: { text } });
  return { child, exited, request, call };
}

const HELLO = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'neighbour', version: '1' } };
let going = false;
let counts = {};
const count = (line) => {
  const reason = /"reason":"([a-z_]+)"/.exec(String(line))?.[1];
  const word = reason ?? (String(line).includes('"result"') ? 'result' : 'ended');
  counts[word] = (counts[word] ?? 0) + 1;
};
let working = Promise.resolve();

/** The guard of a crash loop: one that waits for its turn is ended with the window. */
let looping;

async function crash() {
  while (going) {
    const { child, exited, request } = connect();
    looping = child;
    const answer = await request('initialize', HELLO);
    if (going) count(answer);
    await exited;
  }
}

async function prepare() {
  if (tenant === 'crashing') return crash;
  const guard = connect();
  await guard.request('initialize', HELLO);
  // one record larger than all that it may keep
  if (tenant === 'full') await guard.call('x'.repeat(1 << 21));
  if (tenant === 'waiting') {
    await guard.call();
    const { tryLock } = await import('fs-native-extensions');
    if (!tryLock(openSync(join(state, tenant, 'limits', 'counts'), 'r+'), LOCKED_BYTE, 1)) throw new Error('no lock');
  }
  return async () => {
    while (going) count(await guard.call());
  };
}

const work = await prepare();
process.on('message', async (word) => {
  if (word === 'go') {
    going = true;
    counts = {};
    working = work();
    return;
  }
  going = false;
  looping?.kill();
  // what waits for a store waits on: the next window is not held up by it
  if (tenant !== 'waiting') await working;
  process.send({ counts });
});
process.once('disconnect', () => process.exit());
process.send({ isReady: true });
