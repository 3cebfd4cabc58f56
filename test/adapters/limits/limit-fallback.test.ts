// A store that goes away, and one that is opened when it is first asked.
import { describe, expect, test } from 'vitest';
import { openDeferredLimitStore } from '../../../src/adapters/limit-store-deferred.ts';
import { openFallbackLimitStore } from '../../../src/adapters/limit-store-fallback.ts';
import { openMemoryLimitStore } from '../../../src/adapters/limit-store-memory.ts';
import type { LimitStore } from '../../../src/ports/limit-store.ts';
import { describeLimitStore, place, REACHED, rate, taken } from './contract.ts';
import { ManualTime } from './manual-time.ts';

describeLimitStore('a memory that is opened when it is first asked', () => {
  const time = new ManualTime();
  const inner = openMemoryLimitStore();
  const store = openDeferredLimitStore(async () => inner);
  return { open: () => store, now: () => time.now(), pass: time.pass, slackMs: 0, close: async () => {} };
});
describeLimitStore('a store with something to fall back on', () => {
  const time = new ManualTime();
  const store = openFallbackLimitStore({
    store: openMemoryLimitStore(),
    local: openMemoryLimitStore(),
    onTurn: () => {},
  });
  return { open: () => store, now: () => time.now(), pass: time.pass, slackMs: 0, close: async () => {} };
});

/** A store that can be switched off. */
function scene(local: LimitStore | undefined) {
  const time = new ManualTime();
  const inner = openMemoryLimitStore();
  const state = { isAway: false, asked: 0 };
  const told: (string | undefined)[] = [];
  const store = openFallbackLimitStore({
    store: {
      ...inner,
      take(charges, now) {
        state.asked += 1;
        return state.isAway ? Promise.resolve({ kind: 'unavailable', why: 'gone' } as const) : inner.take(charges, now);
      },
    },
    local,
    onTurn: (why) => told.push(why),
  });
  const take = async (...charges: Parameters<LimitStore['take']>[0]) => store.take(charges, time.now());
  return { time, store, state, told, take };
}

describe('a store that is away', () => {
  test('denies where nothing else is said; told once, and once that it is back', async () => {
    const { state, told, take } = scene(undefined);
    expect((await take(rate('a'))).kind).toBe('taken');
    state.isAway = true;
    for (let again = 0; again < 3; again += 1)
      expect(await take(rate('a'))).toEqual({ kind: 'unavailable', why: 'gone' });
    expect(told).toEqual(['gone']);
    state.isAway = false;
    expect((await take(rate('a'))).kind).toBe('taken');
    expect(told).toEqual(['gone', undefined]);
  });

  test('is counted locally where that is said, asked again each second, and believed when it is back', async () => {
    const { time, state, told, take } = scene(openMemoryLimitStore());
    state.isAway = true;
    const kinds = [];
    for (let again = 0; again < 4; again += 1) kinds.push((await take(rate('a'))).kind);
    expect(kinds).toEqual(['taken', 'taken', 'denied', 'denied']);
    expect(state.asked).toBe(1);
    state.isAway = false;
    await time.pass(1_000);
    expect((await take(rate('a', { spendUs: 2_000_000 }))).kind).toBe('taken');
    expect(told).toEqual(['gone', undefined]);
  });

  test('one that comes and goes is told at most every ten seconds, and each return that belongs to it', async () => {
    const { time, state, told, take } = scene(undefined);
    for (let turn = 0; turn < 40; turn += 1) {
      state.isAway = turn % 2 === 0;
      await take(rate('a'));
      await time.pass(500);
    }
    expect(told).toEqual(['gone', undefined, 'gone', undefined]);
    state.isAway = true;
    await time.pass(10_000);
    for (let again = 0; again < 3; again += 1) await take(rate('a'));
    expect(told).toHaveLength(5);
  });

  test('that has no room for a call is there: the call is denied, nothing is counted elsewhere; told as full, once in ten seconds', async () => {
    const time = new ManualTime();
    const told: unknown[] = [];
    const store = openFallbackLimitStore({
      store: openMemoryLimitStore(1),
      local: openMemoryLimitStore(),
      onTurn: (why) => told.push(why),
      onFull: () => told.push('full'),
    });
    const kinds = [];
    for (const name of ['a', 'b', 'a', 'a']) kinds.push((await store.take([rate(name)], time.now())).kind);
    expect(kinds).toEqual(['taken', 'full', 'taken', 'denied']);
    await store.take([rate('b')], time.now());
    expect(told).toEqual(['full']);
    await time.pass(10_000);
    for (const name of ['a', 'b', 'b']) await store.take([rate(name)], time.now());
    expect(told).toEqual(['full', 'full']);
  });

  test('a call is settled where it was counted', async () => {
    const { time, store, state, take } = scene(openMemoryLimitStore());
    const there = taken(await take(place('p', 'one', 1)));
    state.isAway = true;
    const here = taken(await take(place('p', 'two', 1)));
    expect((await take(place('p', 'three', 1))).kind).toBe('denied');
    store.settle(here, REACHED, time.now());
    expect((await take(place('p', 'four', 1))).kind).toBe('taken');
    state.isAway = false;
    await time.pass(1_000);
    expect((await take(place('p', 'five', 1))).kind).toBe('denied');
    store.renew([there, here], time.now());
    store.settle(there, REACHED, time.now());
    expect((await take(place('p', 'six', 1))).kind).toBe('taken');
  });
});

test('a store that cannot be opened decides nothing, and says why', async () => {
  const time = new ManualTime();
  const store = openDeferredLimitStore(() => Promise.reject(new Error('no room')));
  expect(await store.take([rate('a')], time.now())).toEqual({ kind: 'unavailable', why: 'no room' });
  expect(await store.list(time.now())).toEqual({ kind: 'unavailable', why: 'no room' });
});

test('a store that could not be opened is tried again, at most once a second', async () => {
  const time = new ManualTime();
  let tries = 0;
  const store = openDeferredLimitStore(async () => {
    tries += 1;
    if (tries < 3) throw new Error('no room');
    return openMemoryLimitStore();
  });
  const kinds = [];
  for (let step = 0; step < 6; step += 1) {
    kinds.push((await store.take([rate('a')], time.now())).kind);
    await time.pass(400);
  }
  const away = 'unavailable';
  expect(kinds).toEqual([away, away, away, away, away, away]);
  expect(tries).toBe(2);
  await time.pass(200);
  expect((await store.take([rate('a')], time.now())).kind).toBe('taken');
  expect(tries).toBe(3);
});
