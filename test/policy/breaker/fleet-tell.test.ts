// What a machine tells its fleet: what it has found itself and still holds, once; and what it knows to be over.
import { expect, test } from 'vitest';
import { type Board, EMPTY_BOARD, withState } from '../../../src/policy/breaker/board.ts';
import { type BreakerSettings, TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import type { BreakerState } from '../../../src/policy/breaker/breaker-state.ts';
import type { FleetBreaker } from '../../../src/policy/breaker/fleet-opening.ts';
import { planTellings } from '../../../src/policy/breaker/fleet-tell.ts';
import { COUNTS, opening, says } from './fleet-words.ts';
import { IN_STATE, OneBreaker } from './one-breaker.ts';

const one = IN_STATE.open();
const { now } = one;
const having = (state: BreakerState): Board => withState(EMPTY_BOARD, 'query', state);
const plan = (board: Board, breakers: readonly FleetBreaker[] = [], over: Partial<BreakerSettings> = {}, at = now) => {
  const settingsOf = () => ({ ...TOOL_DEFAULTS, share: 'fleet', ...over }) as const;
  return planTellings(board, { at: now, breakers }, { now: at, member: 'aa', machine: 'host', settingsOf });
};
const since = one.state.kind === 'open' ? one.state.since.wallMs : Number.NaN;
const NAME = `aa-${Math.trunc(since).toString(36)}`;
const taken = (): BreakerState => ({ ...one.state, fleet: { id: 'bb-1', step: 1 } }) as BreakerState; // an open one
const closedAgain = () => new OneBreaker().feed('FFFFF').order('close').state;

test('an opening: what is left of it, on what, and a name that every guard of the machine gives it', () => {
  const note = { machine: 'host', cause: 'faults', round: 1, ...COUNTS };
  const telling = { kind: 'open', tool: 'query', id: NAME, step: 1, leftMs: 29_999, note };
  expect(plan(having(one.state))).toEqual([telling]);
  expect(plan({ ...EMPTY_BOARD, server: one.state })).toMatchObject([{ tool: undefined }]);
});

test('an opening that no counting has found has no counts', () => {
  const { state } = new OneBreaker().order('open');
  expect(plan(having(state))).toMatchObject([{ note: { cause: 'person', samples: 0, row: 0 } }]);
});

test.each([
  ['is closed', IN_STATE.closed().state, [], {}],
  ['is being tried', IN_STATE.half_open().state, [], {}],
  ['a person has isolated', IN_STATE.isolated().state, [], {}],
  ['others have found', taken(), [], {}],
  ['is not shared', one.state, [], { share: 'machine' }],
  ['is only observed', one.state, [], { mode: 'observe' }],
  ['is over', one.state, [], { maxOpenMs: 0 }],
  ['was told already', one.state, [says({ opening: opening({ id: NAME, step: 1 }) })], {}],
  ['others have told, and holds', one.state, [says()], {}],
  ['another machine has seen to work', one.state, [says({ opening: undefined, ended: [NAME] })], {}],
] as const)('nothing of what %s', (_, state, breakers, over) => {
  expect(plan(having(state), breakers, over)).toEqual([]);
});

test('what was told before it opened again, or by others and is over, is told anew', () => {
  expect(plan(having(one.state), [says({ opening: opening({ id: NAME, step: 0 }) })])).toMatchObject([{ step: 1 }]);
  expect(plan(having(one.state), [says({ opening: opening({ leftMs: 0 }) })])).toMatchObject([{ id: NAME }]);
});

test('the end of its own, by a guard that has seen it on the board; an older look ends nothing', () => {
  const mine = (step: number) => says({ opening: opening({ id: 'aa-1', step }) });
  const end = { kind: 'end', tool: 'query', id: 'aa-1' };
  expect(plan(having(closedAgain()), [mine(1)])).toEqual([end]);
  expect(plan(having(closedAgain()), [mine(2)])).toEqual([]);
  expect(plan(EMPTY_BOARD, [mine(1)])).toEqual([]);
  expect(plan(having(closedAgain()), [says({ opening: opening({ id: 'aa-1' }), ended: ['aa-1'] })])).toEqual([]);
  expect(plan(having(closedAgain()), [mine(1)], { share: 'machine' })).toEqual([]);
  // it closed and opened between two looks
  const again = new OneBreaker().feed('FFFFF').order('close').wait(5).feed('FFFFF');
  expect(plan(having(again.state), [mine(1)], {}, again.now)).toMatchObject([end, { kind: 'open', step: 3 }]);
});

test('the end of what was taken over, and has ended here; never of anything else of others', () => {
  const over = { ...closedAgain(), over: 'bb-1' } as BreakerState; // a closed one
  expect(plan(having(over), [says()])).toEqual([{ kind: 'end', tool: 'query', id: 'bb-1' }]);
  expect(plan(having(over), [says({ opening: opening({ id: 'cc-1' }) })])).toEqual([]);
  expect(plan(having(closedAgain()), [says()])).toEqual([]);
});
