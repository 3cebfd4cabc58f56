// Breakers in a config: which level wins for whom, which default moves, and what contradicts itself.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BreakerLookup, createBreakerLookup } from '../../src/config/breaker-lookup.ts';
import { pickStricter, STRICTER } from '../../src/config/stricter-breaker.ts';
import {
  type BreakerSettings,
  checkSettings,
  isLegalSetting,
  SERVER_DEFAULTS,
  TOOL_DEFAULTS,
} from '../../src/policy/breaker/breaker-settings.ts';
import { compile, errorsOf, policyOf } from './compiled.ts';

const config = (top: object, db: object = {}, tools: Record<string, object> = {}) => ({
  version: 1,
  breaker: top,
  servers: {
    db: {
      command: 'db',
      breaker: db,
      tools: Object.fromEntries(Object.entries(tools).map(([pattern, breaker]) => [pattern, { breaker }])),
    },
    other: { command: 'other' },
  },
});
const lookup = (...levels: Parameters<typeof config>): BreakerLookup =>
  createBreakerLookup(policyOf(config(...levels)));

describe('which level wins', () => {
  test('without a config the defaults hold', () => {
    const bare = createBreakerLookup(undefined);
    expect(bare.settingsOf('db', 'q')).toEqual(TOOL_DEFAULTS);
    expect(bare.settingsOf('db', undefined)).toEqual(SERVER_DEFAULTS);
    expect(bare.bulkhead.toolSettings('db', 'q')).toEqual({ maxInFlight: undefined, maxWaitMs: 30_000 });
    expect(bare.bulkhead.serverSettings('db')).toEqual({ maxInFlight: 256 });
    expect(bare.mayHide('db')).toBe(false);
  });

  test('an empty block changes nothing', () => {
    const { settingsOf, bulkhead } = lookup({ server: {} }, { server: {} }, { q: {} });
    expect(settingsOf('db', 'q')).toEqual(TOOL_DEFAULTS);
    expect(settingsOf('db', undefined)).toEqual(SERVER_DEFAULTS);
    expect(bulkhead.serverSettings('db')).toEqual({ maxInFlight: 256 });
  });

  test('top level, server, tool: key by key', () => {
    const { settingsOf, bulkhead } = lookup(
      { openMs: 1_000, leaseMs: 2_000, faultRate: 0.9, maxInFlight: 9, maxWaitMs: 90 },
      { leaseMs: 3_000, faultRate: 0.8, maxInFlight: 8 },
      { 'q*': { faultRate: 0.7, maxWaitMs: 0 } },
    );
    expect(settingsOf('db', 'q1')).toEqual({ ...TOOL_DEFAULTS, openMs: 1_000, leaseMs: 3_000, faultRate: 0.7 });
    expect(settingsOf('db', 'x')).toEqual({ ...TOOL_DEFAULTS, openMs: 1_000, leaseMs: 3_000, faultRate: 0.8 });
    expect(settingsOf('other', 'q1')).toEqual({ ...TOOL_DEFAULTS, openMs: 1_000, leaseMs: 2_000, faultRate: 0.9 });
    expect(bulkhead.toolSettings('db', 'q1')).toEqual({ maxInFlight: 8, maxWaitMs: 0 });
    expect(bulkhead.toolSettings('db', 'x')).toEqual({ maxInFlight: 8, maxWaitMs: 90 });
    expect(bulkhead.toolSettings('other', 'x')).toEqual({ maxInFlight: 9, maxWaitMs: 90 });
  });

  test('a server that is not listed has the top level', () => {
    const { settingsOf, bulkhead } = lookup({ openMs: 1_000, server: { openMs: 7, maxInFlight: 5 } }, { openMs: 2 });
    expect(settingsOf('elsewhere', 'q').openMs).toBe(1_000);
    expect(settingsOf('elsewhere', undefined).openMs).toBe(7);
    expect(bulkhead.serverSettings('elsewhere')).toEqual({ maxInFlight: 5 });
  });

  test('what is said of tools says nothing of the server, and the other way round', () => {
    const { settingsOf, bulkhead } = lookup(
      { minimum: 2, consecutiveFaults: 9, maxInFlight: 3, server: { successesToClose: 7 } },
      { server: { consecutiveFaults: 4, escalateTools: 5, escalateShare: 0, maxInFlight: 6 } },
    );
    expect(settingsOf('db', undefined)).toEqual({
      ...SERVER_DEFAULTS,
      successesToClose: 7,
      consecutiveFaults: 4,
      escalateTools: 5,
      escalateShare: 0,
    });
    expect(settingsOf('db', 'q')).toEqual({ ...TOOL_DEFAULTS, minimum: 2, consecutiveFaults: 9 });
    expect(bulkhead.serverSettings('db')).toEqual({ maxInFlight: 6 });
    expect(bulkhead.toolSettings('db', 'q').maxInFlight).toBe(3);
  });

  test.each<[string, object, object, string, string]>([
    ['of a block goes for the server, too', { mode: 'off' }, {}, 'off', 'off'],
    ['of its own block comes first', { mode: 'off', server: { mode: 'enforce' } }, {}, 'off', 'enforce'],
    [
      'of a nearer block comes before the top’s `server`',
      { server: { mode: 'enforce' } },
      { mode: 'off' },
      'off',
      'off',
    ],
    ['of the server alone leaves the tools', {}, { server: { mode: 'observe' } }, 'enforce', 'observe'],
  ])('the mode %s', (_, top, db, ofTool, ofServer) => {
    const { settingsOf } = lookup(top, db);
    expect([settingsOf('db', 'q').mode, settingsOf('db', undefined).mode]).toEqual([ofTool, ofServer]);
  });

  test.each(['observe', 'off'])('`%s` takes the caps of the defaults away, not those that are written', (mode) => {
    const silent = lookup({ mode }).bulkhead;
    expect(silent.serverSettings('db').maxInFlight).toBe(Number.POSITIVE_INFINITY);
    expect(silent.toolSettings('db', 'q').maxInFlight).toBe(Number.POSITIVE_INFINITY);
    const written = lookup({ mode, maxInFlight: 2, server: { maxInFlight: 3 } }).bulkhead;
    expect(written.serverSettings('db').maxInFlight).toBe(3);
    expect(written.toolSettings('db', 'q').maxInFlight).toBe(2);
  });

  test('a block of slow calls is replaced whole', () => {
    const slow = (afterMs: number, rate: number) => ({ slowCall: { afterMs, rate } });
    expect(lookup(slow(1, 0.1), slow(2, 0.2)).settingsOf('db', 'q').slowCall).toEqual({ afterMs: 2, rate: 0.2 });
  });

  test.each<[string, object, object, Record<string, object>, boolean]>([
    ['nobody', {}, {}, {}, false],
    ['the top level', { hide: true }, {}, {}, true],
    ['one tool', {}, {}, { q: { hide: true } }, true],
    ['the server takes it back', { hide: true }, { hide: false }, {}, false],
  ])('a server may hide: %s', (_, top, db, tools, expected) => {
    expect(lookup(top, db, tools).mayHide('db')).toBe(expected);
  });
});

describe('which pattern wins', () => {
  test('the very name decides alone', () => {
    const { settingsOf } = lookup({}, { openMs: 5_000 }, { '*': { openMs: 600_000 }, q: { leaseMs: 1_000 } });
    expect(settingsOf('db', 'q')).toMatchObject({ openMs: 5_000, leaseMs: 1_000 });
    expect(settingsOf('db', 'r')).toMatchObject({ openMs: 600_000, leaseMs: 60_000 });
  });

  test('of several the stricter value of each key', () => {
    const { settingsOf, bulkhead } = lookup(
      {},
      {},
      {
        'a*': { openMs: 1_000, faultRate: 0.2, mode: 'observe', maxInFlight: 4 },
        '*c': { openMs: 2_000, faultRate: 0.4, minimum: 3, mode: 'enforce', maxInFlight: 2 },
      },
    );
    expect(settingsOf('db', 'abc')).toEqual({ ...TOOL_DEFAULTS, openMs: 2_000, faultRate: 0.2, minimum: 3 });
    expect(bulkhead.toolSettings('db', 'abc').maxInFlight).toBe(2);
    expect(settingsOf('db', 'ab').mode).toBe('observe');
  });

  test('two that contradict each other are reconciled', () => {
    const { settingsOf } = lookup(
      {},
      {},
      {
        'a*': { samples: 10, maxOpenMs: 40_000 },
        '*c': { minimum: 15, openMs: 50_000 },
      },
    );
    expect(settingsOf('db', 'abc')).toMatchObject({ samples: 15, minimum: 15, openMs: 50_000, maxOpenMs: 50_000 });
  });

  test('no name is too long for a pattern, and none stays for ever', () => {
    const { settingsOf } = lookup({}, {}, { 'x*': { openMs: 1 }, zzz: { openMs: 2 }, 'y*?': { openMs: 3 } });
    expect(settingsOf('db', `x${'a'.repeat(300)}`).openMs).toBe(1);
    expect(settingsOf('db', 'x'.repeat(4_097)).openMs).toBe(3);
    const first = settingsOf('db', 'x');
    expect(settingsOf('db', 'x')).toBe(first);
    for (let index = 0; index < 5_000; index += 1) settingsOf('db', `x${index}`);
    expect(settingsOf('db', 'x')).toEqual(first);
  });

  test.each(['__proto__', 'constructor', 'toString'])('a tool that is called %s is a tool', (name) => {
    expect(lookup({}).settingsOf('db', name)).toEqual(TOOL_DEFAULTS);
    expect(lookup({}, {}, { constructor: { openMs: 1 } }).settingsOf('db', name).openMs).toBe(
      name === 'constructor' ? 1 : 30_000,
    );
  });

  test('every key of a tool has a stricter side', () => {
    expect(Object.keys(STRICTER).toSorted()).toEqual(
      [...Object.keys(TOOL_DEFAULTS), 'maxInFlight', 'maxWaitMs']
        .filter((key) => !key.startsWith('escalate'))
        .toSorted(),
    );
    expect(
      pickStricter([
        { mode: 'off', countToolErrors: 'never', hide: false, slowCall: { afterMs: 5, rate: 0.1 }, jitter: 0.1 },
        { mode: 'observe', countToolErrors: 'rate', hide: true, slowCall: { afterMs: 3, rate: 0.2 }, samples: 9 },
      ]),
    ).toEqual({
      mode: 'observe',
      countToolErrors: 'rate',
      hide: true,
      slowCall: { afterMs: 3, rate: 0.1 },
      jitter: 0.1,
      samples: 9,
    });
    const [low, high] = [2, 3];
    for (const [key, expected] of Object.entries({
      ...{ samples: high, maxAgeMs: high, openMs: high, maxOpenMs: high, forgetAfterMs: high, successesToClose: high },
      ...{ leaseMs: high, minimum: low, faultRate: low, consecutiveFaults: low, toolErrorRate: low, jitter: low },
      ...{ toolErrorMinimum: low, maxInFlight: low, maxWaitMs: low },
    })) {
      expect(pickStricter([{ [key]: low }, { [key]: high }])).toEqual({ [key]: expected });
      expect(pickStricter([{ [key]: high }, { [key]: low }])).toEqual({ [key]: expected });
    }
  });
});

describe('what does not fit together', () => {
  test.each<[object, Partial<BreakerSettings>]>([
    [{ samples: 4 }, { samples: 4, minimum: 4, consecutiveFaults: 4, toolErrorMinimum: 4 }],
    [{ minimum: 30 }, { samples: 30, minimum: 30 }],
    [{ openMs: 900_000 }, { openMs: 900_000, maxOpenMs: 900_000 }],
    [{ maxOpenMs: 10_000 }, { openMs: 10_000, maxOpenMs: 10_000 }],
  ])('a default moves as little as %j needs', (top, expected) => {
    expect(lookup(top).settingsOf('db', 'q')).toEqual({ ...TOOL_DEFAULTS, ...expected });
  });

  test('is reported once, where it comes in, all at once', () => {
    const document = config(
      { samples: 10, minimum: 11, server: { openMs: 2, maxOpenMs: 1 } },
      { consecutiveFaults: 12, server: { samples: 5, minimum: 6 } },
      { 'a*': { toolErrorMinimum: 13 }, b: { leaseMs: 1_000 } },
    );
    const never = 'only the last 10 samples are kept, so it could never be reached; make';
    expect(errorsOf(document)).toEqual([
      `breaker.minimum: \`minimum\` (\`11\`) is above \`samples\` (\`10\`): ${never} \`minimum\` at most \`samples\``,
      'breaker.server.openMs: `openMs` (`2`) is above `maxOpenMs` (`1`): no opening is longer than `maxOpenMs`; make `openMs` at most `maxOpenMs`',
      `servers.db.breaker.consecutiveFaults: \`consecutiveFaults\` (\`12\`) is above \`samples\` (\`10\`): ${never} \`consecutiveFaults\` at most \`samples\``,
      'servers.db.breaker.server.minimum: `minimum` (`6`) is above `samples` (`5`): only the last 5 samples are kept, so it could never be reached; make `minimum` at most `samples`',
      `servers.db.tools["a*"].breaker.toolErrorMinimum: \`toolErrorMinimum\` (\`13\`) is above \`samples\` (\`10\`): ${never} \`toolErrorMinimum\` at most \`samples\``,
    ]);
  });

  test('a smaller window below is the one to mend', () => {
    expect(errorsOf(config({ minimum: 9 }, { samples: 8 }))).toEqual([
      expect.stringContaining('servers.db.breaker.samples: `minimum` (`9`) is above `samples` (`8`)'),
    ]);
  });

  test.each<[string, object, string]>([
    ['out of range', { faultRate: 0 }, 'breaker.faultRate: `0` is out of range; use at least 0.001'],
    ['out of range, and in contradiction', { samples: 1, minimum: 3 }, 'breaker.samples: `1` is out of range'],
    ['no jitter of 1', { jitter: 1 }, 'breaker.jitter: `1` is out of range; use at most 0.999'],
    ['a lease too short', { leaseMs: 999 }, 'breaker.leaseMs: `999` is out of range; use at least 1000'],
    ['a word', { countToolErrors: 'always!' }, 'did you mean `always`?'],
    ['a key of the server', { escalateTools: 3 }, 'unknown key `escalateTools`'],
    ['a key of tools', { server: { hide: true } }, 'breaker.server.hide: unknown key `hide`'],
    ['half of slow calls', { slowCall: { rate: 1 } }, 'breaker.slowCall.afterMs: required key is missing'],
  ])('%s is said once, by the schema', (_, top, expected) => {
    const errors = errorsOf(config(top));
    expect(errors).toEqual([expect.stringContaining(expected)]);
  });

  test('a block of a tool has no `server`', () => {
    expect(errorsOf(config({}, {}, { q: { server: {} } }))[0]).toContain('unknown key `server`');
  });

  test('the schema takes exactly what is legal', () => {
    const keys = ['samples', 'faultRate', 'openMs', 'jitter', 'successesToClose', 'leaseMs', 'maxAgeMs'] as const;
    const value = fc.oneof(
      fc.integer({ min: -1, max: 1_001 }),
      fc.double({ noNaN: true, min: -1, max: 2 }),
      fc.integer(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...keys), value, (key, number) => {
        expect(errorsOf({ version: 1, breaker: { [key]: number } }).length === 0).toBe(isLegalSetting(key, number));
      }),
      { numRuns: 200 },
    );
  });

  test('what compiles is sound for every name', () => {
    const block = fc.record(
      {
        samples: fc.integer({ min: 8, max: 30 }),
        minimum: fc.integer({ min: 1, max: 12 }),
        consecutiveFaults: fc.integer({ min: 1, max: 9 }),
        openMs: fc.integer({ min: 1, max: 500_000 }),
        maxOpenMs: fc.integer({ min: 300_000, max: 900_000 }),
      },
      { requiredKeys: [] },
    );
    let sound = 0;
    fc.assert(
      fc.property(block, block, block, block, (top, db, one, two) => {
        const compiled = compile(config(top, db, { 'a*': one, '*b': two }));
        if (!compiled.ok) return;
        sound += 1;
        const { settingsOf } = createBreakerLookup(compiled.policy);
        for (const tool of ['ab', 'a', 'b', 'c', undefined]) {
          const settings = settingsOf('db', tool);
          expect(checkSettings(settings)).toEqual([]);
          expect(
            Object.entries(settings).filter(([key, each]) => each !== undefined && !isLegalSetting(key, each)),
          ).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
    expect(sound).toBeGreaterThan(20);
  });
});
