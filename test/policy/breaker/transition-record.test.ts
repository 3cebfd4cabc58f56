// A transition is on record with everything that caused it, and comes back the same; what is none is refused.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTransition, recordTransition } from '../../../src/policy/breaker/transition-record.ts';
import { OneBreaker } from './one-breaker.ts';

/** Every kind of evidence, through the rules that give it. */
const LIVES: Readonly<Record<string, () => OneBreaker>> = {
  row: () => new OneBreaker().feed('FFFFF'),
  rate: () => new OneBreaker().feed('FSFSF'),
  tool_errors: () => new OneBreaker().feed('TTTTTTTTTT'),
  slow: () => {
    const breaker = new OneBreaker({ slowCall: { afterMs: 5, rate: 1 } });
    return breaker.feed('SSSSS');
  },
  tools: () => new OneBreaker().run({ type: 'tools_out', open: 3, known: 4, random: 0.5 }),
  probes: () =>
    new OneBreaker()
      .feed('FFFFF')
      .wait(30_000)
      .admit()
      .settle('none')
      .admit()
      .settle('success')
      .admit()
      .settle('fault'),
  lapses: () =>
    new OneBreaker()
      .feed('FFFFF')
      .wait(30_000)
      .admit()
      .wait(60_000)
      .admit()
      .wait(120_000)
      .admit()
      .wait(240_000)
      .admit(),
  gone: () => new OneBreaker().feed('FFFFF').wait(30_000).admit('me').run({ type: 'holder_gone', holder: 'me' }),
  person: () => new OneBreaker().order('open').order('isolate').order('close').order('reset'),
};

describe.each(Object.entries(LIVES))('%s', (_, live) => {
  test.each([undefined, 'query', '__proto__', ''])('of %j comes back as it was', (tool) => {
    const { transitions } = live();
    expect(transitions.length).toBeGreaterThan(0);
    for (const transition of transitions) {
      const detail = recordTransition({ tool, transition });
      expect(Object.values(detail).filter((value) => typeof value === 'object' && value !== null)).toEqual([]);
      // an event keeps 32 keys
      expect(Object.keys(detail).length).toBeLessThanOrEqual(32);
      const back = readTransition(JSON.parse(JSON.stringify(detail)));
      expect(back).toEqual({ tool, transition });
    }
  });
});

test('the detail of an opening', () => {
  const [transition] = new OneBreaker().feed('FFFFF').transitions;
  if (transition === undefined) throw new Error('it did not open');
  expect(recordTransition({ tool: undefined, transition })).toEqual({
    tool: null,
    from: 'closed',
    to: 'open',
    epoch: 1,
    rule: 'fault_row',
    openMs: 30_000,
    round: 1,
    evidence: 'samples',
    samples: 5,
    faults: 5,
    toolErrors: 0,
    slow: 0,
    row: 5,
    ...transition.at,
  });
});

describe('what is no transition is refused', () => {
  const good = (): ReturnType<typeof recordTransition> => {
    const [transition] = new OneBreaker().feed('FFFFF').transitions;
    if (transition === undefined) throw new Error('it did not open');
    return recordTransition({ tool: 'query', transition });
  };

  test('a name of 256 characters is one', () => {
    expect(readTransition({ ...good(), tool: 'x'.repeat(256) })?.tool).toHaveLength(256);
  });

  test('what lacks any member', () => {
    expect(readTransition(good())).toBeDefined();
    for (const key of Object.keys(good())) {
      const { [key]: _, ...rest } = good();
      expect([key, readTransition(rest)]).toEqual([key, undefined]);
    }
  });

  test.each<[string, unknown]>([
    ['tool', 7],
    ['tool', 'x'.repeat(257)],
    ['from', 'toString'],
    ['to', 'shut'],
    ['to', ['open']],
    ['rule', ['fault_row']],
    ['rule', 'constructor'],
    ['epoch', -1],
    ['epoch', 1.5],
    ['round', '1'],
    ['openMs', -1],
    ['openMs', 'long'],
    ['evidence', 'rumour'],
    ['faults', -1],
    ['row', null],
    ['wallMs', '1'],
    ['bootId', 1],
  ])('with `%s` %j', (key, value) => {
    expect(readTransition({ ...good(), [key]: value })).toBeUndefined();
  });

  test('any JSON is answered, never thrown at', () => {
    const whole = good();
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(whole)), fc.jsonValue()), (detail) => {
        const found = readTransition({ ...whole, ...detail });
        expect(found === undefined || typeof found.transition.epoch === 'number').toBe(true);
      }),
    );
  });
});
