import { expect, test } from 'vitest';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import { describeLimitStore, REACHED, rate, taken, UNREACHED } from './contract.ts';
import { ManualTime } from './manual-time.ts';

describeLimitStore('the memory', () => {
  const time = new ManualTime();
  const store = openMemoryLimitStore();
  return { open: () => store, now: () => time.now(), pass: time.pass, slackMs: 0, close: async () => {} };
});

test('the number of keys is bounded; those that are full again make room', async () => {
  const time = new ManualTime();
  const store = openMemoryLimitStore(4);
  const kinds = ['a', 'b', 'c', 'd', 'e'].map((name) => store.take([rate(name)], time.now()));
  expect(kinds.map((one) => 'kind' in one && one.kind)).toEqual(['taken', 'taken', 'taken', 'taken', 'unavailable']);
  await time.pass(1_000);
  expect(store.take([rate('e')], time.now())).toMatchObject({ kind: 'taken' });
});

test('a key is not forgotten while somebody may give back of it', async () => {
  const time = new ManualTime();
  const store = openMemoryLimitStore(1);
  const one = { depthUs: 1_000_000, mostUs: 1_000_000 };
  const receipt = taken(await store.take([rate('a', one)], time.now()));
  store.settle(receipt, UNREACHED, time.now());
  // Full, but `a` remembers that it gave: a second receipt with the same mark must find that.
  expect(store.take([rate('b')], time.now())).toMatchObject({ kind: 'unavailable' });
  await time.pass(1_000);
  expect(store.take([rate('b')], time.now())).toMatchObject({ kind: 'taken' });
  store.settle(receipt, REACHED, time.now());
});
