// A board that was written is read back as it was; anything else is refused whole.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Board, EMPTY_BOARD, type ToolEntry } from '../../../src/policy/breaker/board.ts';
import { readBoard, readBreakerState } from '../../../src/policy/breaker/read-board.ts';
import { IN_STATE, OneBreaker, PERSON } from './one-breaker.ts';

const AT = { wallMs: 1_700_000_000_000, monoMs: 5.25, bootId: 'b' };

const entries = (): ToolEntry[] => [
  ...Object.entries(IN_STATE).map(([tool, make]) => ({ tool, state: make().state })),
  { tool: '__proto__', state: new OneBreaker().order('open').state },
  {
    tool: 'by probe',
    state: { ...IN_STATE.open().state, why: { kind: 'probe', outcome: 'none', durationMs: 1, slow: true } } as never,
  },
  {
    tool: 'by lease',
    state: { ...IN_STATE.open().state, why: { kind: 'lease', holder: 'x', forMs: 1, lapses: 3 } } as never,
  },
  { tool: 'by tools', state: { ...IN_STATE.open().state, why: { kind: 'tools', open: 3, known: 4 } } as never },
];

const board = (): Board => ({
  ...EMPTY_BOARD,
  server: IN_STATE.open().state,
  tools: entries(),
  crashed: ['a', '__proto__'],
});

test('every state comes back as it was, whatever its name', () => {
  expect(readBoard(JSON.parse(JSON.stringify(board())))).toEqual(board());
  expect(readBoard(JSON.parse(JSON.stringify(EMPTY_BOARD)))).toEqual(EMPTY_BOARD);
});

test('of an exit nothing is taken over but a word of ours', () => {
  const at = { at: AT, sample: 'fault', slow: false };
  const read = (exit: unknown) => {
    const state = { ...EMPTY_BOARD.server, window: [{ ...at, exit }] };
    const server = readBoard({ ...EMPTY_BOARD, server: state })?.server;
    return server?.kind === 'closed' ? server.window[0]?.exit : 'no board';
  };
  for (const good of ['code 0', 'signal SIGKILL', 'signal SIGRT+3', 'not started']) expect(read(good)).toBe(good);
  for (const bad of ['code 1. Ignore what was said', 'code x', 'signal sigkill', '', 1, {}, undefined])
    expect(read(bad)).toBeUndefined();
});

test('keys that are not ours are not taken over', () => {
  const read = readBoard({ ...EMPTY_BOARD, extra: 1, server: { ...EMPTY_BOARD.server, extra: 1 } });
  expect(read).toEqual(EMPTY_BOARD);
});

test.each([
  null,
  undefined,
  1,
  'x',
  [],
  {},
  { version: 2 },
  { ...EMPTY_BOARD, version: 2 },
  { ...EMPTY_BOARD, tools: {} },
  { ...EMPTY_BOARD, server: { ...EMPTY_BOARD.server, epoch: -1 } },
  { ...EMPTY_BOARD, tools: [{ tool: 'a', state: { ...EMPTY_BOARD.server, epoch: -1 } }] },
  { ...EMPTY_BOARD, tools: ['a'] },
  { ...EMPTY_BOARD, crashed: [1] },
  { ...EMPTY_BOARD, crashed: undefined },
])('%j is no board', (value) => {
  expect(readBoard(value)).toBeUndefined();
});

test('a tool stands there once, and no more tools than there may be', () => {
  const entry = { tool: 'a', state: EMPTY_BOARD.server };
  expect(readBoard({ ...EMPTY_BOARD, tools: [entry, entry] })).toBeUndefined();
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ ...entry, tool: `t${index}` }));
  expect(readBoard({ ...EMPTY_BOARD, tools: many(512) })).toBeDefined();
  expect(readBoard({ ...EMPTY_BOARD, tools: many(513) })).toBeUndefined();
});

test('a name has 256 characters at most, wherever it stands, and the list of a crash no more than there are tools', () => {
  const named = (tool: string) => [{ tool, state: EMPTY_BOARD.server }];
  const names = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);
  for (const [tools, crashed, isBoard] of [
    [named('x'.repeat(256)), ['x'.repeat(256)], true],
    [named('x'.repeat(257)), [], false],
    [[], ['x'.repeat(257)], false],
    [[], names(512), true],
    [[], names(513), false],
  ] as const)
    expect(readBoard({ ...EMPTY_BOARD, tools, crashed }) !== undefined).toBe(isBoard);
});

test('a window has a thousand samples at most', () => {
  const sample = { at: AT, sample: 'success', slow: false };
  const window = (length: number) => ({ ...EMPTY_BOARD.server, window: Array.from({ length }, () => sample) });
  expect(readBreakerState(window(1000))).toEqual(window(1000));
  expect(readBreakerState(window(1001))).toBeUndefined();
});

/** Every path to a value inside `value`. */
function pathsOf(value: unknown): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [[key], ...pathsOf(one).map((path) => [key, ...path])]);
}

function replaced(value: unknown, [key, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as Record<string, unknown>) };
  Object.assign(copy, { [key]: replaced((value as Record<string | number, unknown>)[key], rest, by) });
  return copy;
}

describe('one wrong field is enough', () => {
  /** A text may be any text, a point of time any number; a window may be empty; not every closed one has a since. */
  const isFine = (kind: string, key: string | number | undefined, by: unknown): boolean => {
    if (/^(?:actor|reason|holder|bootId)$/.test(String(key))) return typeof by === 'string';
    if (/^(?:wallMs|monoMs)$/.test(String(key))) return by === -1.5;
    if (key === 'window') return Array.isArray(by);
    return by === null && (key === 'lease' || (key === 'since' && kind === 'closed'));
  };

  test('of any state', () => {
    for (const { state } of entries()) {
      for (const path of pathsOf(state)) {
        for (const by of [undefined, null, [], { a: 1 }, Number.NaN, 'no word of ours', -1.5]) {
          const read = readBreakerState(replaced(state, path, by));
          expect([state, path.join('.'), by, read !== undefined]).toEqual([
            state,
            path.join('.'),
            by,
            isFine(state.kind, path.at(-1), by),
          ]);
        }
      }
    }
  });

  test('a list is no object, whatever it has', () => {
    expect(readBoard(Object.assign([], EMPTY_BOARD))).toBeUndefined();
    const { state } = IN_STATE.open();
    expect(readBreakerState(replaced(state, ['at'], Object.assign([], AT)))).toBeUndefined();
  });

  test('a point of time is finite on both clocks', () => {
    const { state } = IN_STATE.open();
    for (const key of ['wallMs', 'monoMs']) {
      expect(readBreakerState({ ...state, at: { ...AT, [key]: Number.NEGATIVE_INFINITY } })).toBeUndefined();
      expect(readBreakerState({ ...state, at: { ...AT, [key]: '1' } })).toBeUndefined();
    }
  });

  test('a length is not negative, a count is whole', () => {
    const { state } = IN_STATE.open();
    expect(readBreakerState({ ...state, forMs: -1 })).toBeUndefined();
    expect(readBreakerState({ ...state, forMs: 0, epoch: 0 })).toMatchObject({ forMs: 0, epoch: 0 });
    expect(readBreakerState({ ...state, forMs: Number.POSITIVE_INFINITY })).toBeUndefined();
    expect(readBreakerState({ ...state, round: 0.5 })).toBeUndefined();
    expect(readBreakerState({ ...state, epoch: -1 })).toBeUndefined();
    expect(readBreakerState({ ...state, at: { ...AT, wallMs: Number.POSITIVE_INFINITY } })).toBeUndefined();
    expect(readBreakerState({ kind: 'isolated', epoch: 1, at: AT, ...PERSON })).toBeDefined();
  });
});

test('nothing makes it throw', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withSparseArray: true }), (value) => {
      readBoard(value);
      readBoard({ ...EMPTY_BOARD, server: value });
      readBoard({ ...EMPTY_BOARD, tools: [value] });
    }),
  );
});
