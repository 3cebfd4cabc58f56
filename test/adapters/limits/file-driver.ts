// A guard in miniature, run as a process of its own on limits files that others use, too. Says that it is up, then does what each
// line tells it: task, directory, lock, and until when (the machine's clock, ms).
//   hammer     takes what it can get of 200/s, burst 200; prints how many, and when the first
//   both       the same over two keys at once, of which the second is the tighter one
//   lock       takes the kernel's lock, says so, and never gives it back
//   place      takes the only place for 400 ms, says so, and never renews it
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { loadKernelLock } from '../../../src/adapters/kernel-lock.ts';
import { openFileLimitStore } from '../../../src/adapters/limit-store-file.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import type { Charge, LimitStore } from '../../../src/ports/limit-store.ts';

const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
const kernelLock = await loadKernelLock();
const open = (directory: string, lock: string): LimitStore =>
  openFileLimitStore({
    directory,
    kernelLock: lock === 'kernel' ? kernelLock : undefined,
    moment: () => ({ wallMs: Date.now(), monoMs: machineMs(), bootId: 'boot' }),
    delay: (ms) => delay(ms),
    say: (text) => print({ said: text }),
  });
const rate = (name: string, unitUs: number, burst: number): Charge => {
  const depthUs = burst * unitUs;
  return { kind: 'rate', key: name.repeat(32), label: name, spendUs: unitUs, depthUs, mostUs: depthUs, unitUs };
};

async function hammer(store: LimitStore, charges: readonly Charge[], untilMs: number): Promise<void> {
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
    } else if (take.kind === 'unavailable' || take.kind === 'full') faults.push(take.why);
    else await delay(Math.min(take.retryAfterMs ?? 1, Math.max(1, untilMs - machineMs())));
  }
  print({ count, firstMs, tookMs, lastMs: machineMs(), faults });
  store.close();
}

print({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const [task = '', directory = '', lock = '', until = ''] = line.split(' ');
  if (task === 'lock') {
    print({ locked: kernelLock?.tryLock(openSync(`${directory}/counts`, 'r+')) });
    continue;
  }
  const store = open(directory, lock);
  const shared = rate('a', 5_000, 200);
  if (task === 'hammer') await hammer(store, [shared], Number(until));
  else if (task === 'both') await hammer(store, [rate('b', 1_000, 500), shared], Number(until));
  else {
    const place: Charge = { kind: 'place', key: 'c'.repeat(32), label: 'c', max: 1, lease: 'd'.repeat(24), ttlMs: 400 };
    print({ placed: (await store.take([place], systemClock.now())).kind });
  }
}
