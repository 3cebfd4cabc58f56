// What others say moves only what others moved, never an isolation, never for longer than this machine allows, and never again once it has
// ended here.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Board, countOutByFaults, EMPTY_BOARD, stateOf, withState } from '../../../src/policy/breaker/board.ts';
import { reduceBreaker } from '../../../src/policy/breaker/breaker-reducer.ts';
import { type BreakerSettings, SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import type { BreakerState } from '../../../src/policy/breaker/breaker-state.ts';
import { applyFleet, isOwnOpening } from '../../../src/policy/breaker/fleet-merge.ts';
import type { FleetBreaker } from '../../../src/policy/breaker/fleet-opening.ts';
import { readBoard } from '../../../src/policy/breaker/read-board.ts';
import type { Moment } from '../../../src/ports/breaker-store.ts';
import { COUNTS, opening, says } from './fleet-words.ts';
import { IN_STATE as MADE } from './one-breaker.ts';

const NOW: Moment = { wallMs: 1_700_000_000_000, monoMs: 5_000_000, bootId: 'boot' };
const IN_STATE = {
  closed: MADE.closed().state,
  open: MADE.open().state,
  half_open: MADE.half_open().state,
  free: MADE.free().state,
  isolated: MADE.isolated().state,
};
const later = (ms: number): Moment => ({ ...NOW, wallMs: NOW.wallMs + ms, monoMs: NOW.monoMs + ms });
const apply = (board: Board, breakers: readonly FleetBreaker[], now = NOW, over: Partial<BreakerSettings> = {}) =>
  applyFleet(
    board,
    { at: NOW, breakers },
    {
      now,
      member: 'aa',
      settingsOf: (tool) => ({ ...(tool === undefined ? SERVER_DEFAULTS : TOOL_DEFAULTS), share: 'fleet', ...over }),
    },
  );
const having = (state: BreakerState): Board => withState(EMPTY_BOARD, 'query', state);
const taken = apply(EMPTY_BOARD, [says()]).board;

describe('an opening of another machine', () => {
  test('opens what is closed for what is left of it, with its evidence, as one transition', () => {
    const { board, transitions } = apply(EMPTY_BOARD, [says()], later(5_000));
    const evidence = { kind: 'fleet', machine: 'b', ...COUNTS };
    expect(stateOf(board, 'query')).toEqual({
      ...{ kind: 'open', epoch: 1, round: 1, cause: 'faults', lapses: 0, why: evidence, forMs: 15_000 },
      ...{ since: later(5_000), at: later(5_000), fleet: { id: 'bb-1', step: 1 } },
    });
    expect(transitions).toEqual([
      {
        tool: 'query',
        transition: {
          from: 'closed',
          to: 'open',
          epoch: 1,
          rule: 'fleet_open',
          evidence,
          at: later(5_000),
          openMs: 15_000,
          round: 1,
        },
      },
    ]);
    expect(readBoard(JSON.parse(JSON.stringify(board)))).toEqual(board);
  });

  test('opens the server as a whole, too', () => {
    expect(apply(EMPTY_BOARD, [says({ tool: undefined })]).board.server).toMatchObject({ kind: 'open', forMs: 20_000 });
  });

  test.each([
    ['is over', says({ opening: opening({ leftMs: 0 }) }), {}],
    ['has run out since', says({ opening: opening({ leftMs: 4_999 }) }), {}],
    ['is this machine’s own', says({ opening: opening({ id: 'aa-1' }) }), {}],
    ['has ended', says({ ended: ['bb-1'] }), {}],
    ['is none', says({ opening: undefined }), {}],
    ['is not shared here', says(), { share: 'machine' }],
    ['is of a breaker that is off', says(), { mode: 'off' }],
  ] as const)('that %s changes nothing', (_, breaker, over) => {
    const { board, transitions } = apply(EMPTY_BOARD, [breaker], later(5_000), over);
    expect([board, transitions]).toEqual([EMPTY_BOARD, []]);
  });

  test('never lasts longer than `maxOpenMs`, and then is not taken over again, though it goes on elsewhere', () => {
    const long = says({ opening: opening({ leftMs: 80_000_000 }) });
    const { board } = apply(EMPTY_BOARD, [long], NOW, { maxOpenMs: 1_000 });
    expect(stateOf(board, 'query')).toMatchObject({ forMs: 1_000 });
    expect(apply(board, [long], later(2_000), { maxOpenMs: 1_000 }).transitions).toEqual([]);
  });

  test('that was opened again there opens again here, once the one before is over, and is the same failure', () => {
    const again = says({ opening: opening({ step: 4, round: 2, leftMs: 60_000 }) });
    expect(apply(taken, [again], later(10_000)).transitions).toEqual([]);
    const { board } = apply(taken, [again], later(20_000));
    expect(stateOf(board, 'query')).toMatchObject({ kind: 'open', epoch: 2, round: 2, forMs: 40_000, since: NOW });
    const other = says({ opening: opening({ id: 'cc-1', leftMs: 60_000 }) });
    expect(stateOf(apply(taken, [other], later(20_000)).board, 'query')).toMatchObject({ since: later(20_000) });
  });

  test('waits for the end of what this machine has found, and of its own probe', () => {
    const breakers = [says({ opening: opening({ leftMs: 1e6 }) })];
    const settingsOf = () => ({ ...TOOL_DEFAULTS, share: 'fleet' }) as const;
    const move = ({ state, now }: { readonly state: BreakerState; readonly now: Moment }) =>
      applyFleet(having(state), { at: now, breakers }, { now, member: 'aa', settingsOf }).transitions;
    expect(move(MADE.open())).toEqual([]);
    expect(move(MADE.open().wait(30_000))).toMatchObject([{ transition: { from: 'open', rule: 'fleet_open' } }]);
    expect(move(MADE.half_open())).toEqual([]);
    expect(move(MADE.free())).toMatchObject([{ transition: { from: 'half_open', to: 'open' } }]);
  });

  test('takes the room of 128 tools, and none of what this machine finds', () => {
    const many = Array.from({ length: 200 }, (_, at) => says({ tool: `t${at}` }));
    const { board, transitions } = apply(EMPTY_BOARD, many);
    expect([board.tools.length, transitions.length]).toEqual([128, 128]);
    expect(apply(board, many).transitions).toEqual([]);
  });
});

describe('the end of an opening', () => {
  const ended = says({ opening: undefined, ended: ['bb-1'], endedBy: 'c' });

  test('closes what was taken over, open or being tried, and says who said so', () => {
    const { board, transitions } = apply(taken, [ended]);
    expect(stateOf(board, 'query')).toEqual({
      kind: 'closed',
      epoch: 2,
      round: 1,
      since: NOW,
      window: [],
      over: 'bb-1',
    });
    expect(transitions).toMatchObject([
      { transition: { rule: 'fleet_close', evidence: { machine: 'c', samples: 0 } } },
    ]);
    const admit = { type: 'admit', holder: 'me', deadlineMs: 1_000, random: 0 } as const;
    const half = reduceBreaker(stateOf(taken, 'query'), admit, later(20_000), TOOL_DEFAULTS).state;
    expect(half).toMatchObject({ kind: 'half_open', fleet: { id: 'bb-1' } });
    expect(stateOf(apply(having(half), [ended]).board, 'query').kind).toBe('closed');
  });

  test('closes nothing that this machine has found, or a person has switched off', () => {
    for (const state of [IN_STATE.open, IN_STATE.half_open, IN_STATE.isolated])
      expect(apply(having(state), [ended]).transitions).toEqual([]);
  });

  test('is none where the fleet has only forgotten', () => {
    expect(apply(taken, []).board).toBe(taken);
    expect(apply(taken, [says({ opening: undefined })]).board).toBe(taken);
  });

  test('by a person or by probes here is remembered: it is not taken over again, another one is', () => {
    const order = { type: 'order', order: 'close', person: { actor: 'ada', reason: 'well' } } as const;
    const closed = reduceBreaker(stateOf(taken, 'query'), order, NOW, TOOL_DEFAULTS).state;
    expect(closed).toMatchObject({ kind: 'closed', over: 'bb-1' });
    expect(apply(having(closed), [says({ opening: opening({ step: 9 }) })]).transitions).toEqual([]);
    expect(apply(having(closed), [says({ opening: opening({ id: 'cc-1' }) })]).transitions).toHaveLength(1);
  });
});

test('what fails its probe here is this machine’s own from then on', () => {
  const admit = { type: 'admit', holder: 'me', deadlineMs: 1_000, random: 0 } as const;
  const half = reduceBreaker(stateOf(taken, 'query'), admit, later(20_000), TOOL_DEFAULTS).state;
  const failed = { type: 'settled', epoch: half.epoch, outcome: 'fault', durationMs: 1, random: 0.5 } as const;
  const { state } = reduceBreaker(half, failed, later(20_001), TOOL_DEFAULTS);
  expect(state).toMatchObject({ kind: 'open', round: 2 });
  expect(state).not.toHaveProperty('fleet');
});

test('an own opening is told by the whole name of the machine', () => {
  expect([isOwnOpening('aa-1', 'aa'), isOwnOpening('aab-1', 'aa'), isOwnOpening('aa', 'aa')]).toEqual([
    true,
    false,
    false,
  ]);
});

test('whatever others say, in whatever order: isolations and own findings stay, epochs grow by one, nothing exceeds its bound', () => {
  const id = fc.constantFrom('aa-1', 'bb-1', 'cc-1');
  const leftMs = fc.constantFrom(0, 1, 30_000, 1e9);
  const row = fc.record({
    tool: fc.constantFrom(undefined, 'query', 'stat'),
    opening: fc.option(fc.record({ id, step: fc.nat(5), leftMs }).map(opening), { nil: undefined }),
    ended: fc.uniqueArray(id),
    endedBy: fc.constant('c'),
  });
  const start = fc.constantFrom<BreakerState>(...Object.values(IN_STATE));
  fc.assert(
    fc.property(
      start,
      fc.array(fc.tuple(fc.uniqueArray(row, { maxLength: 3, selector: ({ tool }) => tool }), fc.nat(60_000)), {
        maxLength: 12,
      }),
      (first, looks) => {
        let board = having(first);
        let now = NOW;
        for (const [breakers, ms] of looks) {
          now = { ...now, wallMs: now.wallMs + ms, monoMs: now.monoMs + ms };
          const before = board;
          const settingsOf = () => ({ ...TOOL_DEFAULTS, share: 'fleet' }) as const;
          const reduction = applyFleet(before, { at: now, breakers }, { now, member: 'aa', settingsOf });
          board = reduction.board;
          for (const { tool, transition } of reduction.transitions) {
            const from = stateOf(before, tool);
            expect(from.kind).not.toBe('isolated');
            if (transition.to === 'closed') expect(from).toHaveProperty('fleet');
            if (transition.to === 'open') expect(transition.openMs).toBeLessThanOrEqual(600_000);
          }
          for (const tool of [undefined, 'query', 'stat']) {
            const moves = reduction.transitions.filter((one) => one.tool === tool).length;
            expect(stateOf(board, tool).epoch).toBe(stateOf(before, tool).epoch + moves);
          }
        }
        if (first.kind === 'isolated') expect(stateOf(board, 'query')).toBe(first);
      },
    ),
    { numRuns: 150 },
  );
});

test('what others have found opens no server here: only what this machine has found counts for that', () => {
  const { board } = apply(
    EMPTY_BOARD,
    ['a', 'b', 'c'].map((tool) => says({ tool })),
  );
  const tools = new Set(['a', 'b', 'c', 'query']);
  expect(countOutByFaults(board, tools)).toBe(0);
  expect(countOutByFaults(withState(board, 'query', IN_STATE.open), tools)).toBe(1);
});
