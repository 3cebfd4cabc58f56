// What a board remembers, what it may forget, and what its writing costs; and time across a reboot.
import { describe, expect, test } from 'vitest';
import { MAX_DOCUMENT_BYTES } from '../../../src/adapters/document-file.ts';
import {
  type Board,
  countOutByFaults,
  EMPTY_BOARD,
  isolationsOf,
  MOST_TOOLS,
  stateOf,
  withState,
} from '../../../src/policy/breaker/board.ts';
import { mergeBoard } from '../../../src/policy/breaker/breaker-merge.ts';
import { TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import { type BreakerState, FIRST_STATE } from '../../../src/policy/breaker/breaker-state.ts';
import { elapsedMs, remainingMs } from '../../../src/policy/breaker/moment.ts';
import { readBoard } from '../../../src/policy/breaker/read-board.ts';
import { IN_STATE, OneBreaker } from './one-breaker.ts';

const OPEN = IN_STATE.open().state;
const CLOSED = IN_STATE.closed().state;
const ISOLATED = IN_STATE.isolated().state;

const CONTEXT = { now: new OneBreaker().now, random: 0.5, settingsOf: () => TOOL_DEFAULTS, allTools: [] as string[] };

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

  test('where none is closed takes no other, and says of none that it opened', () => {
    const board = full(() => OPEN);
    expect(withState(board, 'new', OPEN)).toBe(board);
    expect(withState(board, 't0', CLOSED).tools[0]?.state).toBe(CLOSED);
    const { now, transitions, state } = new OneBreaker().feed('FFFFF');
    const mine = { known: FIRST_STATE, samples: [], opening: { state, transitions }, events: [] };
    const merged = mergeBoard(board, { breakers: new Map([['new', mine]]), crashed: undefined }, { ...CONTEXT, now });
    expect(merged).toEqual({ board, transitions: [] });
  });

  test('always takes an isolation, and is read back with it', () => {
    const board = full(() => OPEN);
    const added = withState(board, 'new', ISOLATED);
    expect(names(added)).toEqual([...names(board), 'new']);
    expect(readBoard(JSON.parse(JSON.stringify(added)))).toEqual(added);
    expect(names(withState(added, 'another', CLOSED))).not.toContain('another');
    // An isolation takes no room from the others.
    const isolated = full((index) => (index < 3 ? ISOLATED : OPEN));
    expect(names(withState(isolated, 'new', OPEN))).toHaveLength(513);
  });
});

describe('samples of one board', () => {
  const at = { wallMs: 1_795_354_036_619.25, monoMs: 23_009_119.447180998, bootId: 'b'.repeat(60) };
  const closed = (count: number): BreakerState => ({
    kind: 'closed',
    epoch: 7,
    round: 3,
    since: null,
    window: Array.from({ length: count }, () => ({ at, sample: 'tool_error', slow: false })),
  });
  const board = (...states: readonly BreakerState[]): Board => ({
    ...EMPTY_BOARD,
    tools: states.map((state, index) => ({ tool: `t${index}`, state })),
  });
  const counts = ({ tools }: Board) =>
    tools.map(({ state }) => (state.kind === 'closed' ? state.window.length : state.kind));
  const thousands = Array.from({ length: 10 }, () => closed(1000));

  test('are bounded: the first tools lose theirs, and nothing else', () => {
    const full = board(...thousands, closed(240));
    expect(counts(withState(full, 'new', closed(0)))).toEqual([...counts(full), 0]);
    const one = withState(full, 'new', closed(1));
    expect(counts(one)).toEqual([0, ...counts(full).slice(1), 1]);
    expect(stateOf(one, 't0')).toEqual(closed(0));
    // No tool more than there must be.
    expect(counts(withState(full, 'new', closed(1000)))).toEqual([0, ...counts(full).slice(1), 1000]);
    expect(counts(withState(full, 'new', closed(1001)))).toEqual([0, 0, ...counts(full).slice(2), 1001]);
  });

  test('of the tool that has just been called stay, what is open has none, and what has none is the same', () => {
    const first = withState(board(closed(0), ...thousands, closed(240), OPEN), 't1', closed(1000));
    const grown = withState(first, 't0', closed(5));
    expect(counts(grown)).toEqual([5, 0, ...counts(first).slice(2)]);
    const open = board(OPEN, closed(0), ...thousands, closed(240));
    const bounded = withState(open, 'new', closed(1));
    expect(counts(bounded)).toEqual(['open', 0, 0, ...counts(open).slice(3), 1]);
    expect(bounded.tools.slice(0, 2)).toEqual(open.tools.slice(0, 2));
    expect(bounded.tools[1]).toBe(open.tools[1]);
  });

  test('never make a document that could not be read again, whatever the names are', () => {
    // JSON needs six bytes for each of these characters.
    const name = (index: number) => `${'\u0001'.repeat(253)}${index.toString().padStart(3, '0')}`;
    const names = Array.from({ length: MOST_TOOLS }, (_, index) => name(index));
    const thousand = closed(1000);
    const filled = names.reduce((all, tool) => withState(all, tool, thousand), EMPTY_BOARD);
    expect(counts(filled).reduce((sum: number, count) => sum + Number(count), 0)).toBeLessThanOrEqual(10_240);
    const bytes = JSON.stringify({ ...filled, crashed: names }).length;
    expect(bytes).toBeLessThan(MAX_DOCUMENT_BYTES - 65_536);
  });
});

describe('where nothing has changed', () => {
  test('the board is the same, so that nothing is written', () => {
    const board = withState(EMPTY_BOARD, 'a', OPEN);
    expect(withState(board, 'a', OPEN)).toBe(board);
    expect(withState(board, undefined, board.server)).toBe(board);
    expect(mergeBoard(board, { breakers: new Map(), crashed: undefined }, CONTEXT)).toEqual({ board, transitions: [] });
    expect(mergeBoard(board, { breakers: new Map(), crashed: undefined }, CONTEXT).board).toBe(board);
  });
});

test('a board that nobody has written knows nothing', () => {
  expect(EMPTY_BOARD).toEqual({ version: 1, server: FIRST_STATE, tools: [], crashed: [] });
});

test('isolations are what a person has switched off, and nothing else', () => {
  const tools = [OPEN, ISOLATED, CLOSED].map((state, index) => ({ tool: `t${index}`, state }));
  expect(isolationsOf({ ...EMPTY_BOARD, tools })).toEqual([{ tool: 't1', state: ISOLATED }]);
});

test('out by faults are those of a server’s tools that are open or probed for faults, and no others', () => {
  const states = [OPEN, IN_STATE.half_open().state, CLOSED, ISOLATED, new OneBreaker().order('open').state];
  const tools = states.map((state, index) => ({ tool: `t${index}`, state }));
  const all = new Set(tools.map(({ tool }) => tool));
  expect(countOutByFaults({ ...EMPTY_BOARD, tools }, all)).toBe(2);
  // A name that the server has not got is nobody's tool.
  expect(countOutByFaults({ ...EMPTY_BOARD, tools }, new Set(['t1', 't2']))).toBe(1);
});

test('a board full of what was left open long ago has room for a real tool', () => {
  const open = new OneBreaker().order('open').state;
  const tools = Array.from({ length: MOST_TOOLS }, (_, index) => ({ tool: `guess-${index}`, state: open }));
  const full = { ...EMPTY_BOARD, tools };
  const later = (ms: number) =>
    open.kind === 'open' ? { ...open, at: { ...open.at, monoMs: open.at.monoMs + open.forMs + ms } } : open;
  expect(withState(full, 'real', later(600_000))).toBe(full);
  const board = withState(full, 'real', later(600_001));
  expect([board.tools.length, stateOf(board, 'real').kind, stateOf(board, 'guess-0').kind]).toEqual([
    MOST_TOOLS,
    'open',
    'closed',
  ]);
});

test('a board full of what is being probed takes nothing else, and does not fail', () => {
  const { state } = IN_STATE.half_open();
  const tools = Array.from({ length: MOST_TOOLS }, (_, index) => ({ tool: `guess-${index}`, state }));
  const full = { ...EMPTY_BOARD, tools };
  expect(withState(full, 'real', OPEN)).toBe(full);
});

describe('time', () => {
  const at = (wallMs: number, monoMs: number, bootId = 'a') => ({ wallMs, monoMs, bootId });

  test('within a boot is the monotonic clock, never negative', () => {
    expect(elapsedMs(at(0, 10), at(-1e9, 15.5))).toBe(5.5);
    expect(elapsedMs(at(0, 15), at(1e9, 10))).toBe(0);
    expect(elapsedMs(at(0, 1_010), at(1e9, 10))).toBe(0);
    // A document of another machine, or of a person: nothing waits for that.
    expect(elapsedMs(at(0, 1_011), at(1e9, 10))).toBe(Number.POSITIVE_INFINITY);
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
