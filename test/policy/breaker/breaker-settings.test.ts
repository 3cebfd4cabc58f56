// The defaults are those of the issue; what is illegal alone, and what does not fit together.
import { describe, expect, test } from 'vitest';
import {
  type BreakerSettings,
  checkSettings,
  isLegalSetting,
  SERVER_DEFAULTS,
  SETTING_RANGES,
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
    share: 'machine',
  });
  expect(SERVER_DEFAULTS).toEqual({ ...TOOL_DEFAULTS, consecutiveFaults: 3, minimum: 20 });
  expect(checkSettings(TOOL_DEFAULTS)).toEqual([]);
  expect(checkSettings(SERVER_DEFAULTS)).toEqual([]);
});

const wrong = (change: Partial<BreakerSettings>): readonly string[] =>
  checkSettings({ ...TOOL_DEFAULTS, ...change }).map(
    ({ keys, what, why, mend }) => `${keys.join()}: ${what}: ${why}; ${mend}`,
  );

describe('what each may be', () => {
  test.each([
    ['samples', 2, 1000, 1, 1001],
    ['maxAgeMs', 1, 86_400_000, 0, 86_400_001],
    ['minimum', 1, 1000, 0, 1.5],
    ['faultRate', 0.001, 1, 0, 1.001],
    ['consecutiveFaults', 1, 1000, 0, 1001],
    ['toolErrorRate', 0.001, 1, 0, 1.001],
    ['toolErrorMinimum', 1, 1000, 0, 1001],
    ['openMs', 1, 86_400_000, 0, 86_400_001],
    ['maxOpenMs', 1, 86_400_000, 0, 86_400_001],
    ['jitter', 0, 0.999, -0.001, 1],
    ['forgetAfterMs', 1, 86_400_000, 0, 86_400_001],
    ['successesToClose', 1, 100, 0, 101],
    ['leaseMs', 1000, 3_600_000, 999, 3_600_001],
    ['escalateTools', 1, 1000, 0, 1001],
    ['escalateShare', 0, 1, -0.001, 1.001],
  ] as const)('%s', (key, least, most, below, above) => {
    expect([least, most].map((value) => isLegalSetting(key, value))).toEqual([true, true]);
    const illegal = [below, above, Number.NaN, `${least}`, null, undefined];
    expect(illegal.filter((value) => isLegalSetting(key, value))).toEqual([]);
  });

  test.each<[string, unknown[], unknown[]]>([
    ['mode', ['enforce', 'observe', 'off'], ['isolated', '', true]],
    ['countToolErrors', ['rate', 'never', 'always'], ['sometimes', 'off']],
    ['hide', [true, false], ['true', 1]],
    [
      'slowCall',
      [{ afterMs: 1, rate: 1 }],
      [{ afterMs: 0, rate: 1 }, { afterMs: 1, rate: 0 }, { afterMs: 1 }, null, 5],
    ],
    ['__proto__', [], [1, {}, { afterMs: 1, rate: 1 }]],
    ['maxInFlight', [], [1, { afterMs: 1, rate: 1 }]],
  ])('%s', (key, legal, illegal) => {
    expect([...legal, ...illegal].filter((value) => isLegalSetting(key, value))).toEqual(legal);
  });

  test('counts and durations are whole, shares need not be', () => {
    const half = Object.entries(SETTING_RANGES).map(([key, { min }]) => [key, isLegalSetting(key, min + 0.5)]);
    const shares = ['faultRate', 'toolErrorRate', 'jitter', 'escalateShare'];
    expect(half.filter(([, isLegal]) => isLegal).map(([key]) => key)).toEqual(shares);
    expect(isLegalSetting('slowCall', { afterMs: 1.5, rate: 0.5 })).toBe(false);
  });

  test('every setting has a rule', () => {
    expect(
      Object.entries(TOOL_DEFAULTS).filter(([key, value]) => value !== undefined && !isLegalSetting(key, value)),
    ).toEqual([]);
  });
});

test('what does not fit together, all at once', () => {
  expect(wrong({})).toEqual([]);
  expect(wrong({ samples: 10, minimum: 10, consecutiveFaults: 10, openMs: 600_000 })).toEqual([]);
  expect(wrong({ samples: 4, openMs: 600_001 })).toEqual([
    ...[
      ['minimum', 5],
      ['consecutiveFaults', 5],
      ['toolErrorMinimum', 10],
    ].map(
      ([key, value]) =>
        `${key},samples: \`${key}\` (\`${value}\`) is above \`samples\` (\`4\`): only the last 4 samples are kept, so it could never be reached; make \`${key}\` at most \`samples\``,
    ),
    'openMs,maxOpenMs: `openMs` (`600001`) is above `maxOpenMs` (`600000`): no opening is longer than `maxOpenMs`; make `openMs` at most `maxOpenMs`',
  ]);
});
