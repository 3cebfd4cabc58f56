// A limits file as somebody else's process has it: each line of stdin asks one thing of the store and says what time it is, each line of
// stdout answers. What is not waited for is answered at once, so that everything comes in the order in which it was asked.
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { loadKernelLock } from '../../../src/adapters/kernel-lock.ts';
import { openFileLimitStore } from '../../../src/adapters/limit-store-file.ts';
import type { Instant } from '../../../src/ports/clock.ts';
import type { CallEnd, Charge, LimitStore, Receipt } from '../../../src/ports/limit-store.ts';

/** As the test writes it. */
export interface StoreOrder {
  readonly ask: 'open' | 'take' | 'settle' | 'renew' | 'list' | 'reset' | 'idle' | 'close';
  readonly now: Instant;
  readonly directory?: string;
  readonly charges?: readonly Charge[];
  readonly receipts?: readonly Receipt[];
  readonly end?: CallEnd;
  readonly keys?: readonly string[];
}

const kernelLock = await loadKernelLock();
let store: LimitStore | undefined;
let moment = { wallMs: 0, monoMs: 0, bootId: 'boot' };

async function answer({ ask, now, directory = '', charges = [], receipts = [], end, keys }: StoreOrder) {
  moment = { ...now, bootId: 'boot' };
  const [receipt] = receipts;
  if (ask === 'open') {
    store?.close();
    store = openFileLimitStore({
      ...{ directory, kernelLock },
      moment: () => moment,
      delay: (ms) => delay(ms),
      say: (text) => process.stderr.write(`${text}\n`),
    });
  } else if (ask === 'take') return store?.take(charges, now);
  else if (ask === 'list') return store?.list(now);
  else if (ask === 'reset') return store?.reset(keys, now);
  else if (ask === 'settle' && receipt !== undefined && end !== undefined) store?.settle(receipt, end, now);
  else if (ask === 'renew') store?.renew(receipts, now);
  else if (ask === 'idle') await store?.idle();
  else if (ask === 'close') store?.close();
  return {};
}

process.stdout.write('"ready"\n');
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
