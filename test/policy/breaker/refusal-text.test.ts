// What the model reads: every cause in its words, exact numbers, and nothing that a hostile name could add.
import { describe, expect, test } from 'vitest';
import type { BreakerState, Evidence } from '../../../src/policy/breaker/breaker-state.ts';
import { describeRefusal, type Refused } from '../../../src/policy/breaker/refusal-text.ts';
import { IN_STATE } from './one-breaker.ts';

const AT = { wallMs: Date.UTC(2026, 6, 28, 9, 0, 0, 123), monoMs: 1000, bootId: 'b' };
const NOW = { wallMs: AT.wallMs + 2000, monoMs: 3000, bootId: 'b' };

const SAMPLES: Evidence = { kind: 'samples', samples: 20, faults: 10, toolErrors: 2, slow: 3, row: 1 };

const out = (why: Evidence, kind: 'open' | 'half_open' = 'open', since = AT): BreakerState => {
  const failing = { epoch: 1, round: 1, cause: 'faults' as const, since, why, lapses: 0 };
  return kind === 'open'
    ? { kind, ...failing, at: AT, forMs: 30_000 }
    : { kind, ...failing, successes: 0, lease: { holder: 'h', at: AT, forMs: 1 } };
};

const say = (part: Partial<Refused> = {}): string =>
  describeRefusal({
    server: 'db',
    tool: 'query',
    state: out(SAMPLES),
    now: NOW,
    retryAfterMs: 5000,
    working: undefined,
    ...part,
  });

/** What stands between `ago): ` and the full stop. */
const reason = (why: Evidence, kind?: 'open' | 'half_open'): string | undefined =>
  /\(2 s ago\): (.*)\. The call was not sent\./.exec(say({ state: out(why, kind) }))?.[1];

test('of a tool: what, since when, why, when to try again', () => {
  expect(say()).toBe(
    'mcp-guard has switched off the tool `query` of `db` since 2026-07-28T09:00:00Z (2 s ago): of its last 20 calls 10 failed, 2 answered with an error, 3 were too slow. The call was not sent. Try again in 5 s, not before.',
  );
});

test('of a server: none of its tools, whichever work', () => {
  expect(say({ tool: undefined, working: ['list'] })).toBe(
    'mcp-guard has switched off the MCP server `db` since 2026-07-28T09:00:00Z (2 s ago): of its last 20 calls 10 failed, 2 answered with an error, 3 were too slow. The call was not sent. Try again in 5 s, not before. None of its tools can be called until then.',
  );
});

test('of an isolation: by whom, why, and that no time helps', () => {
  const state: BreakerState = { kind: 'isolated', epoch: 1, at: AT, actor: 'ada', reason: 'it `lies`' };
  expect(say({ state, retryAfterMs: undefined })).toBe(
    "mcp-guard has switched off the tool `query` of `db` since 2026-07-28T09:00:00Z (2 s ago): isolated by ada (it 'lies'). The call was not sent. Only a person can switch it on again: do not retry.",
  );
});

test('of what has closed meanwhile: no reason', () => {
  expect(say({ state: IN_STATE.closed().state })).toContain('the tool `query` of `db`. The call was not sent.');
});

describe('why', () => {
  test.each<[string, Evidence]>([
    [
      'of its last 5 calls 5 failed (the last 5 in a row)',
      { ...SAMPLES, samples: 5, faults: 5, toolErrors: 0, slow: 0, row: 5 },
    ],
    [
      'of its last 5 calls 3 failed (the last 2 in a row)',
      { ...SAMPLES, samples: 5, faults: 3, toolErrors: 0, slow: 0, row: 2 },
    ],
    [
      'of its last 10 calls 10 answered with an error',
      { ...SAMPLES, samples: 10, faults: 0, toolErrors: 10, slow: 0, row: 0 },
    ],
    ['of its last 10 calls 10 were too slow', { ...SAMPLES, samples: 10, faults: 0, toolErrors: 0, slow: 10, row: 0 }],
    [
      'it exited 3 times (the last time: code 1)',
      { ...SAMPLES, samples: 3, faults: 3, toolErrors: 0, slow: 0, row: 3, exits: 3, lastExit: 'code 1' },
    ],
    [
      'it exited once (signal SIGKILL), and of its last 4 calls 2 failed, 1 answered with an error (the last 3 in a row)',
      { ...SAMPLES, samples: 5, faults: 3, toolErrors: 1, slow: 0, row: 3, exits: 1, lastExit: 'signal SIGKILL' },
    ],
    [
      'it exited or could not be started 4 times',
      { ...SAMPLES, samples: 9, faults: 4, toolErrors: 0, slow: 0, row: 1, exits: 4, lastExit: 'not started' },
    ],
    ['3 of its 4 tools fail', { kind: 'tools', open: 3, known: 4 }],
    ["opened by ada (it 'lies')", { kind: 'person', actor: 'ada', reason: 'it `lies`' }],
    ['calls that tried it out failed', { kind: 'probe', outcome: 'fault', durationMs: 1, slow: false }],
    ['calls that tried it out failed', { kind: 'lease', holder: 'h', forMs: 1, lapses: 3 }],
  ])('%s', (text, why) => {
    expect(reason(why)).toBe(text);
    expect(reason(why, 'half_open')).toBe(`${text}; one call is trying it out just now`);
  });
});

describe('times', () => {
  test.each([
    [0, 1],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [600_000, 600],
  ])('%i ms are %i s', (retryAfterMs, seconds) => {
    expect(say({ retryAfterMs })).toContain(`Try again in ${seconds} s, not before.`);
  });

  test('an age that nobody knows is not said, a time that is none is called so', () => {
    const future = { ...AT, wallMs: NOW.wallMs + 1, bootId: 'another' };
    expect(say({ state: out(SAMPLES, 'open', future) })).toContain('since 2026-07-28T09:00:02Z: of its last');
    const nonsense = { ...AT, wallMs: 1e20 };
    expect(say({ state: out(SAMPLES, 'open', nonsense) })).toContain('since an unknown time (2 s ago): of its last');
  });
});

describe('what still works', () => {
  const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index}`);

  test('is said where it is known', () => {
    expect(say({ working: [] })).toMatch(/not before\. No other tool of `db` works now\.$/);
    expect(say({ working: ['a', 'b'] })).toMatch(/not before\. These tools of `db` still work: `a`, `b`\.$/);
  });

  test('up to twenty names, and how many more', () => {
    expect(say({ working: names(20) })).toMatch(/, `t18`, `t19`\.$/);
    expect(say({ working: names(21) })).toMatch(/, `t18`, `t19` and 1 more\.$/);
  });
});

describe('a hostile name', () => {
  const hostile = '`\n\u001b[2J';
  const shown = "'\\u{a}\\u{1b}[2J";

  test('steers nothing, wherever it stands', () => {
    const person: Evidence = { kind: 'person', actor: hostile, reason: hostile };
    const text = say({ server: hostile, tool: hostile, state: out(person), working: [hostile] });
    expect(text).toContain(`the tool \`${shown}\` of \`${shown}\``);
    expect(text).toContain(`opened by ${shown} (${shown})`);
    expect(text).toContain(`These tools of \`${shown}\` still work: \`${shown}\`.`);
    expect(say({ server: hostile, tool: undefined })).toContain(`the MCP server \`${shown}\``);
    expect(say({ server: hostile, working: [] })).toContain(`No other tool of \`${shown}\``);
    const isolated: BreakerState = { kind: 'isolated', epoch: 1, at: AT, actor: hostile, reason: hostile };
    expect(say({ state: isolated })).toContain(`isolated by ${shown} (${shown})`);
  });

  test('is cut after 128 characters', () => {
    expect(say({ tool: 'x'.repeat(128) })).toContain(`\`${'x'.repeat(128)}\``);
    expect(say({ tool: 'x'.repeat(129) })).toContain(`\`${'x'.repeat(128)}…\``);
  });
});

test('what another machine has found says so, with its counts where it has any, and not its name', () => {
  const counts = { samples: 5, faults: 5, toolErrors: 0, slow: 0, row: 5 };
  const said = 'another machine has switched it off for all';
  expect(reason({ kind: 'fleet', machine: 'host `b`', ...counts })).toBe(
    `${said}, because there of its last 5 calls 5 failed (the last 5 in a row)`,
  );
  expect(reason({ kind: 'fleet', machine: 'b', ...counts, exits: 5 })).toBe(`${said}, because there it exited 5 times`);
  const none = { samples: 0, faults: 0, toolErrors: 0, slow: 0, row: 0 };
  expect(reason({ kind: 'fleet', machine: 'b', ...none })).toBe(said);
});
