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
