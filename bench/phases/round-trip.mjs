// Phase: small calls one after another. Its caller puts everything on one CPU: on several, a ping-pong has two speeds,
// by where the scheduler happens to put the processes, and waking a halted CPU costs more than a wrapper does.
import { cpuMs, sortTree } from '../processes.mjs';
import { percentile } from '../statistics.mjs';
import { isSmallAnswer, makeCalls, smallCall } from './calls.mjs';

export async function measureRoundTrip({ open, counts }) {
  const client = open();
  await client.initialize();
  const calls = { width: 1, params: smallCall, isRight: isSmallAnswer };
  await makeCalls(client, { ...calls, count: counts.warmUp });
  const { wrapper } = sortTree(client.pid);
  const before = cpuMs(wrapper);
  const { latenciesMs } = await makeCalls(client, { ...calls, count: counts.roundTrips });
  const figures = {
    p50Us: percentile(latenciesMs, 50) * 1000,
    p99Us: percentile(latenciesMs, 99) * 1000,
    cpuUs: ((cpuMs(wrapper) - before) * 1000) / counts.roundTrips,
  };
  await client.close();
  return figures;
}
