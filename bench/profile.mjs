// Where a target's time goes: runs it under V8's sampling profiler, one kind of work at a time, and prints the functions
// with the most time of their own. Compares nothing: the profiler itself slows the target.
//
//   node bench/profile.mjs [--target mcp-guard] [--work start,roundTrip,inFlight,results,args,list] [--top 20]
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readProfile } from './cpu-profile.mjs';
import { createPayloadSource } from './payload.mjs';
import { isSmallAnswer, makeCalls, smallCall } from './phases/calls.mjs';
import { StdioClient } from './stdio-client.mjs';
import { environmentIn, TARGETS } from './targets.mjs';

const LARGE_BYTES = 1_000_000;
const makePayload = createPayloadSource(LARGE_BYTES);
const small = { params: smallCall, isRight: isSmallAnswer };
const resultCall = (nonce) => `{"name":"echo","arguments":{"make":${LARGE_BYTES},"nonce":${nonce}}}`;
const argumentCall = (nonce) => `{"name":"echo","arguments":{"text":"${makePayload(nonce).escaped}","measure":true}}`;
const isAnswer = ({ message, bytes }) => message === undefined || (message.result !== undefined && bytes > 0);

/** name → { tools, calls (how many), make(client, calls) } */
const WORK = {
  start: { calls: 1, make: async () => {} },
  roundTrip: { calls: 20_000, make: (client, count) => makeCalls(client, { ...small, count, width: 1 }) },
  inFlight: { calls: 150_000, make: (client, count) => makeCalls(client, { ...small, count, width: 64 }) },
  results: {
    calls: 200,
    make: (client, count) => makeCalls(client, { count, width: 1, params: resultCall, isRight: isAnswer }),
  },
  args: {
    calls: 200,
    make: (client, count) => makeCalls(client, { count, width: 1, params: argumentCall, isRight: isAnswer }),
  },
  list: {
    tools: 10_000,
    calls: 40,
    make: async (client, count) => {
      for (let i = 0; i < count; i++) await client.request('tools/list');
    },
  },
};

async function profile(target, { tools = 10, calls, make }) {
  const scratch = mkdtempSync(join(tmpdir(), 'mcp-guard-profile-'));
  const profiles = join(scratch, 'profiles');
  mkdirSync(profiles);
  const [node, ...rest] = TARGETS[target].argv(tools, scratch);
  const flags = ['--cpu-prof', `--cpu-prof-dir=${profiles}`, '--cpu-prof-interval=200'];
  const client = new StdioClient([node, ...flags, ...rest], { env: environmentIn(scratch, 'profile'), cwd: scratch });
  await client.initialize();
  await make(client, calls);
  await client.close();
  const result = readProfile(join(profiles, readdirSync(profiles)[0]));
  rmSync(scratch, { recursive: true, force: true });
  return result;
}

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'mcp-guard' },
    work: { type: 'string', default: Object.keys(WORK).join(',') },
    top: { type: 'string', default: '20' },
  },
});
for (const name of values.work.split(',')) {
  const { busyMs, idleMs, functions } = await profile(values.target, WORK[name]);
  const { calls } = WORK[name];
  const perCall = (ms) => `${((ms * 1000) / calls).toFixed(calls > 1000 ? 2 : 0).padStart(9)} µs`;
  console.log(`\n${values.target}, ${name}: ${busyMs.toFixed(0)} ms busy, ${idleMs.toFixed(0)} ms not, ${calls} calls`);
  console.log(`   self   a call     function`);
  for (const { name: fn, where, selfMs } of functions.slice(0, Number(values.top))) {
    console.log(`${((100 * selfMs) / busyMs).toFixed(1).padStart(6)} % ${perCall(selfMs)}  ${fn}  ${where}`);
  }
}
