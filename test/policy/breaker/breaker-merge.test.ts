// Several guards, one store: what one knows reaches the others, nothing is lost, and all come to the same state.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Board,
  EMPTY_BOARD,
  isolationsOf,
  restoreIsolations,
  stateOf,
} from '../../../src/policy/breaker/board.ts';
import { mergeBreaker, pickNewer, type Unmerged } from '../../../src/policy/breaker/breaker-merge.ts';
import { TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import { type BreakerState, FIRST_STATE, type TimedSample } from '../../../src/policy/breaker/breaker-state.ts';
import { LocalBreaker } from '../../../src/policy/breaker/local-breaker.ts';
import { joinWindows } from '../../../src/policy/breaker/trip.ts';
import type { Moment } from '../../../src/ports/breaker-store.ts';
import { ANSWER, FAULT, type Guard, Machine } from './machine.ts';
import { IN_STATE, OneBreaker } from './one-breaker.ts';

const NOW: Moment = { wallMs: 1_700_000_000_000, monoMs: 5_000_000, bootId: 'boot-1' };
const at = (agoMs: number): Moment => ({ ...NOW, monoMs: NOW.monoMs - agoMs, wallMs: NOW.wallMs - agoMs });

describe('joined windows', () => {
  const sample = fc.record({
    sample: fc.constantFrom('success' as const, 'fault' as const, 'tool_error' as const),
    slow: fc.boolean(),
  });
  const ages = fc.uniqueArray(fc.nat(700_000), { maxLength: 30, size: 'max' });

  test('are the newest twenty of both that are young enough, in whatever order they are joined', () => {
    fc.assert(
      fc.property(ages, fc.array(fc.tuple(sample, fc.boolean()), { minLength: 30, maxLength: 30 }), (agesMs, made) => {
        const all = agesMs
          .toSorted((a, b) => b - a)
          .map((ageMs, index) => ({
            ageMs,
            isMine: made[index]?.[1] === true,
            one: { at: at(ageMs), ...sampleOf(made[index]?.[0]) },
          }));
        const mine = all.filter(({ isMine }) => isMine).map(({ one }) => one);
        const theirs = all.filter(({ isMine }) => !isMine).map(({ one }) => one);
        const expected = all
          .filter(({ ageMs }) => ageMs <= 600_000)
          .slice(-20)
          .map(({ one }) => one);
        expect(joinWindows(mine, theirs, NOW, TOOL_DEFAULTS)).toEqual(expected);
        expect(joinWindows(theirs, mine, NOW, TOOL_DEFAULTS)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('hold what is exactly ten minutes old, and nothing older', () => {
    const aged = (ageMs: number): TimedSample => ({ at: at(ageMs), sample: 'fault', slow: false });
    expect(joinWindows([aged(600_001), aged(600_000)], [], NOW, TOOL_DEFAULTS)).toEqual([aged(600_000)]);
  });

  test('of one turn keep their order: no row is made of what was none', () => {
    const turn: TimedSample[] = ['fault', 'success', 'fault', 'success'].map((one) => ({
      at: NOW,
      sample: one === 'fault' ? 'fault' : 'success',
      slow: false,
    }));
    expect(joinWindows([], turn, NOW, TOOL_DEFAULTS)).toEqual(turn);
  });

  function sampleOf(made: { sample: TimedSample['sample']; slow: boolean } | undefined) {
    return made ?? { sample: 'success' as const, slow: false };
  }
});

describe('of two readings', () => {
  const isolated: BreakerState = { kind: 'isolated', epoch: 3, at: NOW, actor: 'ada', reason: 'x' };
  const closed = (epoch: number): BreakerState => ({ ...FIRST_STATE, epoch });

  test('the newer epoch holds, whoever has it', () => {
    for (const [shared, known] of [
      [closed(4), closed(3)],
      [closed(3), closed(4)],
    ] as const)
      expect(pickNewer(shared, known, NOW)).toEqual({ state: closed(4), transitions: [] });
    expect(pickNewer(closed(4), isolated, NOW).state).toEqual(closed(4));
  });

  test('the shared one holds where both are of one epoch', () => {
    const shared = closed(3);
    expect(pickNewer(shared, closed(3), NOW).state).toBe(shared);
  });

  test('an isolation that comes back from a backup holds, and is said', () => {
    const { state, transitions } = pickNewer(isolated, closed(7), NOW);
    expect(state).toEqual({ ...isolated, epoch: 8 });
    const evidence = { kind: 'person', actor: 'ada', reason: 'x' };
    expect(transitions).toMatchObject([{ rule: 'isolation_kept', from: 'closed', to: 'isolated', epoch: 8, evidence }]);
  });

  test('an isolation that is known is not lost to a board that lost it', () => {
    for (const epoch of [0, 2, 3]) expect(pickNewer(closed(epoch), isolated, NOW).state).toBe(isolated);
    const newer = { ...isolated, epoch: 9 };
    expect(pickNewer(isolated, newer, NOW)).toEqual({ state: newer, transitions: [] });
  });
});

describe('a merge', () => {
  const samples = (...made: TimedSample['sample'][]): TimedSample[] =>
    made.map((sample, index) => ({ at: at(made.length - index), sample, slow: false }));
  const mine = (part: Partial<Unmerged>): Unmerged => ({
    known: FIRST_STATE,
    samples: [],
    opening: undefined,
    events: [],
    ...part,
  });
  const merge = (shared: BreakerState, unmerged: Unmerged) => mergeBreaker(shared, unmerged, NOW, 0.5, TOOL_DEFAULTS);

  test('of what each has seen half of opens', () => {
    const shared = merge(FIRST_STATE, mine({ samples: samples('fault', 'fault', 'fault') })).state;
    expect(shared.kind).toBe('closed');
    const { state, transitions } = merge(shared, mine({ samples: samples('fault', 'fault') }));
    expect(state.kind).toBe('open');
    expect(transitions.map(({ rule }) => rule)).toEqual(['fault_row']);
  });

  test('of a passed epoch is void', () => {
    const shared = { ...FIRST_STATE, epoch: 2 };
    const five = samples('fault', 'fault', 'fault', 'fault', 'fault');
    expect(merge(shared, mine({ samples: five })).state).toEqual(shared);
    const opening = new OneBreaker().feed('FFFFF');
    expect(
      merge(shared, mine({ opening: { state: opening.state, transitions: opening.transitions } })).transitions,
    ).toEqual([]);
  });

  test('keeps the opening that was announced, though the others know of successes', () => {
    const opening = new OneBreaker().feed('FFFFF');
    const shared: BreakerState = { ...FIRST_STATE, window: samples(...Array<'success'>(15).fill('success')) };
    const merged = merge(shared, mine({ opening: { state: opening.state, transitions: opening.transitions } }));
    expect(merged).toEqual({ state: opening.state, transitions: opening.transitions });
  });

  test('of an opening into one that came first keeps the first', () => {
    const first = IN_STATE.open().state;
    const second = new OneBreaker();
    second.random = 1;
    second.feed('FFFFF');
    const merged = merge(first, mine({ opening: { state: second.state, transitions: second.transitions } }));
    expect(merged).toEqual({ state: first, transitions: [] });
  });

  test('into an isolation of the same epoch, as from a backup, changes nothing', () => {
    const shared: BreakerState = { kind: 'isolated', epoch: 0, at: NOW, actor: 'ada', reason: 'x' };
    const { state, transitions } = new OneBreaker().feed('FFFFF');
    expect(merge(shared, mine({ opening: { state, transitions } }))).toEqual({ state: shared, transitions: [] });
    expect(merge(shared, mine({ samples: samples('fault') })).state).toBe(shared);
  });

  test.each(Object.keys(IN_STATE) as (keyof typeof IN_STATE)[])('of nothing leaves %s as it is', (name) => {
    const { state } = IN_STATE[name]();
    expect(merge(state, mine({ known: state })).state).toBe(state);
    expect(merge(state, mine({})).state).toEqual(state);
  });
});

test('a local breaker forgets what was counted under a passed epoch, and keeps what came during a merge', () => {
  const local = new LocalBreaker(FIRST_STATE);
  const fail = (epoch: number) =>
    local.settle({ type: 'settled', epoch, outcome: 'fault', durationMs: 1, random: 0 }, NOW, TOOL_DEFAULTS);
  expect([fail(0), fail(0)]).toEqual([true, true]);
  const taken = local.unmerged(TOOL_DEFAULTS);
  fail(0);
  const { state } = mergeBreaker(FIRST_STATE, taken, NOW, 0, TOOL_DEFAULTS);
  local.merged(state, taken, NOW, TOOL_DEFAULTS);
  expect(local.unmerged(TOOL_DEFAULTS).samples).toHaveLength(1);
  expect(local.state.kind === 'closed' && local.state.window.length).toBe(3);
  local.see({ ...FIRST_STATE, epoch: 5 }, NOW, TOOL_DEFAULTS);
  expect(local.isUnmerged).toBe(false);
  expect(fail(0)).toBe(false);
  expect(local.state).toMatchObject({ epoch: 5, window: [] });
});

describe('isolations beside the board', () => {
  const isolated = () => new Machine().order('isolate', 'query').order('isolate', undefined);

  test('come back when it is lost, and never go', () => {
    const machine = isolated();
    const kept = isolationsOf(machine.board);
    expect(kept.map(({ tool }) => tool)).toEqual([undefined, 'query']);
    const restored = restoreIsolations(EMPTY_BOARD, kept);
    expect(stateOf(restored, 'query').kind).toBe('isolated');
    expect(restored.server.kind).toBe('isolated');
    const { board } = machine;
    expect(restoreIsolations(board, kept)).toBe(board);
    expect(restoreIsolations(board, [])).toBe(board);
  });

  test('win over what a board of a newer epoch says', () => {
    const board: Board = { ...EMPTY_BOARD, tools: [{ tool: 'query', state: { ...FIRST_STATE, epoch: 40 } }] };
    expect(stateOf(restoreIsolations(board, isolationsOf(isolated().board)), 'query')).toMatchObject({
      kind: 'isolated',
      epoch: 41,
    });
  });
});

describe('eight guards', () => {
  const eight = (machine: Machine): Guard[] => Array.from({ length: 8 }, (_, index) => machine.guard(`g${index}`));

  test('open on what they have seen together', () => {
    const machine = new Machine();
    const guards = eight(machine);
    for (const guard of guards.slice(0, 5)) {
      guard.call(FAULT);
      machine.settle();
    }
    for (const guard of guards) expect(guard.call(ANSWER)).toBe('deny');
    expect(machine.transitions).toHaveLength(1);
  });

  test('that all open at once have opened once, until the same time', () => {
    const machine = new Machine();
    const guards = eight(machine);
    for (const [index, guard] of guards.entries()) {
      machine.random = index / 8;
      guard.calls(FAULT, 5);
    }
    machine.settle();
    expect(machine.transitions.map(({ transition }) => transition.rule)).toEqual(['fault_row']);
    const texts = guards.map((guard) => guard.breaker.onRequest(guard.begin(), machine.now));
    expect(new Set(texts.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
    expect(texts[0]).toMatchObject({ kind: 'deny', retryAfterMs: 24_000 });
  });

  test('send one probe', () => {
    const machine = new Machine();
    const guards = eight(machine);
    guards[0]?.calls(FAULT, 5);
    machine.settle().wait(30_000);
    const asked = guards.flatMap((guard) => [guard, guard].map(() => ({ guard, request: guard.begin() })));
    machine.settle();
    expect(asked.filter(({ guard, request }) => guard.verdictOf(request) === 'pass')).toHaveLength(1);
    expect(asked.filter(({ guard, request }) => guard.verdictOf(request) === 'deny')).toHaveLength(15);
  });

  test('do not wait for one that was killed with the probe in flight', () => {
    const machine = new Machine();
    const [first, second] = [machine.guard('first'), machine.guard('second')];
    first.calls(FAULT, 5);
    machine.settle().wait(30_000);
    first.begin();
    machine.settle();
    expect(second.call(ANSWER)).toBe('deny');
    machine.dead.add('first');
    machine.wait(200);
    expect(second.call(ANSWER)).toBe('pass');
    expect(machine.transitions.map(({ transition }) => transition.rule)).toEqual([
      'fault_row',
      'cool_down_over',
      'holder_gone',
      'next_probe',
    ]);
    // Its own lease is never taken for a dead one's.
    machine.settle();
    machine.dead.add('second');
    const own = second.begin();
    machine.settle();
    expect(second.verdictOf(own)).toBe('pass');
    expect(second.call(ANSWER)).toBe('deny');
  });

  test('obey a person at their next call', () => {
    const machine = new Machine();
    const guards = eight(machine);
    for (const guard of guards) expect(guard.call(ANSWER)).toBe('pass');
    machine.order('isolate', 'query');
    for (const guard of guards) expect(guard.call(ANSWER)).toBe('deny');
    machine.order('reset', 'query');
    for (const guard of guards) expect(guard.call(ANSWER)).toBe('pass');
  });
});
