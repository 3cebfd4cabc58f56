// A guard in miniature, run as a process of its own on a store that others use, too. Arguments: state directory, what to do.
//   hammer N   calls that fail, until the breaker of `query` has moved N times; prints its transitions and its probes
//   watch      calls that succeed, until the first is refused; prints when that was
//   open       fails until it is refused; prints when the opening was on disk
//   kill N O   runs the order O on `query` and is killed at its Nth change of the disk
//   lease      takes the probe of `query`, says so, and never comes back
import { setTimeout as delay } from 'node:timers/promises';
import { openBreakerStore } from '../../../src/adapters/breaker-store.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { RequestView, Settled } from '../../../src/core/interceptor.ts';
import { type BoardTransition, stateOf } from '../../../src/policy/breaker/board.ts';
import { createBreaker } from '../../../src/policy/breaker/breaker.ts';
import { SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import { watchSteps } from './fs-steps.ts';
import { order, SERVER } from './scene.ts';

const [stateDir = '', task = '', number = '', what = ''] = process.argv.slice(2);
const ANSWER: Settled = {
  settlement: 'result',
  errorCode: undefined,
  isError: undefined,
  resultType: undefined,
  taskId: undefined,
  durationMs: 10,
  heard: true,
};
const FAULT: Settled = { ...ANSWER, settlement: 'error', errorCode: -32603 };
const REQUEST = {
  asked: 'client',
  upstream: SERVER,
  method: 'tools/call',
  tool: 'query',
  params: undefined,
  modern: false,
} as const;

const machineNow = (): number => Number(process.hrtime.bigint()) / 1e6;
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
const store = openBreakerStore({
  stateDir,
  tenant: 'default',
  log: { write: (_, text) => process.stderr.write(`${text}\n`) },
  clock: systemClock,
  between: (action) => setImmediate(action),
  lockTimeoutMs: 60_000,
});
const transitions: BoardTransition[] = [];
const waiting = new Map<RequestView, (verdict: string) => void>();
const openMs = task === 'hammer' ? 2 : 60_000;
const breaker = createBreaker({
  store,
  settingsOf: (_, tool) =>
    tool === undefined ? { ...SERVER_DEFAULTS, mode: 'off' } : { ...TOOL_DEFAULTS, openMs, maxOpenMs: 2 * openMs },
  toolsOf: () => ['query'],
  allToolsOf: () => ['query'],
  deadlineMsOf: () => 600_000,
  onTransition: (_, transition) => {
    transitions.push(transition);
    if (task === 'open' && transition.transition.to === 'open') print({ at: machineNow() });
  },
  resume: (request, outcome) => {
    const { kind } = breaker.onWaited(request, outcome, systemClock.now());
    waiting.get(request)?.(kind);
    waiting.delete(request);
    return true;
  },
});

const probes: { from: number; to: number }[] = [];
/** One call, held open while it is a probe, so that another one beside it would be seen. */
async function call(settled: Settled): Promise<string> {
  const request: RequestView = { ...REQUEST };
  const now = systemClock.now();
  let verdict: string = breaker.onRequest(request, now).kind;
  const isProbe = verdict === 'wait';
  if (isProbe) verdict = await new Promise((resolve) => waiting.set(request, resolve));
  if (verdict !== 'pass') return verdict;
  const from = machineNow();
  // A success of a closed breaker counts nothing; one that waited and found it closed again is no probe.
  const isHeld = isProbe && stateOf(store.read(SERVER), 'query').kind === 'half_open';
  if (isHeld) await delay(3);
  if (isHeld) probes.push({ from, to: machineNow() });
  breaker.onSettle(request, settled, systemClock.now());
  return verdict;
}

if (task === 'hammer') {
  // The seed differs for each process, and is none of the store's business.
  for (let turn = process.pid; stateOf(store.read(SERVER), 'query').epoch < Number(number); turn += 1) {
    await call(turn % 3 === 0 ? FAULT : transitions.length % 2 === 0 ? FAULT : ANSWER);
    await delay(1);
  }
  await store.idle();
  await delay(0);
  await store.idle();
  print({ transitions: transitions.map(({ transition }) => transition.epoch), probes });
} else if (task === 'watch') {
  await call(ANSWER);
  print('ready');
  while ((await call(ANSWER)) === 'pass') await delay(10);
  print({ at: machineNow() });
} else if (task === 'open') {
  while ((await call(FAULT)) === 'pass') await delay(1);
  await store.idle();
} else if (task === 'kill') {
  let count = 0;
  watchSteps(() => {
    count += 1;
    if (count === Number(number)) process.kill(process.pid, 'SIGKILL');
    return undefined;
  });
  if (what === 'isolate' || what === 'close') await order(store, what, 'query');
} else if (task === 'lease') {
  const request: RequestView = { ...REQUEST };
  breaker.onRequest(request, systemClock.now());
  await new Promise((resolve) => waiting.set(request, resolve));
  print(stateOf(store.read(SERVER), 'query'));
  process.stdin.resume();
}
