// The limit store in memory: what every store keeps to, and that what it holds is bounded and forgotten in time.
import { expect, test } from 'vitest';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import { describeForgetting, describeLimitStore, REACHED, rate, taken, UNREACHED } from './contract.ts';
import { ManualTime } from './manual-time.ts';

const openWorld = () => {
  const time = new ManualTime();
  const store = openMemoryLimitStore();
  return { open: () => store, now: () => time.now(), pass: time.pass, slackMs: 0, close: async () => {} };
};
describeLimitStore('the memory', openWorld);
describeForgetting('the memory', openWorld);

test('the number of keys is bounded; those that are full again make room', async () => {
  const time = new ManualTime();
  const store = openMemoryLimitStore(4);
  const kinds = ['a', 'b', 'c', 'd', 'e'].map((name) => store.take([rate(name)], time.now()));
  expect(kinds.map((one) => 'kind' in one && one.kind)).toEqual(['taken', 'taken', 'taken', 'taken', 'full']);
  await time.pass(1_000);
  expect(store.take([rate('e')], time.now())).toMatchObject({ kind: 'taken' });
});

test('a key of which every call is given back makes room a day after it is full', async () => {
  const time = new ManualTime();
  const store = openMemoryLimitStore(1);
  const day = 86_400_000_000;
  for (let call = 0; call < 5; call += 1) {
    const long = rate('a', { spendUs: day, depthUs: day, mostUs: day });
    store.settle(taken(await store.take([long], time.now())), UNREACHED, time.now());
  }
  await time.pass(86_399_999);
  expect(store.take([rate('b')], time.now())).toMatchObject({ kind: 'full' });
  await time.pass(1);
  expect(store.take([rate('b')], time.now())).toMatchObject({ kind: 'taken' });
});

test('a key is not forgotten while somebody may give back of it', async () => {
  const time = new ManualTime();
  const store = openMemoryLimitStore(1);
  const one = { depthUs: 1_000_000, mostUs: 1_000_000 };
  const receipt = taken(await store.take([rate('a', one)], time.now()));
  store.settle(receipt, UNREACHED, time.now());
  // Full, but `a` remembers that it gave: a second receipt with the same mark must find that.
  expect(store.take([rate('b')], time.now())).toMatchObject({ kind: 'full' });
  await time.pass(1_000);
  expect(store.take([rate('b')], time.now())).toMatchObject({ kind: 'taken' });
  store.settle(receipt, REACHED, time.now());
});
