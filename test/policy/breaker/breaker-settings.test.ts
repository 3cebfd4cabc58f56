// The defaults are those of the issue; a wrong value is named with its option and range.
import { describe, expect, test } from 'vitest';
import {
  type BreakerSettings,
  checkSettings,
  SERVER_DEFAULTS,
  TOOL_DEFAULTS,
} from '../../../src/policy/breaker/breaker-settings.ts';

test('the defaults are exactly these', () => {
  expect(TOOL_DEFAULTS).toEqual({
    mode: 'enforce',
    samples: 20,
    maxAgeMs: 600_000,
    minimum: 5,
    faultRate: 0.5,
    consecutiveFaults: 5,
    countToolErrors: 'rate',
    toolErrorRate: 0.8,
    toolErrorMinimum: 10,
    slowCall: undefined,
    openMs: 30_000,
    maxOpenMs: 600_000,
    jitter: 0.2,
    forgetAfterMs: 600_000,
    successesToClose: 2,
    leaseMs: 60_000,
    escalateTools: 3,
    escalateShare: 0.5,
    hide: false,
  });
  expect(SERVER_DEFAULTS).toEqual({ ...TOOL_DEFAULTS, consecutiveFaults: 3, minimum: 20 });
  expect(checkSettings(TOOL_DEFAULTS, 'breaker')).toEqual([]);
  expect(checkSettings(SERVER_DEFAULTS, 'breaker')).toEqual([]);
});

const wrong = (change: Partial<Record<keyof BreakerSettings, unknown>>): readonly string[] =>
  checkSettings({ ...TOOL_DEFAULTS, ...change } as BreakerSettings, 'servers.db.breaker');

describe('edges', () => {
  test.each([
    ['samples', 2, 1000, 1, 1001],
    ['maxAgeMs', 1, 86_400_000, 0, 86_400_001],
    ['minimum', 1, 20, 0, 1.5],
    ['faultRate', 0.001, 1, 0, 1.001],
    ['consecutiveFaults', 1, 20, 0, 21],
    ['toolErrorRate', 0.001, 1, 0, 1.001],
    ['toolErrorMinimum', 1, 20, 0, 21],
    ['openMs', 1, 600_000, 0, 600_001],
    ['maxOpenMs', 30_000, 86_400_000, 0, 86_400_001],
    ['jitter', 0, 0.999, -0.001, 1],
    ['forgetAfterMs', 1, 86_400_000, 0, 86_400_001],
    ['successesToClose', 1, 100, 0, 101],
    ['leaseMs', 1000, 3_600_000, 999, 3_600_001],
    ['escalateTools', 1, 1000, 0, 1001],
    ['escalateShare', 0, 1, -0.001, 1.001],
  ] as const)('%s', (key, least, most, below, above) => {
    const fits = (value: number) => wrong(key === 'samples' ? { samples: value, ...SMALL } : { [key]: value });
    expect(fits(least)).toEqual([]);
    expect(fits(most)).toEqual([]);
    for (const value of [below, above, Number.NaN]) {
      const said = fits(value);
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(`\`servers.db.breaker.${key}\` is ${value}`);
    }
  });
});

const SMALL = { minimum: 1, consecutiveFaults: 1, toolErrorMinimum: 1 };

test('all at once, each with option, value and range', () => {
  expect(
    wrong({ samples: 0.5, faultRate: 2, jitter: 1, mode: 'on', slowCall: { afterMs: 0, rate: 0 }, ...SMALL }),
  ).toEqual([
    '`servers.db.breaker.samples` is 0.5: it must be an integer from 2 to 1000',
    '`servers.db.breaker.faultRate` is 2: it must be a number above 0 to 1',
    '`servers.db.breaker.jitter` is 1: it must be a number from 0 below 1',
    '`servers.db.breaker.slowCall.afterMs` is 0: it must be an integer from 1 to 86400000',
    '`servers.db.breaker.slowCall.rate` is 0: it must be a number above 0 to 1',
    '`servers.db.breaker.mode` is `on`: it must be one of `enforce`, `observe`, `off`',
  ]);
  expect(wrong({ countToolErrors: 'sometimes' })).toHaveLength(1);
  expect(wrong({ samples: 4 })).toEqual(
    [
      ['minimum', 5],
      ['consecutiveFaults', 5],
      ['toolErrorMinimum', 10],
    ].map(
      ([key, value]) =>
        `\`servers.db.breaker.${key}\` is ${value}, but only the last 4 samples are kept, so it could never be reached: make it at most \`servers.db.breaker.samples\``,
    ),
  );
  expect(wrong({ openMs: 700_000 })).toHaveLength(1);
  expect(wrong({ openMs: 700_000 })[0]).toContain('above `servers.db.breaker.maxOpenMs` (600000)');
});
