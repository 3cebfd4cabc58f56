// How a breaker moves: every state against everything that can happen to it, across restarts and clock steps.
import { describe, expect, test } from 'vitest';
import { DAY_MS, IN_STATE, OneBreaker, PERSON } from './one-breaker.ts';

const STATES = Object.keys(IN_STATE) as (keyof typeof IN_STATE)[];

describe.each(STATES)('%s', (name) => {
  const make = IN_STATE[name];

  test.each(['success', 'fault', 'tool_error', 'none'] as const)('a late %s changes nothing', (outcome) => {
    const one = make();
    const { state, transitions } = one;
    const count = transitions.length;
    for (let epoch = 0; epoch < state.epoch; epoch += 1) one.settle(outcome, epoch);
    one.settle(outcome, state.epoch + 1);
    expect(one.state).toEqual(state);
    expect(one.transitions).toHaveLength(count);
  });

  test('what counts for nothing moves nothing, but gives the probe back', () => {
    const one = make();
    const { state } = one;
    one.settle('none');
    if (name === 'half_open') expect(one.state).toMatchObject({ kind: 'half_open', lease: null, successes: 0 });
    else expect(one.state).toEqual(state);
  });

  test.each([DAY_MS, -DAY_MS, 5_000, -5_000])('a clock step of %i ms changes no answer', (step) => {
    const one = make();
    const before = one.asked;
    expect(one.stepClock(step).asked).toEqual(before);
    expect(one.wait(1000).retryAfterMs).toBe(make().wait(1000).retryAfterMs);
  });

  test.each([0, DAY_MS, -DAY_MS, -20_000])('a reboot with a clock step of %i ms never lengthens it', (step) => {
    const kept = make();
    const one = make().reboot(20_000).stepClock(step);
    if (name === 'isolated') expect(one.asked.kind).toBe('refuse');
    else expect(one.retryAfterMs).toBeLessThanOrEqual(kept.retryAfterMs ?? 0);
  });

  test('a person isolates it, and only a person ends that', () => {
    const one = make().order('isolate');
    const isolated = one.state;
    expect(isolated).toMatchObject({ kind: 'isolated', ...PERSON });
    one.feed('SSSSSFFFFFF').wait(DAY_MS).admit().reboot(DAY_MS).order('open');
    one.run({ type: 'holder_gone', holder: 'me' }).run({ type: 'tools_out', open: 9, known: 9, random: 0 });
    expect(one.state).toEqual(isolated);
    expect(one.asked).toEqual({ kind: 'refuse', retryAfterMs: undefined, holder: undefined });
    expect(one.order('close').state).toMatchObject({ kind: 'closed', window: [] });
    expect(one.asked.kind).toBe('pass');
  });

  test('reset forgets everything', () => {
    const one = make().order('reset');
    expect(one.state).toEqual({ kind: 'closed', epoch: one.state.epoch, round: 0, since: null, window: [] });
    expect(one.rules.at(-1)).toBe('person_reset');
  });

  test('each transition has the next epoch, and none is without one', () => {
    const one = make()
      .order('open')
      .wait(DAY_MS)
      .admit()
      .settle('fault')
      .order('close')
      .order('close')
      .order('isolate');
    expect(one.transitions.map(({ epoch }) => epoch)).toEqual(one.transitions.map((_, index) => index + 1));
    expect(one.state.epoch).toBe(one.transitions.length);
    for (const { from, to, rule, at } of one.transitions) {
      expect([from, to, rule]).not.toContain(undefined);
      expect(at.bootId).toBe('boot-1');
    }
  });
});

describe('open', () => {
  const open = IN_STATE.open;

  test('refuses to the last millisecond, then lets one probe go', () => {
    expect(open().wait(29_998).asked).toEqual({ kind: 'refuse', retryAfterMs: 1, holder: undefined });
    expect(open().wait(29_999).asked.kind).toBe('probe');
    const early = open().admit();
    expect(early.state.kind).toBe('open');
    expect(early.transitions).toHaveLength(1);
  });

  test('nothing that settles moves its end', () => {
    const one = open();
    const { state } = one;
    one.feed('FFFFFFFFFF').settle('fault', 0).settle('success', 0);
    expect(one.state).toEqual(state);
  });

  test('an order opens with the person named', () => {
    const one = new OneBreaker().order('open');
    expect(one.transitions).toMatchObject([
      { from: 'closed', to: 'open', rule: 'person_open', openMs: 30_000, evidence: { kind: 'person', ...PERSON } },
    ]);
    expect(one.state).toMatchObject({ cause: 'person', round: 1 });
    // It heals as any other opening does, and a tool error is no reason to stay open.
    one.wait(30_000).admit().settle('tool_error').admit().settle('success');
    expect(one.state.kind).toBe('closed');
  });

  test('a length beyond what the settings allow today is cut', () => {
    const one = open();
    if (one.state.kind !== 'open') throw new Error('not open');
    one.state = { ...one.state, forMs: 1e12 };
    expect(one.retryAfterMs).toBe(600_000 - 1);
  });
});

describe('how long', () => {
  const opened = (one: OneBreaker) => one.transitions.flatMap(({ openMs }) => openMs ?? []);
  /** Opens, and then fails every probe. */
  const failing = (random: number, times: number) => {
    const one = new OneBreaker();
    one.random = random;
    one.feed('FFFFF');
    for (let round = 1; round < times; round += 1) one.wait(600_000).admit().settle('fault');
    return opened(one);
  };

  test('twice as long each time, at most ten minutes', () => {
    expect(failing(0.5, 8)).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000]);
  });

  test('a fifth shorter or longer, never above ten minutes', () => {
    expect(failing(0, 7)).toEqual([24_000, 48_000, 96_000, 192_000, 384_000, 480_000, 480_000]);
    expect(failing(1, 7)).toEqual([36_000, 72_000, 144_000, 288_000, 576_000, 600_000, 600_000]);
    expect(failing(0.25, 2)).toEqual([27_000, 54_000]);
  });

  const again = (healthyMs: number, order?: 'close' | 'reset') => {
    const one = new OneBreaker().feed('FFFFF').wait(30_000);
    if (order === undefined) one.admit().settle('success').admit().settle('success');
    else one.order(order);
    // The last of the five comes four ms after the first.
    return opened(one.wait(healthyMs - 4).feed('FFFFF')).at(-1);
  };

  test('ten healthy minutes are forgotten, not one ms less', () => {
    expect(again(599_999)).toBe(60_000);
    expect(again(600_000)).toBe(30_000);
  });

  test('a person who closes keeps the count, one who resets does not', () => {
    expect(again(10, 'close')).toBe(60_000);
    expect(again(600_000, 'close')).toBe(30_000);
    expect(again(10, 'reset')).toBe(30_000);
  });

  test('an order that opens counts as an opening', () => {
    const one = new OneBreaker().feed('FFFFF').order('open');
    expect(opened(one)).toEqual([30_000, 60_000]);
  });
});

describe('half-open', () => {
  test('lets one go: the others are told how long its lease lasts, and who has it', () => {
    const one = IN_STATE.half_open();
    expect(one.state).toMatchObject({ lease: { holder: 'me', forMs: 60_000 } });
    expect(one.asked).toEqual({ kind: 'refuse', retryAfterMs: 60_000, holder: 'me' });
    const { state } = one;
    expect(one.admit('other').state).toEqual(state);
  });

  test('two successes close it, and nothing of before counts', () => {
    const one = IN_STATE.half_open().settle('success');
    expect(one.state).toMatchObject({ kind: 'half_open', successes: 1, lease: null });
    one.admit().settle('success');
    expect(one.state).toMatchObject({ kind: 'closed', round: 1, window: [], since: one.now });
    expect(one.rules).toEqual(['fault_row', 'cool_down_over', 'probe_passed', 'next_probe', 'probes_passed']);
  });

  test('one failure after one success opens it again, longer', () => {
    const one = IN_STATE.half_open().settle('success').admit().settle('fault');
    expect(one.state).toMatchObject({ kind: 'open', round: 2, forMs: 60_000 });
    expect(one.transitions.at(-1)).toMatchObject({
      rule: 'probe_failed',
      openMs: 60_000,
      evidence: { kind: 'probe', outcome: 'fault', durationMs: 10, slow: false },
    });
  });

  test('since when and why stay those of the first opening', () => {
    const first = IN_STATE.open();
    const one = IN_STATE.half_open().settle('fault');
    if (first.state.kind !== 'open' || one.state.kind !== 'open') throw new Error('not open');
    expect(one.state.since).toEqual(first.state.since);
    expect(one.state.why).toEqual(first.state.why);
    expect(one.state.at).not.toEqual(first.state.at);
  });

  test('a later opening has a since and a why of its own', () => {
    const one = IN_STATE.half_open().settle('success').admit().settle('success').wait(1000).feed('SSTFFF');
    expect(one.state).toMatchObject({ kind: 'open', round: 2, lapses: 0, why: { samples: 6, faults: 3 } });
    expect(one.state.kind === 'open' && one.state.since).toEqual(one.state.kind === 'open' && one.state.at);
  });

  test('the end of a call that was no probe is none', () => {
    const one = IN_STATE.free();
    const { state } = one;
    for (const outcome of ['success', 'fault', 'none'] as const) expect(one.settle(outcome).state).toEqual(state);
  });

  test('more successes where the settings say so', () => {
    const one = new OneBreaker({ successesToClose: 3 }).feed('FFFFF').wait(30_000);
    one.admit().settle('success').admit().settle('success');
    expect(one.state.kind).toBe('half_open');
    expect(one.admit().settle('success').state.kind).toBe('closed');
  });
});

describe('a probe of', () => {
  const probing = (samples: string, settings = {}) => {
    const one = new OneBreaker(settings).feed(samples).wait(30_000).admit();
    expect(one.state.kind).toBe('half_open');
    return one;
  };

  test('a tool that was out by faults passes with a tool error: it answers', () => {
    expect(probing('FFFFF').settle('tool_error').state).toMatchObject({ kind: 'half_open', successes: 1 });
  });

  test('a tool that was out by tool errors fails with one, and passes with a success', () => {
    expect(probing('TTTTTTTTTT').settle('tool_error').state).toMatchObject({ kind: 'open', cause: 'tool_errors' });
    expect(probing('TTTTTTTTTT').settle('success').state).toMatchObject({ successes: 1 });
    expect(probing('TTTTTTTTTT').settle('fault').state).toMatchObject({ kind: 'open', cause: 'faults' });
  });

  test('either fails with a tool error where those are faults', () => {
    const settings = { countToolErrors: 'always' };
    expect(probing('FFFFF', settings).settle('tool_error').state).toMatchObject({ kind: 'open', cause: 'faults' });
  });

  test('a tool that is out by tool errors passes with one where they no longer count', () => {
    const one = probing('TTTTTTTTTT');
    const other = new OneBreaker({ countToolErrors: 'never' });
    Object.assign(other, { state: one.state, now: one.now });
    expect(other.settle('tool_error').state).toMatchObject({ kind: 'half_open', successes: 1 });
  });

  test('a slow tool fails by being slow, and only that one does', () => {
    const slowCall = { afterMs: 100, rate: 1 };
    const slow = new OneBreaker({ slowCall });
    for (let call = 0; call < 5; call += 1) slow.settle('success', 0, 101);
    expect(slow.wait(30_000).admit().settle('success', slow.state.epoch, 101).state).toMatchObject({
      cause: 'slow',
      round: 2,
    });
    const faulty = probing('FFFFF', { slowCall });
    expect(faulty.settle('success', faulty.state.epoch, 101).state).toMatchObject({ successes: 1 });
  });
});

describe('a lease', () => {
  test('is no longer than the call may take and five seconds', () => {
    const forMs = (deadlineMs: number) => {
      const one = IN_STATE.open().wait(30_000).admit('me', deadlineMs);
      return one.state.kind === 'half_open' ? one.state.lease?.forMs : undefined;
    };
    expect(forMs(1_000)).toBe(6_000);
    expect(forMs(54_999)).toBe(59_999);
    expect(forMs(3_600_000)).toBe(60_000);
    expect(forMs(Number.POSITIVE_INFINITY)).toBe(60_000);
  });

  test('of a dead holder is free at once, of another one is not', () => {
    const one = IN_STATE.half_open();
    const { state } = one;
    expect(one.run({ type: 'holder_gone', holder: 'other' }).state).toEqual(state);
    one.run({ type: 'holder_gone', holder: 'me' });
    expect(one.state).toMatchObject({ kind: 'half_open', lease: null, lapses: 0 });
    expect(one.rules.at(-1)).toBe('holder_gone');
    expect(one.asked.kind).toBe('probe');
    // And whatever the dead one left behind is late.
    expect(one.settle('success', state.epoch).state).toMatchObject({ successes: 0 });
  });

  test('of a hung probe lapses, the next is twice as long, its late result counts for nothing', () => {
    const one = IN_STATE.half_open();
    const { epoch } = one.state;
    expect(one.wait(59_999).asked.kind).toBe('refuse');
    expect(one.wait(1).asked.kind).toBe('probe');
    one.admit('other');
    expect(one.state).toMatchObject({ lapses: 1, lease: { holder: 'other', forMs: 120_000 } });
    const { state } = one;
    expect(one.settle('success', epoch).settle('fault', epoch).state).toEqual(state);
  });

  test('the third that lapses opens it again, longer; the next lease is longer still', () => {
    const one = IN_STATE.half_open();
    one.wait(60_000).admit().wait(120_000).admit().wait(240_000);
    expect(one.asked.kind).toBe('probe');
    one.admit();
    expect(one.state).toMatchObject({ kind: 'open', round: 2, forMs: 60_000, lapses: 3, cause: 'faults' });
    expect(one.rules).toEqual(['fault_row', 'cool_down_over', 'lease_lapsed', 'lease_lapsed', 'probes_lapsed']);
    expect(one.wait(60_000).admit().state).toMatchObject({ lease: { forMs: 480_000 } });
  });

  test('is never above an hour, whatever is written', () => {
    const one = IN_STATE.half_open();
    if (one.state.kind !== 'half_open') throw new Error('not half-open');
    one.state = { ...one.state, lapses: 1000, lease: { holder: 'x', at: one.now, forMs: 1e12 } };
    expect(one.retryAfterMs).toBe(3_600_000);
    expect(one.settle('none').admit().state).toMatchObject({ lease: { forMs: 3_600_000 } });
  });

  test('a tool that takes four minutes comes back', () => {
    const one = IN_STATE.open().wait(30_000);
    for (let probe = 0; one.state.kind !== 'closed' && probe < 30; probe += 1) {
      one.wait(one.retryAfterMs ?? 0).admit();
      const { epoch } = one.state;
      if (one.state.kind !== 'half_open') continue;
      // Somebody else asks as soon as the lease has lapsed.
      const leaseMs = one.retryAfterMs ?? 0;
      one.wait(Math.min(leaseMs, 240_000));
      if (leaseMs > 240_000) one.settle('success', epoch);
    }
    expect(one.state.kind).toBe('closed');
  });
});

test('a transition says how long and how often it has opened, where it has', () => {
  const one = IN_STATE.half_open().settle('fault').order('isolate');
  expect(one.transitions.map(({ rule, openMs, round }) => [rule, openMs, round])).toEqual([
    ['fault_row', 30_000, 1],
    ['cool_down_over', undefined, 1],
    ['probe_failed', 60_000, 2],
    ['person_isolate', undefined, 0],
  ]);
});

describe('a person', () => {
  test('who closes a closed breaker does nothing', () => {
    const one = IN_STATE.closed();
    const { state } = one;
    expect(one.order('close').state).toEqual(state);
    expect(one.transitions).toEqual([]);
  });

  test('who closes what was isolated leaves nothing that waits to be forgotten', () => {
    const one = IN_STATE.isolated().order('close');
    expect(one.state).toEqual({ kind: 'closed', epoch: 2, round: 0, since: null, window: [] });
  });

  test('who isolates again takes it over', () => {
    const one = IN_STATE.isolated().order('isolate');
    expect(one.transitions).toHaveLength(2);
  });
});
