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
  expect(readBoard({ ...EMPTY_BOARD, tools: [{ ...entry, tool: 'x'.repeat(257) }] })).toBeUndefined();
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
  test.each(entries().map(({ tool, state }) => [tool, state] as const))('%s', (_tool, state) => {
    for (const path of pathsOf(state)) {
      for (const by of [undefined, [], { a: 1 }, Number.NaN, 'no word of ours', -1.5]) {
        const wrong = replaced(state, path, by);
        const read = readBreakerState(wrong);
        // A text may be any text, a point of time any number, and a window may be empty.
        if (read !== undefined)
          expect([typeof by, path.at(-1)]).toEqual([typeof by, expect.stringMatching(TEXT_OR_TIME)]);
      }
    }
  });

  const TEXT_OR_TIME = /^(?:actor|reason|holder|bootId|wallMs|monoMs|window)$/;

  test('a length is not negative, a count is whole', () => {
    const { state } = IN_STATE.open();
    expect(readBreakerState({ ...state, forMs: -1 })).toBeUndefined();
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
