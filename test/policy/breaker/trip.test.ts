// When a closed breaker opens: the exact edge of every rule, and what is no evidence.
import { describe, expect, test } from 'vitest';
import type { BreakerSettings } from '../../../src/policy/breaker/breaker-settings.ts';
import { SERVER_DEFAULTS } from '../../../src/policy/breaker/breaker-settings.ts';
import { DAY_MS, OneBreaker } from './one-breaker.ts';

/** What opened it, and after how many of the samples; `closed` where nothing did. */
function openedBy(samples: string, settings: Partial<BreakerSettings> = {}): string {
  const one = new OneBreaker(settings);
  for (const [index, letter] of [...samples].entries()) {
    one.feed(letter);
    if (one.state.kind === 'open') return `${one.rules.join()} ${index + 1}`;
  }
  return one.state.kind;
}

describe('of a tool', () => {
  test.each([
    // a row
    ['FFFF', 'closed'],
    ['FFFFF', 'fault_row 5'],
    ['FFFFNF', 'fault_row 6'],
    ['SSSSSSSSSSSSSSSFFFF', 'closed'],
    ['SSSSSSSSSSSSSSSFFFFF', 'fault_row 20'],
    ['SSSSSSSSSSSSSSSFFFFSF', 'closed'],
    ['SSSSSSSSSSSSSSSFFFFTF', 'closed'],
    // half of at least five
    ['FFSS', 'closed'],
    ['SSFF', 'closed'],
    ['SSFFF', 'fault_rate 5'],
    ['SSSFF', 'closed'],
    ['SSSFFF', 'fault_rate 6'],
    ['FFFSS', 'fault_rate 5'],
    ['SSSSSSSSSSFFFFSFFFFSF', 'closed'],
    ['SSSSSSSSSSFFFFSFFFFSFF', 'fault_rate 22'],
    // what counts for nothing
    ['NNNNNNNNNNNNNNNNNNNN', 'closed'],
    ['FFNNNNNNS', 'closed'],
    // tool errors, by rate alone
    ['TTTTTTTTT', 'closed'],
    ['TTTTTTTTTT', 'tool_error_rate 10'],
    ['SSTTTTTTTT', 'tool_error_rate 10'],
    ['SSSTTTTTTT', 'closed'],
    ['SSSSTTTTTTTTTTTTTTT', 'closed'],
    ['SSSSTTTTTTTTTTTTTTTT', 'tool_error_rate 20'],
    ['TTTTTTFFFFTTTT', 'tool_error_rate 10'],
    ['TTFTTFTTFTTF', 'tool_error_rate 10'],
    ['TSFTSFTSFTSF', 'closed'],
  ])('%s: %s', (samples, expected) => {
    expect(openedBy(samples)).toBe(expected);
  });

  test('only the last twenty count', () => {
    expect(openedBy(`FF${'S'.repeat(18)}FFFFSFFFFSF`)).toBe('closed');
    expect(openedBy(`FF${'S'.repeat(18)}FFFFSFFFFSFF`)).toBe('fault_rate 32');
    expect(openedBy(`SSSSSSSSSSSS${'TTTTT'.repeat(4)}`)).toBe('tool_error_rate 28');
  });

  test('of a window that was longer, the last that count today', () => {
    const one = new OneBreaker({ samples: 5 });
    one.state = new OneBreaker().feed('SSSSSSSSSSFFF').state;
    expect(one.feed('S').state.kind).toBe('open');
    expect(one.transitions).toMatchObject([{ rule: 'fault_rate', evidence: { samples: 5, faults: 3 } }]);
  });

  test('a share is reached where it is written so, whatever floating point makes of it', () => {
    const settings = { faultRate: 0.55, minimum: 20, consecutiveFaults: 20 };
    expect(openedBy('SFSFSFSFSFSFSFSFSFFF', settings)).toBe('fault_rate 20');
    expect(openedBy('SFSFSFSFSFSFSFSFSFSF', settings)).toBe('closed');
  });
});

describe('tool errors', () => {
  test('never: they trip nothing, and are no faults', () => {
    expect(openedBy('T'.repeat(40), { countToolErrors: 'never' })).toBe('closed');
  });

  test('without a single one, it is not they that open it', () => {
    const settings = { faultRate: 1, consecutiveFaults: 20, minimum: 20 };
    expect(openedBy('SFFFFFFFFF', settings)).toBe('closed');
    expect(openedBy('SFFFFFFFFT', settings)).toBe('tool_error_rate 10');
  });

  test('always: each is a fault', () => {
    expect(openedBy('TTTTT', { countToolErrors: 'always' })).toBe('fault_row 5');
    expect(openedBy('SSTFT', { countToolErrors: 'always' })).toBe('fault_rate 5');
  });
});

describe('of a server', () => {
  test.each([
    ['FF', 'closed'],
    ['FFF', 'fault_row 3'],
    ['FFSFF', 'closed'],
    [`${'SF'.repeat(9)}S`, 'closed'],
    ['SF'.repeat(10), 'fault_rate 20'],
    [`${'SF'.repeat(9)}SS`, 'closed'],
  ])('%s: %s', (samples, expected) => {
    expect(openedBy(samples, SERVER_DEFAULTS)).toBe(expected);
  });
});

describe('slow calls', () => {
  const slowCall = { afterMs: 1000, rate: 0.8 };

  test('are off by default', () => {
    const one = new OneBreaker();
    for (let call = 0; call < 30; call += 1) one.settle('success', 0, DAY_MS);
    expect(one.state.kind).toBe('closed');
  });

  test('open by their share, beyond the limit only', () => {
    const one = new OneBreaker({ slowCall });
    for (let call = 0; call < 30; call += 1) one.settle('success', 0, 1000);
    expect(one.state.kind).toBe('closed');
    const other = new OneBreaker({ slowCall }).settle('success', 0, 1);
    for (let call = 0; call < 3; call += 1) other.settle('success', 0, 1001);
    expect(other.state.kind).toBe('closed');
    other.settle('success', 0, 1001);
    expect(other.rules).toEqual(['slow_rate']);
    expect(other.state).toMatchObject({ cause: 'slow' });
  });

  test('below their share open nothing', () => {
    const one = new OneBreaker({ slowCall });
    for (const durationMs of [1, 1, 1001, 1001, 1001, 1001]) one.settle('success', 0, durationMs);
    expect(one.state.kind).toBe('closed');
    one.settle('success', 0, 1001).settle('success', 0, 1001).settle('success', 0, 1001);
    expect(one.state.kind).toBe('closed');
    expect(one.settle('success', 0, 1001).rules).toEqual(['slow_rate']);
  });
});

describe('age', () => {
  test('four faults, an idle hour and a fifth open nothing', () => {
    const one = new OneBreaker().feed('FFFF').wait(3_600_000).feed('F');
    expect(one.state.kind).toBe('closed');
    expect(one.feed('FFF').state.kind).toBe('closed');
    expect(one.feed('F').rules).toEqual(['fault_row']);
  });

  test('ten minutes are not older than ten minutes', () => {
    const at = (ms: number) => new OneBreaker().settle('fault').wait(ms).feed('FFFF').state.kind;
    expect(at(600_000 - 3)).toBe('open');
    const edge = (ms: number) => {
      const one = new OneBreaker({ consecutiveFaults: 2 }).settle('fault').wait(ms);
      return one.settle('fault').state.kind;
    };
    expect(edge(600_000)).toBe('open');
    expect(edge(600_001)).toBe('closed');
  });

  test('old successes do not shield', () => {
    const one = new OneBreaker().feed('SSSSS').wait(600_001).feed('SSFF');
    expect(one.state.kind).toBe('closed');
    expect(one.feed('F').rules).toEqual(['fault_rate']);
  });

  test('a clock that is set changes no age; a reboot leaves the wall clock', () => {
    for (const step of [DAY_MS, -DAY_MS]) {
      expect(new OneBreaker().feed('FFFF').stepClock(step).feed('F').state.kind).toBe('open');
    }
    expect(new OneBreaker().feed('FFFF').reboot(60_000).feed('F').state.kind).toBe('open');
    expect(new OneBreaker().feed('FFFF').reboot(700_000).feed('F').state.kind).toBe('closed');
    // From the future: worth nothing.
    expect(new OneBreaker().feed('FFFF').reboot(60_000).stepClock(-DAY_MS).feed('F').state.kind).toBe('closed');
  });
});

test('the evidence says what was counted', () => {
  const [transition] = new OneBreaker({ slowCall: { afterMs: 5, rate: 1 }, minimum: 9 }).feed('SSTNFSFFFF').transitions;
  expect(transition?.evidence).toEqual({
    kind: 'samples',
    samples: 9,
    faults: 5,
    toolErrors: 1,
    slow: 9,
    row: 4,
  });
});

describe('escalation', () => {
  const out = (open: number, known: number, settings: Partial<BreakerSettings> = {}) =>
    new OneBreaker({ ...SERVER_DEFAULTS, ...settings }).run({ type: 'tools_out', open, known, random: 0.5 });

  test.each([
    [2, 2, 'closed'],
    [2, 3, 'closed'],
    [3, 3, 'open'],
    [3, 5, 'open'],
    [3, 6, 'closed'],
    [4, 7, 'open'],
  ])('%i of %i: %s', (open, known, kind) => {
    expect(out(open, known).state.kind).toBe(kind);
  });

  test('says how many, and moves a closed server only', () => {
    expect(out(3, 4).transitions).toMatchObject([
      { rule: 'escalation', evidence: { kind: 'tools', open: 3, known: 4 }, from: 'closed', to: 'open' },
    ]);
    const open = out(3, 4);
    const before = open.state;
    expect(open.run({ type: 'tools_out', open: 4, known: 4, random: 0 }).state).toEqual(before);
  });

  test('its probe is judged as any other', () => {
    const one = out(3, 4).wait(30_000).admit().settle('success').admit().settle('success');
    expect(one.state.kind).toBe('closed');
  });
});
