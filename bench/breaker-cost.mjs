// What the breaker adds to a call when all is well: the interceptor over its store on disk, asked and told of each end, as the
// session does. Prints the median of the rounds and fails above the budget, or where anything was written.
//
//   node bench/breaker-cost.mjs [CALLS [ROUNDS]]
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.mjs';
import { loadTypeScript } from './typescript.mjs';

export const BUDGET_US = 2;
const TOOLS = Array.from({ length: 10 }, (_, index) => `tool-${index}`);
const ENDED_WELL = {
  settlement: 'result',
  errorCode: undefined,
  isError: undefined,
  resultType: undefined,
  taskId: undefined,
  durationMs: 1,
  heard: true,
};

function makeRequest(index) {
  const tool = TOOLS[index % TOOLS.length];
  return { asked: 'client', upstream: 'srv', method: 'tools/call', tool, params: undefined, modern: false };
}

/** µs of CPU a call of one round, the collector's threads included: the time of a wall clock would count the neighbours in. */
function runRound(calls, askAndTell) {
  const before = process.cpuUsage();
  for (let index = 0; index < calls; index += 1) askAndTell(makeRequest(index));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/** @returns the median of the rounds in µs of CPU a call, less what the same loop costs without the breaker; what was written */
export async function measureCost({ calls = 1_000_000, rounds = 9 } = {}) {
  const { createBreaker, createBreakerLookup, openBreakerStore, systemClock } = await loadTypeScript(
    'src/policy/breaker/breaker.ts',
    'src/config/breaker-lookup.ts',
    'src/adapters/breaker-store.ts',
    'src/adapters/system-clock.ts',
  );
  const stateDir = mkdtempSync(join(tmpdir(), 'mcp-guard-bench-'));
  const fail = (what) => {
    throw new Error(`the healthy path ${what}`);
  };
  const store = openBreakerStore({
    stateDir,
    tenant: 'default',
    log: { write: (_level, text) => fail(`said: ${text}`) },
    clock: systemClock,
    between: () => fail('changed the store'),
  });
  const breaker = createBreaker({
    store,
    settingsOf: createBreakerLookup(undefined).settingsOf,
    toolsOf: () => TOOLS,
    deadlineMsOf: () => Number.POSITIVE_INFINITY,
    onTransition: () => fail('moved a breaker'),
    resume: () => fail('held a call'),
  });
  const withBreaker = (request) => {
    if (breaker.onRequest(request, systemClock.now()).kind !== 'pass') fail('refused a call');
    breaker.onSettle(request, ENDED_WELL, systemClock.now());
  };
  let seen = 0;
  const without = (request) => {
    seen += request.tool.length + systemClock.now().monoMs + systemClock.now().monoMs;
  };
  const added = Array.from({ length: rounds + 1 }, () => runRound(calls, withBreaker) - runRound(calls, without));
  await store.idle();
  const wrote = existsSync(join(stateDir, 'default'));
  rmSync(stateDir, { recursive: true, force: true });
  if (!(seen > 0)) fail('was not compared');
  // The first round compiles.
  const measured = added.slice(1);
  return { us: median(measured), range: [Math.min(...measured), Math.max(...measured)], calls, rounds, wrote };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [calls, rounds] = process.argv.slice(2).map(Number);
  const { us, range, wrote, ...counts } = await measureCost({ calls, rounds });
  const [low, high] = range.map((one) => one.toFixed(2));
  console.log(
    `breaker, all well: ${us.toFixed(2)} µs of CPU a call (${low} … ${high}; ${counts.rounds} rounds of ${counts.calls} calls; budget ${BUDGET_US} µs)`,
  );
  console.log(wrote ? 'it wrote to the disk' : 'nothing was written');
  if (us > BUDGET_US || wrote) process.exitCode = 1;
}
