// Phase: small calls one after another. Its caller puts everything on one CPU: on several, a ping-pong has two speeds,
// by where the scheduler happens to put the processes, and waking a halted CPU costs more than a wrapper does.
import { cpuMs, sortTree } from '../processes.mjs';
import { percentile } from '../statistics.mjs';
import { isSmallAnswer, makeCalls, smallCall } from './calls.mjs';

/** Calls of a session whose code is still cold: what most real sessions never get beyond. */
const FIRST = 100;

export async function measureRoundTrip({ open, counts }) {
  const client = open();
  await client.initialize();
  const calls = { width: 1, params: smallCall, isRight: isSmallAnswer };
  const first = await makeCalls(client, { ...calls, count: FIRST });
  await makeCalls(client, { ...calls, count: counts.warmUp - FIRST });
  const { wrapper } = sortTree(client.pid);
  const before = cpuMs(wrapper);
  const { latenciesMs } = await makeCalls(client, { ...calls, count: counts.roundTrips });
  const figures = {
    firstUs: percentile(first.latenciesMs, 50) * 1000,
    p50Us: percentile(latenciesMs, 50) * 1000,
    p99Us: percentile(latenciesMs, 99) * 1000,
    cpuUs: ((cpuMs(wrapper) - before) * 1000) / counts.roundTrips,
  };
  await client.close();
  return figures;
}
