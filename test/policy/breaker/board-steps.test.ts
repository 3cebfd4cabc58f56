// Taking the probe for one call: both leases or none, each breaker asked only where it has a say, and nothing left behind.
import { describe, expect, test } from 'vitest';
import { type Board, EMPTY_BOARD, stateOf } from '../../../src/policy/breaker/board.ts';
import { type ProbeReduction, type ProbeRequest, takeProbe } from '../../../src/policy/breaker/board-steps.ts';
import { TOOL_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import type { BreakerState } from '../../../src/policy/breaker/breaker-state.ts';
import { OneBreaker } from './one-breaker.ts';

const BOTH = { tool: true, server: true };
const { now: NOW } = new OneBreaker().wait(10_000_000);

/** Open, its cool-down over. */
const due = (): BreakerState => new OneBreaker().feed('FFFFF').state;
/** Half-open, held by `x` whose lease is over; so many of its probes have lapsed before. */
const lapsed = (lapses: number): BreakerState => {
  const one = new OneBreaker().feed('FFFFF').wait(30_000).admit('x');
  for (let lapse = 0; lapse < lapses; lapse += 1) one.wait(one.retryAfterMs ?? 0).admit('x');
  expect(one.state).toMatchObject({ kind: 'half_open', lapses });
  return one.state;
};
/** Half-open, its probe out since a moment ago. */
const held = (holder: string): BreakerState => {
  const one = new OneBreaker().feed('FFFFF');
  return one.wait(NOW.monoMs - one.now.monoMs).admit(holder).state;
};

function take(tool: BreakerState, server: BreakerState, request: Partial<ProbeRequest> = {}) {
  const board: Board = { ...EMPTY_BOARD, server, tools: [{ tool: 'query', state: tool }] };
  const asked: (string | undefined)[] = [];
  const isGone = () => false;
  const taken: ProbeReduction = takeProbe(
    board,
    { tool: 'query', asks: BOTH, holder: 'me', deadlineMs: 1000, isGone, ...request },
    {
      now: NOW,
      random: 0.5,
      settingsOf: (one) => {
        asked.push(one);
        return TOOL_DEFAULTS;
      },
    },
  );
  const rules = taken.transitions.map((one) => `${one.tool ?? 'server'} ${one.transition.rule}`);
  return { ...taken, rules, asked: new Set(asked), tool: stateOf(taken.board, 'query'), server: taken.board.server };
}

describe('both', () => {
  test('are taken, each under its new epoch', () => {
    const { permit, rules, tool, server } = take(due(), due());
    expect(rules).toEqual(['query cool_down_over', 'server cool_down_over']);
    expect([tool, server]).toMatchObject([{ lease: { holder: 'me' } }, { lease: { holder: 'me' } }]);
    expect(permit).toEqual({ tool: tool.epoch, server: server.epoch });
  });

  test.each([
    ['the tool', () => [held('x'), due()] as const],
    ['the server', () => [due(), held('x')] as const],
  ])('or none: where %s refuses, the other one keeps its probe', (_who, states) => {
    const [tool, server] = states();
    expect(take(tool, server)).toMatchObject({ permit: undefined, rules: [], tool, server });
  });

  test.each([
    [
      'the tool',
      () => [lapsed(2), due()] as const,
      ['query probes_lapsed', 'server cool_down_over', 'server probe_unused'],
    ],
    [
      'the server',
      () => [due(), lapsed(2)] as const,
      ['query cool_down_over', 'server probes_lapsed', 'query probe_unused'],
    ],
  ])('or none: where %s opens again instead, the lease of the other one goes back', (_who, made, rules) => {
    const taken = take(...made());
    expect(taken.rules).toEqual(rules);
    expect(taken.permit).toBeUndefined();
    const states = [taken.tool, taken.server].map((state) => [
      state.kind,
      state.kind === 'half_open' ? state.lease : null,
    ]);
    expect(states.toSorted()).toEqual([
      ['half_open', null],
      ['open', null],
    ]);
  });

  test('nobody but these two is asked', () => {
    expect(take(due(), due()).asked).toEqual(new Set(['query', undefined]));
  });
});

describe('one that has no say', () => {
  test.each([
    ['tool', { tool: false, server: true }],
    ['server', { tool: true, server: false }],
  ] as const)('keeps its probe, and counts nothing: %s', (other, asks) => {
    const [tool, server] = [due(), due()];
    const { permit, rules, asked, ...states } = take(tool, server, { asks });
    expect(rules).toEqual([`${other === 'tool' ? 'server' : 'query'} cool_down_over`]);
    expect(states[other]).toBe(other === 'tool' ? tool : server);
    expect(permit?.[other]).toBeUndefined();
    expect(asked).toEqual(new Set([other === 'tool' ? undefined : 'query']));
  });

  test('does not refuse either', () => {
    expect(take(held('x'), due(), { asks: { tool: false, server: true } }).permit).toMatchObject({ tool: undefined });
    expect(take(due(), held('x'), { asks: { tool: true, server: false } }).permit).toMatchObject({ server: undefined });
  });
});

describe('the holder of a lease', () => {
  test('who is dead loses it; only holders are asked about', () => {
    const asked: string[] = [];
    const isGone = (holder: string): boolean => {
      asked.push(holder);
      return holder === 'x';
    };
    const { rules, permit } = take(held('x'), held('x'), { isGone });
    expect(rules).toEqual(['query holder_gone', 'server holder_gone', 'query next_probe', 'server next_probe']);
    expect(permit).toBeDefined();
    expect(asked).toEqual(['x', 'x']);
    take(due(), new OneBreaker().state, { isGone });
    take(new OneBreaker().feed('FFFFF').wait(30_000).admit().settle('none').state, due(), { isGone });
    expect(asked).toHaveLength(2);
  });

  test('of one that has no say is not asked about', () => {
    const { rules } = take(held('x'), due(), { asks: { tool: false, server: true }, isGone: () => true });
    expect(rules).toEqual(['server cool_down_over']);
  });
});
