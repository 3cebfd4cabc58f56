// A guard in miniature, run as a process of its own on a redis that others use, too. Arguments: its URL. For each line `tenant ms
// spendUs depthUs [port]` it connects (there, where a port is given), says so, waits for a line, takes one spend as often as it can for so long, ends each call, and prints
// what it was answered, and how soon.
import { createInterface } from 'node:readline';
import { openRedisLimitStore } from '../../../src/adapters/limit-store-redis.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { readRedisUrl } from '../../../src/config/redis-url.ts';
import type { RateCharge } from '../../../src/ports/limit-store.ts';

const [url = ''] = process.argv.slice(2);
const reading = readRedisUrl(url);
if (!reading.ok) throw new Error(reading.why);
const { place } = reading;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function race(tenant: string, forMs: number, spendUs: number, depthUs: number, port: number): Promise<void> {
  const store = openRedisLimitStore({ place: () => ({ ...place, port }), tenant });
  const amounts = { spendUs, depthUs, mostUs: depthUs, unitUs: spendUs };
  const charge: RateCharge = { kind: 'rate', key: 'a'.repeat(32), label: 'shared', ...amounts };
  const kinds = { taken: 0, denied: 0, full: 0, unavailable: 0 };
  const times: number[] = [];
  await store.list(systemClock.now());
  process.stdout.write('connected\n');
  await lines.next();
  const endMs = systemClock.now().monoMs + forMs;
  while (systemClock.now().monoMs < endMs) {
    const asked = performance.now();
    const take = await store.take([charge], systemClock.now());
    times.push(performance.now() - asked);
    kinds[take.kind] += 1;
    if (take.kind === 'taken') store.settle(take.receipt, { reached: true, postPaid: [] }, systemClock.now());
  }
  await store.idle();
  store.close();
  times.sort((one, other) => one - other);
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? Number.NaN;
  process.stdout.write(`${JSON.stringify({ ...kinds, p50Ms: at(0.5), p99Ms: at(0.99) })}\n`);
}

process.stdout.write('ready\n');
for (let { value, done } = await lines.next(); done !== true; { value, done } = await lines.next()) {
  const [tenant = '', ...numbers] = String(value).split(' ');
  const [forMs = 0, spendUs = 0, depthUs = 0, port = place.port] = numbers.map(Number);
  await race(tenant, forMs, spendUs, depthUs, port);
}
