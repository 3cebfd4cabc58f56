// What one process counts by itself: the same as the reducer would, whatever is put off; and what it still owes the others.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BreakerEvent } from '../../../src/policy/breaker/breaker-events.ts';
import { mergeBreaker } from '../../../src/policy/breaker/breaker-merge.ts';
import { reduceBreaker } from '../../../src/policy/breaker/breaker-reducer.ts';
import { type BreakerSettings, TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import { type BreakerState, FIRST_STATE } from '../../../src/policy/breaker/breaker-state.ts';
import { LocalBreaker } from '../../../src/policy/breaker/local-breaker.ts';
import type { Moment } from '../../../src/ports/breaker-store.ts';
import { IN_STATE, OneBreaker } from './one-breaker.ts';

const NOW = new OneBreaker().now;
const later = (ms: number): Moment => ({ ...NOW, wallMs: NOW.wallMs + ms, monoMs: NOW.monoMs + ms });
const SETTINGS: BreakerSettings = { ...TOOL_DEFAULTS, slowCall: { afterMs: 100, rate: 0.9 } };

type Settle = Extract<BreakerEvent, { type: 'settled' }>;
const settled = (outcome: Settle['outcome'], epoch = 0, durationMs = 1): Settle => ({
  type: 'settled',
  epoch,
  outcome,
  durationMs,
  random: 0.5,
});

function windowOf(state: BreakerState): readonly unknown[] {
  return state.kind === 'closed' ? state.window : [];
}

const outcome = fc.constantFrom<Settle['outcome']>(
  'success',
  'success',
  'success',
  'success',
  'fault',
  'tool_error',
  'none',
);
const events = fc.array(fc.record({ outcome, slow: fc.boolean(), epoch: fc.constantFrom(0, 0, 0, 1) }), {
  maxLength: 120,
  size: 'max',
});

test('counts as the reducer does, though it puts successes off', () => {
  fc.assert(
    fc.property(events, fc.boolean(), (all, mayBeSlow) => {
      const local = new LocalBreaker(FIRST_STATE);
      let naive: BreakerState = FIRST_STATE;
      for (const [index, one] of all.entries()) {
        const now = later(index);
        const event = settled(one.outcome, one.epoch, mayBeSlow && one.slow ? 101 : 100);
        const before = naive;
        naive = reduceBreaker(naive, event, now, SETTINGS).state;
        const isWorthTelling =
          naive !== before && (one.outcome !== 'success' || event.durationMs > 100 || naive.kind === 'open');
        expect(local.settle(event, now, SETTINGS)).toBe(isWorthTelling);
        expect(local.state.kind).toBe(naive.kind);
        expect(local.state.epoch).toBe(naive.epoch);
      }
      const owed = local.unmerged(SETTINGS);
      expect(owed.known).toBe(FIRST_STATE);
      expect(owed.opening?.state).toEqual(naive.kind === 'open' ? naive : undefined);
      expect(local.state).toEqual(naive);
      if (naive.kind === 'closed') expect(owed.samples).toEqual(windowOf(naive));
      expect(local.isUnmerged).toBe(naive !== FIRST_STATE);
    }),
    { numRuns: 300 },
  );
});

test('what was put off is bounded, and so is catching up', () => {
  const local = new LocalBreaker(FIRST_STATE);
  for (let call = 0; call < 1000; call += 1) local.settle(settled('success'), later(call), SETTINGS);
  expect(windowOf(local.state)).toHaveLength(0);
  // Each sample that is caught up with asks for the size of the window, once for each of two.
  let asked = 0;
  const counted: BreakerSettings = Object.defineProperty({ ...SETTINGS }, 'samples', {
    get: () => {
      asked += 1;
      return 20;
    },
  });
  local.unmerged(counted);
  expect(asked).toBeGreaterThanOrEqual(2 * 20);
  expect(asked).toBeLessThanOrEqual(2 * 2 * 20);
  expect(local.unmerged(SETTINGS).samples.map(({ at }) => at)).toEqual(
    Array.from({ length: 20 }, (_, index) => later(980 + index)),
  );
  expect(windowOf(local.state)).toHaveLength(20);
});

describe('a merge', () => {
  test('takes what it was given, once, and keeps what came since', () => {
    const local = new LocalBreaker(FIRST_STATE);
    local.settle(settled('success'), later(0), SETTINGS);
    local.settle(settled('fault'), later(1), SETTINGS);
    const taken = local.unmerged(SETTINGS);
    local.settle(settled('success'), later(2), SETTINGS);
    local.settle(settled('tool_error'), later(3), SETTINGS);
    const { state } = mergeBreaker(FIRST_STATE, taken, later(4), 0.5, SETTINGS);
    local.merged(state, taken, later(4), SETTINGS);
    expect(local.unmerged(SETTINGS).samples.map(({ sample }) => sample)).toEqual(['success', 'tool_error']);
    expect(local.state).toMatchObject({
      window: ['success', 'fault', 'success', 'tool_error'].map((sample) => ({ sample })),
    });
    const rest = local.unmerged(SETTINGS);
    const second = mergeBreaker(state, rest, later(5), 0.5, SETTINGS).state;
    local.merged(second, rest, later(5), SETTINGS);
    expect(local.isUnmerged).toBe(false);
    expect(local.state).toEqual(second);
  });

  test('of an opening settles it: it is the shared state from then on', () => {
    const local = new LocalBreaker(FIRST_STATE);
    for (let call = 0; call < 5; call += 1) local.settle(settled('fault'), NOW, SETTINGS);
    const taken = local.unmerged(SETTINGS);
    const { state } = mergeBreaker(FIRST_STATE, taken, NOW, 0.5, SETTINGS);
    local.merged(state, taken, NOW, SETTINGS);
    expect(local.state).toBe(state);
    expect(local.isUnmerged).toBe(false);
  });

  test('that found no room for an opening takes it back', () => {
    const local = new LocalBreaker(FIRST_STATE);
    for (let call = 0; call < 5; call += 1) local.settle(settled('fault'), NOW, SETTINGS);
    local.merged(FIRST_STATE, local.unmerged(SETTINGS), NOW, SETTINGS);
    expect(local.state.kind).toBe('closed');
  });

  test('keeps an opening that came while it was under way', () => {
    const local = new LocalBreaker(FIRST_STATE);
    for (let call = 0; call < 4; call += 1) local.settle(settled('fault'), NOW, SETTINGS);
    const taken = local.unmerged(SETTINGS);
    local.settle(settled('fault'), NOW, SETTINGS);
    local.merged(mergeBreaker(FIRST_STATE, taken, NOW, 0.5, SETTINGS).state, taken, NOW, SETTINGS);
    expect(local.state.kind).toBe('open');
    expect(local.unmerged(SETTINGS).opening?.state.kind).toBe('open');
  });
});

test('where nothing has changed nothing is made anew', () => {
  const local = new LocalBreaker(FIRST_STATE);
  expect(local.unmerged(SETTINGS).samples).toEqual([]);
  expect(local.state).toBe(FIRST_STATE);
  local.settle(settled('fault'), NOW, SETTINGS);
  const { state } = local;
  local.see(FIRST_STATE, later(1), SETTINGS);
  expect(local.state).toBe(state);
});

describe('what the others have written', () => {
  test('joins with what was counted here, in the same epoch', () => {
    const local = new LocalBreaker(FIRST_STATE);
    local.settle(settled('success'), later(0), SETTINGS);
    local.settle(settled('fault'), later(2), SETTINGS);
    const shared: BreakerState = { ...FIRST_STATE, window: [{ at: later(1), sample: 'tool_error', slow: false }] };
    local.see(shared, later(3), SETTINGS);
    expect(local.state).toMatchObject({
      window: [{ sample: 'success' }, { sample: 'tool_error' }, { sample: 'fault' }],
    });
    expect(local.unmerged(SETTINGS).samples).toHaveLength(2);
    const waiting = new LocalBreaker(FIRST_STATE);
    waiting.settle(settled('success'), later(0), SETTINGS);
    waiting.see(shared, later(3), SETTINGS);
    expect(waiting.state).toMatchObject({ window: [{ sample: 'success' }, { sample: 'tool_error' }] });
    // A fault of theirs ends the time in which successes can be put off.
    const other = new LocalBreaker(FIRST_STATE);
    other.see(shared, later(3), SETTINGS);
    other.settle(settled('success'), later(4), SETTINGS);
    expect(windowOf(other.state)).toHaveLength(2);
  });

  test('does not undo what has opened here', () => {
    const local = new LocalBreaker(FIRST_STATE);
    for (let call = 0; call < 5; call += 1) local.settle(settled('fault'), NOW, SETTINGS);
    local.see({ ...FIRST_STATE }, NOW, SETTINGS);
    expect(local.state.kind).toBe('open');
    expect(local.isUnmerged).toBe(true);
  });

  test.each(['open', 'half_open', 'isolated'] as const)('ends the epoch where it is %s', (name) => {
    const local = new LocalBreaker(FIRST_STATE);
    for (let call = 0; call < 5; call += 1) local.settle(settled('fault'), NOW, SETTINGS);
    const { state } = IN_STATE[name]();
    local.see(state, NOW, SETTINGS);
    expect(local.state).toBe(state);
    expect(local.isUnmerged).toBe(false);
  });

  test('ends the epoch where it is closed anew', () => {
    const local = new LocalBreaker(FIRST_STATE);
    local.settle(settled('fault'), NOW, SETTINGS);
    local.see({ ...FIRST_STATE, epoch: 2 }, NOW, SETTINGS);
    expect(local.isUnmerged).toBe(false);
    expect(local.state).toMatchObject({ epoch: 2, window: [] });
    expect(local.settle(settled('fault', 0), NOW, SETTINGS)).toBe(false);
    expect(local.settle(settled('success', 0), NOW, SETTINGS)).toBe(false);
    expect(local.isUnmerged).toBe(false);
  });
});

describe('the result of a probe', () => {
  test('is told, decided by nobody here, and told once', () => {
    const { state } = IN_STATE.half_open();
    const local = new LocalBreaker(state);
    expect(local.settle(settled('success', state.epoch - 1), NOW, SETTINGS)).toBe(false);
    expect(local.awaitsMerge).toBe(false);
    expect(local.settle(settled('success', state.epoch), NOW, SETTINGS)).toBe(true);
    expect(local.state).toBe(state);
    expect([local.awaitsMerge, local.isUnmerged]).toEqual([true, true]);
    const taken = local.unmerged(SETTINGS);
    expect(taken.events).toHaveLength(1);
    const merged = mergeBreaker(state, taken, NOW, 0.5, SETTINGS);
    expect(merged.state).toMatchObject({ successes: 1 });
    local.merged(merged.state, taken, NOW, SETTINGS);
    expect([local.awaitsMerge, local.isUnmerged]).toEqual([false, false]);
  });
});

test('can be forgotten where it is healthy, or shared; never where it is out or owes something bad', () => {
  const healthy = new LocalBreaker(FIRST_STATE);
  healthy.settle(settled('success'), NOW, SETTINGS);
  expect(healthy.isForgettable).toBe(true);
  const owing = new LocalBreaker(FIRST_STATE);
  owing.settle(settled('fault'), NOW, SETTINGS);
  expect(owing.isForgettable).toBe(false);
  const taken = owing.unmerged(SETTINGS);
  owing.merged(mergeBreaker(FIRST_STATE, taken, NOW, 0.5, SETTINGS).state, taken, NOW, SETTINGS);
  expect(owing.isForgettable).toBe(true);
  // What is out, and shared, can be looked up again.
  expect(new LocalBreaker(IN_STATE.open().state).isForgettable).toBe(true);
});
