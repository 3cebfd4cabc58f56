// What `breaker history` shows: transitions out of a real trail, whole, and nothing that a record could do to a terminal.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJsonlSink } from '../../src/adapters/jsonl-sink.ts';
import { readRecentEvents } from '../../src/adapters/recent-events.ts';
import { listDays, listSegments } from '../../src/adapters/trail-listing.ts';
import type { EventEntry } from '../../src/audit/entry.ts';
import { type BreakerHistoryOptions, runBreakerHistory } from '../../src/cli/breaker-history.ts';
import { showDay, showTime } from '../../src/cli/call-line.ts';
import { measureText } from '../../src/cli/text-width.ts';
import type { Evidence, Transition } from '../../src/policy/breaker/breaker-state.ts';
import { recordTransition } from '../../src/policy/breaker/transition-record.ts';
import { tenantDir } from '../../src/tenant/tenant-scope.ts';
import { trailPaths } from '../../src/tenant/trail-paths.ts';
import { origin } from '../audit/sample.ts';
import { OneBreaker } from '../policy/breaker/one-breaker.ts';
import { HOSTILE } from './breaker-scene.ts';
import { openScreen } from './screen.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
const { tenant: _tenant, pid: _pid, startTime: _start, bootId: _boot, ...rest } = origin;
let stateDir = '';
let wallMs = START;

beforeEach(() => {
  stateDir = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-history-'));
  wallMs = START;
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

interface Said {
  readonly name?: EventEntry['name'];
  readonly server?: string;
  readonly detail: EventEntry['detail'];
}

/** One segment a call, one second between two records. */
function write(said: readonly Said[], tenant = 'default'): void {
  const clock = { now: () => ({ wallMs, monoMs: 1 }) };
  const sink = createJsonlSink({ stateDir, tenant, origin: rest, clock, log: { write: () => {} } });
  for (const { name = 'breaker', server = 'files', detail } of said) {
    wallMs += 1_000;
    expect(sink.append([{ type: 'event', at: clock.now(), ref: undefined, name, server, detail }])).toBe(true);
  }
  sink.close('done');
}

function show(more: Partial<BreakerHistoryOptions> = {}, columns = 80) {
  const screen = openScreen(columns);
  const trail = {
    servers: () => ['files', 'db'],
    lastEvents: (limit: number, since: number | undefined, wants: Parameters<typeof readRecentEvents>[2]['wants']) =>
      readRecentEvents(stateDir, limit, { tenant: 'default', names: ['breaker', 'breaker_order'], since, wants }),
  };
  expect(runBreakerHistory({ lines: '20', ...more }, screen.io, trail, wallMs)).toBe(0);
  return { out: screen.out(), err: screen.err() };
}

const detailOf = (tool: string | undefined, transition: Transition) => recordTransition({ tool, transition });

/** One tool that fails, is tried, fails again, is tried twice, and is well. */
function life(): Transition[] {
  const breaker = new OneBreaker().feed('FFFFF').wait(30_000).admit('4711,1,b,n,h,r').settle('fault').wait(60_000);
  return breaker.admit('4711,1,b,n,h,r').settle('success').admit('4711,1,b,n,h,r').settle('success').transitions;
}

const time = (seconds: number) => showTime(START + seconds * 1_000);

test('at 80 columns: newest last, wrapped and not cut, with the numbers in words', () => {
  write(life().map((transition) => ({ detail: detailOf('query', transition) })));
  write([
    { server: 'db', detail: { ...detailOf(undefined, new OneBreaker().order('isolate').transitions[0] ?? fail()) } },
    {
      name: 'breaker_order',
      server: 'db',
      detail: {
        stage: 'failed',
        order: 'close',
        tool: null,
        actor: 'ada',
        reason: 'mended',
        asked: 'x:2',
        why: 'ENOSPC',
      },
    },
  ]);
  expect(show().out).toBe(`-- ${showDay(START)}
${time(1)} files/query closed -> open         for 30 s: 5 of 5 calls failed, 5 in
                                            a row
${time(2)} files/query open -> half_open      cool-down over, probe of pid 4711
${time(3)} files/query half_open -> open      for 60 s, time 2: probe failed after
                                            10ms
${time(4)} files/query open -> half_open      cool-down over, probe of pid 4711
${time(5)} files/query half_open -> half_open probe answered after 10ms
${time(6)} files/query half_open -> half_open next, probe of pid 4711
${time(7)} files/query half_open -> closed    probe answered after 10ms
${time(8)} db          closed -> isolated     isolated by ada: it misbehaves
${time(9)} db          (failed)               close by ada (mended): ENOSPC
`);
  expect(show({}, Number.POSITIVE_INFINITY).out).toContain(
    'closed -> open         for 30 s: 5 of 5 calls failed, 5 in a row\n',
  );
});

function fail(): never {
  throw new Error('no transition');
}

test.each<[Evidence, Transition['rule'], string]>([
  [
    { kind: 'samples', samples: 20, faults: 11, toolErrors: 2, slow: 0, row: 1 },
    'fault_rate',
    '11 of 20 calls failed, 2 answered with an error',
  ],
  [
    { kind: 'samples', samples: 10, faults: 0, toolErrors: 8, slow: 0, row: 0 },
    'tool_error_rate',
    '8 of 10 calls answered with an error',
  ],
  [{ kind: 'samples', samples: 9, faults: 0, toolErrors: 0, slow: 7, row: 0 }, 'slow_rate', '7 of 9 calls too slow'],
  [{ kind: 'tools', open: 3, known: 5 }, 'escalation', '3 of its 5 tools fail'],
  [
    { kind: 'probe', outcome: 'success', durationMs: 9_000, slow: true },
    'probe_failed',
    'probe answered after 9.0s, too slow',
  ],
  [{ kind: 'probe', outcome: 'none', durationMs: 9, slow: false }, 'probe_unused', 'probe came to nothing after 9ms'],
  [
    { kind: 'probe', outcome: 'tool_error', durationMs: 9, slow: false },
    'probe_failed',
    'probe answered with an error after 9ms',
  ],
  [{ kind: 'lease', holder: 'h', forMs: 120_000, lapses: 1 }, 'lease_lapsed', 'the last one lapsed, probe of h'],
  [{ kind: 'lease', holder: 'h', forMs: 120_000, lapses: 3 }, 'probes_lapsed', 'three probes lapsed'],
  [{ kind: 'lease', holder: 'h', forMs: 120_000, lapses: 0 }, 'holder_gone', 'its guard is gone'],
  [{ kind: 'person', actor: 'ada', reason: 'r' }, 'person_close', 'closed by ada: r'],
  [{ kind: 'person', actor: 'ada', reason: 'r' }, 'person_reset', 'reset by ada: r'],
  [{ kind: 'person', actor: 'ada', reason: 'r' }, 'person_open', 'opened by ada: r'],
  [{ kind: 'person', actor: 'ada', reason: 'r' }, 'isolation_kept', 'isolation kept of ada: r'],
])('words for %j as %s', (evidence, rule, words) => {
  const [transition = fail()] = new OneBreaker().order('isolate').transitions;
  write([{ detail: detailOf('t', { ...transition, rule, evidence }) }]);
  expect(show({}, Number.POSITIVE_INFINITY).out).toContain(words);
});

describe('shows only', () => {
  beforeEach(() => {
    const [open = fail()] = life();
    write([
      { detail: detailOf('query', open) },
      { detail: detailOf('a/b', open) },
      { detail: detailOf(undefined, open) },
      { server: 'db', detail: detailOf('query', open) },
      { name: 'breaker_order', detail: { stage: 'asked', order: 'open', tool: 'asked', actor: 'a', reason: 'r' } },
      { name: 'breaker_order', detail: { stage: 'unchanged', order: 'open', tool: 'asked', actor: 'a', reason: 'r' } },
      { name: 'config', detail: { tool: 'other' } },
    ]);
    write([{ detail: detailOf('of-another-tenant', open) }], 'other');
  });
  const names = (more: Partial<BreakerHistoryOptions>) =>
    show({ ...more, json: true })
      .out.split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .map(({ server, tool }) => `${server}/${tool}`);

  test.each<[string, Partial<BreakerHistoryOptions>, string[]]>([
    ['what moved', {}, ['files/query', 'files/a/b', 'files/null', 'db/query']],
    ['a server', { target: 'files' }, ['files/query', 'files/a/b', 'files/null']],
    ['a tool', { target: 'files/query' }, ['files/query']],
    ['a tool with a slash', { target: 'files/a/b' }, ['files/a/b']],
    ['the last ones', { lines: '2' }, ['files/null', 'db/query']],
    ['the young ones', { since: '5s' }, ['files/null', 'db/query']],
    ['none', { lines: '0' }, []],
  ])('%s', (_, more, expected) => {
    expect(names(more)).toEqual(expected);
  });

  test('nothing, and says so', () => {
    expect(show({ target: 'mail' })).toEqual({ out: '', err: 'no breaker that was asked for has moved\n' });
  });
});

test('JSON: one line a transition, as on record', () => {
  const [open = fail()] = life();
  write([{ detail: detailOf(HOSTILE, open) }]);
  const { out } = show({ json: true });
  expect(out).toMatch(/^[\x20-\x7e]+\n$/);
  expect(JSON.parse(out)).toEqual({
    id: expect.stringMatching(/^[0-9a-z]{16}:2$/),
    at: '2026-03-01T12:00:01.000Z',
    tenant: 'default',
    server: 'files',
    tool: HOSTILE.toWellFormed(),
    from: 'closed',
    to: 'open',
    epoch: 1,
    rule: 'fault_row',
    openMs: 30_000,
    round: 1,
    evidence: { kind: 'samples', samples: 5, faults: 5, toolErrors: 0, slow: 0, row: 5 },
  });
});

test('hostile records are inert and fit, and one that is no transition says so', () => {
  const [transition = fail()] = new OneBreaker().order('isolate').transitions;
  const evidence: Evidence = { kind: 'person', actor: HOSTILE, reason: HOSTILE.repeat(40) };
  write([
    { server: HOSTILE, detail: detailOf(HOSTILE, { ...transition, evidence }) },
    { server: 'x'.repeat(900), detail: detailOf('y'.repeat(256), { ...transition, evidence }) },
    { detail: { tool: HOSTILE, from: 'nowhere' } },
    {
      name: 'breaker_order',
      detail: { stage: 'failed', order: HOSTILE, actor: HOSTILE, reason: HOSTILE, why: HOSTILE },
    },
  ]);
  for (const columns of [1, 20, 40, 80, 200]) {
    const lines = show({}, columns)
      .out.split('\n')
      .slice(0, -1)
      .filter((line) => !line.startsWith('-- '));
    expect(lines.filter((line) => !line.startsWith(' '))).toHaveLength(4);
    expect(lines.length).toBeLessThanOrEqual(4 * 20);
    expect(lines.filter((line) => measureText(line) > columns || /[\p{Cc}\p{Cf}]/u.test(line))).toEqual([]);
  }
  expect(show().out).toContain('(cannot be read)');
});

test('the longest reason that an order takes is shown whole', () => {
  const [transition = fail()] = new OneBreaker().order('isolate').transitions;
  const reason = 'because so '.repeat(45).trim();
  write([{ detail: detailOf('query', { ...transition, evidence: { kind: 'person', actor: 'ada', reason } }) }]);
  expect(show().out.replace(/\n +/g, ' ')).toContain(`isolated by ada: ${reason}\n`);
});

test('a record that was altered is marked', () => {
  const [open = fail()] = life();
  write([{ detail: detailOf('query', open) }]);
  const paths = trailPaths(tenantDir(stateDir, 'default'));
  const [path = ''] = listDays(paths).flatMap((day) => listSegments(paths, day).map((segment) => segment.path));
  fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('"faults":5', '"faults":4'));
  const { out, err } = show();
  expect(out).toContain('(altered) for 30 s: 4 of 5 calls');
  expect(err).toBe('1 of these were altered since: see `mcp-guard audit verify`\n');
  expect(JSON.parse(show({ json: true }).out)).toMatchObject({ altered: expect.any(String) });
});

test.each([
  [{ lines: 'x' }, '`-n x` is no number of lines'],
  [{ since: 'soon' }, '`--since soon` is neither an age nor a date'],
  [{ target: '/' }, '`/` names no server'],
])('%j is a usage error', (more, message) => {
  expect(() => show(more)).toThrow(expect.objectContaining({ code: 'usage', message }));
});
