// What a board remembers, what it may forget, and what its writing costs; and time across a reboot.
import { describe, expect, test } from 'vitest';
import { elapsedMs, remainingMs } from '../../../src/policy/breaker/moment.ts';
import { type Board, countOutByFaults, EMPTY_BOARD, stateOf, withState } from '../../../src/policy/breaker/board.ts';
import { mergeBoard } from '../../../src/policy/breaker/breaker-merge.ts';
import { TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import type { BreakerState } from '../../../src/policy/breaker/breaker-state.ts';
import { IN_STATE, OneBreaker } from './one-breaker.ts';

const OPEN = IN_STATE.open().state;
const CLOSED = IN_STATE.closed().state;
const ISOLATED = IN_STATE.isolated().state;

const full = (state: (index: number) => BreakerState): Board => ({
  ...EMPTY_BOARD,
  tools: Array.from({ length: 512 }, (_, index) => ({ tool: `t${index}`, state: state(index) })),
});
const names = (board: Board): string[] => board.tools.map(({ tool }) => tool);

describe('a full board', () => {
  test.each([0, 7])('forgets the oldest closed one for another (at %i)', (index) => {
    const board = full((one) => (one >= index ? CLOSED : OPEN));
    const added = withState(board, 'new', OPEN);
    expect(added.tools).toHaveLength(512);
    expect(stateOf(added, 'new')).toBe(OPEN);
    expect(names(added)).not.toContain(`t${index}`);
    expect(names(added)).toContain(`t${index + 1}`);
  });

  test.each([0, 7])('where none is closed, only an isolation still finds room (at %i)', (index) => {
    const board = full((one) => (one >= index ? OPEN : ISOLATED));
    expect(names(withState(board, 'new', OPEN))).toEqual([...names(board), 'new'].slice(0, 512));
    const added = withState(board, 'new', ISOLATED);
    expect(added.tools).toHaveLength(512);
    expect(stateOf(added, 'new')).toBe(ISOLATED);
    expect(names(added)).not.toContain(`t${index}`);
  });

  test('an isolation drives out no other', () => {
    const board = full(() => ISOLATED);
    const added = withState(board, 'new', ISOLATED);
    expect(names(added)).toEqual([...names(board), 'new']);
  });
});

describe('where nothing has changed', () => {
  test('the board is the same, so that nothing is written', () => {
    const board = withState(EMPTY_BOARD, 'a', OPEN);
    expect(withState(board, 'a', OPEN)).toBe(board);
    expect(withState(board, undefined, board.server)).toBe(board);
    const context = { now: new OneBreaker().now, random: 0.5, settingsOf: () => TOOL_DEFAULTS, knownTools: 1 };
    expect(mergeBoard(board, { breakers: new Map(), crashed: undefined }, context)).toEqual({ board, transitions: [] });
    expect(mergeBoard(board, { breakers: new Map(), crashed: undefined }, context).board).toBe(board);
  });
});

test('out by faults are those that are open or probed for faults, and no others', () => {
  const states = [OPEN, IN_STATE.half_open().state, CLOSED, ISOLATED, new OneBreaker().order('open').state];
  const tools = states.map((state, index) => ({ tool: `t${index}`, state }));
  expect(countOutByFaults({ ...EMPTY_BOARD, tools })).toBe(2);
});

describe('time', () => {
  const at = (wallMs: number, monoMs: number, bootId = 'a') => ({ wallMs, monoMs, bootId });

  test('within a boot is the monotonic clock, never negative', () => {
    expect(elapsedMs(at(0, 10), at(-1e9, 15.5))).toBe(5.5);
    expect(elapsedMs(at(0, 15), at(1e9, 10))).toBe(0);
  });

  test('across boots is the wall clock, and infinite where it went back', () => {
    expect(elapsedMs(at(100, 9), at(100, 1, 'b'))).toBe(0);
    expect(elapsedMs(at(100, 9), at(130, 1, 'b'))).toBe(30);
    expect(elapsedMs(at(100, 9), at(99, 1, 'b'))).toBe(Number.POSITIVE_INFINITY);
  });

  test('what is left is between nothing and all of it', () => {
    expect(remainingMs(at(0, 10), 5, at(0, 12))).toBe(3);
    expect(remainingMs(at(0, 10), 5, at(0, 100))).toBe(0);
    expect(remainingMs(at(0, 10), 5, at(0, 0))).toBe(5);
    expect(remainingMs(at(9, 10), 5, at(0, 0, 'b'))).toBe(0);
  });
});
