// A guard in miniature, run as a process of its own on a limits file that others use, too. Arguments: directory, task, lock.
//   hammer     says so, and once it is told a time takes what it can get of 200/s, burst 200, until the machine's clock (ms)
//              says that; prints how many, and when the first
//   both       the same over two keys at once, of which the second is the tighter one
//   lock       takes the kernel's lock, says so, and never gives it back
//   place      takes the only place for 400 ms, says so, and never renews it
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { loadKernelLock } from '../../../src/adapters/kernel-lock.ts';
import { openFileLimitStore } from '../../../src/adapters/limit-store-file.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { Charge } from '../../../src/ports/limit-store.ts';

const [directory = '', task = '', lockKind = 'kernel'] = process.argv.slice(2);
const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
const kernelLock = await loadKernelLock();
const store = openFileLimitStore({
  directory,
  kernelLock: lockKind === 'kernel' ? kernelLock : undefined,
  moment: () => ({ wallMs: Date.now(), monoMs: machineMs(), bootId: 'boot' }),
  delay: (ms) => delay(ms),
  say: (text) => print({ said: text }),
});
const rate = (name: string, unitUs: number, burst: number): Charge => {
  const depthUs = burst * unitUs;
  return { kind: 'rate', key: name.repeat(32), label: name, spendUs: unitUs, depthUs, mostUs: depthUs, unitUs };
};

async function hammer(charges: readonly Charge[]): Promise<void> {
  print({ ready: true });
  const [line] = await once(process.stdin, 'data');
  const untilMs = Number(line);
  let count = 0;
  /** Before and after it got the first. */
  let firstMs: number | undefined;
  let tookMs: number | undefined;
  const faults: string[] = [];
  for (let nowMs = machineMs(); nowMs < untilMs; nowMs = machineMs()) {
    const take = await store.take(charges, systemClock.now());
    if (take.kind === 'taken') {
      count += 1;
      firstMs ??= nowMs;
      tookMs ??= machineMs();
    } else if (take.kind === 'unavailable') faults.push(take.why);
    else await delay(Math.min(take.retryAfterMs ?? 1, Math.max(1, untilMs - machineMs())));
  }
  print({ count, firstMs, tookMs, lastMs: machineMs(), faults });
  process.stdin.destroy();
}

if (task === 'hammer') await hammer([rate('a', 5_000, 200)]);
else if (task === 'both') await hammer([rate('b', 1_000, 500), rate('a', 5_000, 200)]);
else if (task === 'lock') {
  print({ locked: kernelLock?.tryLock(openSync(`${directory}/counts`, 'r+')) });
  setInterval(() => {}, 60_000);
} else {
  const place = { kind: 'place', key: 'c'.repeat(32), label: 'c', max: 1, lease: 'd'.repeat(24), ttlMs: 400 } as const;
  print({ placed: (await store.take([place], systemClock.now())).kind });
  setInterval(() => {}, 60_000);
}
