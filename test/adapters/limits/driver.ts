// A guard in miniature, run as a process of its own on a redis that others use, too. Arguments: URL, tenant, for how many ms.
// Waits for a line, then takes one of `SPEND` as often as it can, ends each call, and prints how many it was granted.
import { once } from 'node:events';
import { openRedisLimitStore } from '../../../src/adapters/limit-store-redis.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { readRedisUrl } from '../../../src/config/redis-url.ts';
import type { RateCharge } from '../../../src/ports/limit-store.ts';

const [url = '', tenant = '', forMs = '0', spendUs = '0', depthUs = '0'] = process.argv.slice(2);
const reading = readRedisUrl(url);
if (!reading.ok) throw new Error(reading.why);
const { place } = reading;
const store = openRedisLimitStore({ place: () => place, tenant });
const charge: RateCharge = {
  kind: 'rate',
  key: 'a'.repeat(32),
  label: 'shared',
  spendUs: Number(spendUs),
  depthUs: Number(depthUs),
  mostUs: Number(depthUs),
  unitUs: Number(spendUs),
};
const kinds = { taken: 0, denied: 0, unavailable: 0 };
// Connected and loaded before the others begin.
await store.list(systemClock.now());
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const endMs = systemClock.now().monoMs + Number(forMs);
const times: number[] = [];
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
process.stdout.write(`${JSON.stringify({ ...kinds, p50: at(0.5), p99: at(0.99) })}\n`);
process.stdin.unref();
