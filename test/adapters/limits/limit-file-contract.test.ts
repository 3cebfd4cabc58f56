// The port's contract on one limits file whose every handle is in another process, eight in all: what is promised within a process holds
// between them. Time is in the test's hands: each is told with what it is asked.
import { type ChildProcess, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';
import type { LimitStore, Take } from '../../../src/ports/limit-store.ts';
import { describeLimitStore, type LimitWorld } from './contract.ts';
import { ManualTime } from './manual-time.ts';
import type { StoreOrder } from './store-driver.ts';

const PROCESSES = 8;

interface Other {
  readonly child: ChildProcess;
  readonly ask: (order: StoreOrder) => Promise<unknown>;
}

let built: string;
let others: readonly Other[] = [];
let turn = 0;
beforeAll(async () => {
  // Beside node_modules, where the native module is found.
  built = fs.mkdtempSync(join(import.meta.dirname, '../../../node_modules/.limits-store-'));
  const [entry, outfile] = [join(import.meta.dirname, 'store-driver.ts'), join(built, 'driver.mjs')];
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
  others = await Promise.all(Array.from({ length: PROCESSES }, () => start(outfile)));
});
afterAll(() => {
  for (const { child } of others) child.kill('SIGKILL');
  fs.rmSync(built, { recursive: true });
});

async function start(path: string): Promise<Other> {
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
  await next();
  let last: Promise<unknown> = Promise.resolve();
  const ask = (order: StoreOrder): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    last = last.then(next);
    return last;
  };
  return { child, ask };
}

/** The next process, as a handle on the file of this directory. */
async function openElsewhere(directory: string, time: ManualTime): Promise<LimitStore> {
  const other = others[turn % PROCESSES];
  turn += 1;
  if (other === undefined) throw new Error('no process is up');
  // what a driver answers is what the store of its process answers
  const ask = <T>(order: Omit<StoreOrder, 'now'>): Promise<T> => other.ask({ ...order, now: time.now() }) as Promise<T>;
  await ask({ ask: 'open', directory });
  return {
    async take(charges) {
      const take = await ask<Take>({ ask: 'take', charges });
      // no JSON has it
      return take.kind === 'denied' ? { ...take, retryAfterMs: take.retryAfterMs } : take;
    },
    settle: (receipt, end) => void ask({ ask: 'settle', receipts: [receipt], end }),
    renew: (receipts) => void ask({ ask: 'renew', receipts }),
    list: () => ask({ ask: 'list' }),
    reset: (keys) => ask({ ask: 'reset', ...(keys === undefined ? {} : { keys }) }),
    idle: async () => void (await ask({ ask: 'idle' })),
    close: () => void ask({ ask: 'close' }),
  };
}

function openWorld(): LimitWorld {
  const directory = fs.mkdtempSync(join(tmpdir(), 'limits-'));
  const stores: LimitStore[] = [];
  const time = new ManualTime();
  return {
    slackMs: 0,
    async open() {
      const store = await openElsewhere(directory, time);
      stores.push(store);
      return store;
    },
    now: () => time.now(),
    pass: time.pass,
    async close() {
      for (const store of stores) {
        store.close();
        await store.idle();
      }
      fs.rmSync(directory, { recursive: true });
    },
  };
}

describeLimitStore('a file of eight processes', openWorld);
