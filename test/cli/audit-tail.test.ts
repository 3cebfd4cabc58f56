// One line a call, whatever the data.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesFilter } from '../../src/audit/call-filter.ts';
import type { Call, CallState } from '../../src/audit/query.ts';
import { runAuditTail } from '../../src/cli/audit-tail.ts';
import { formatCallJson } from '../../src/cli/call-json.ts';
import { widerOf } from '../../src/cli/call-layout.ts';
import { formatCall as formatWith, measureCall, showDay, showDuration, showTime } from '../../src/cli/call-line.ts';
import { OUTCOME_TONES } from '../../src/cli/outcome-word.ts';
import { makePaint, type Paint } from '../../src/cli/render.ts';
import { readFilter, readSince } from '../../src/cli/tail-filter.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { GuardError } from '../../src/guard-error.ts';
import { makeCall, makeTrail, openScreen } from './screen.ts';

const plain = makePaint(false);
const formatCall = (call: Call, columns: number, paint: Paint) => formatWith(call, measureCall(call), columns, paint);
const NOW = Date.UTC(2026, 0, 2, 12);
const never = new AbortController().signal;
const time = showTime(makeCall().at);

describe('the line', () => {
  test('at 80 columns', () => {
    expect(formatCall(makeCall(), 80, plain)).toBe(
      `${time} files read_file ok          12ms model-1 path="/tmp/x" n=9007199254740…`,
    );
  });

  test('at 140 columns: with the id, and numbers as on record', () => {
    const line = formatCall(makeCall(), 140, plain);
    expect(line).toContain('0123456789abcdef:3');
    expect(formatCall(makeCall(), 240, plain)).toContain('path="/tmp/x" n=9007199254740993');
  });

  test('names what was denied, by the reason', () => {
    const denied = makeCall({ state: 'denied', decision: 'deny', reason: 'not granted', outcomes: [] });
    expect(formatCall(denied, 80, plain)).toBe(`${time} files read_file denied         - model-1 not granted`);
  });

  test('marks what would have been denied, by the reason, before its input', () => {
    const observed = makeCall({ decision: 'observe', reason: 'not_granted\u001b[2J' });
    const line = formatCall(observed, 160, plain);
    expect(line).toContain(' ok          12ms model-1 (would deny: not_granted\\u{1b}[2J) path=');
    expect(formatCall(makeCall({ decision: 'observe' }), 240, plain)).toContain(' (would deny) path="/tmp/x"');
    expect(formatCall(observed, 39, plain)).toMatch(/^\(would deny\) /);
    expect(formatCall(observed, 80, makePaint(true))).not.toBe(formatCall(observed, 80, plain));
    expect(formatCall(makeCall({ decision: 'deny', state: 'denied' }), 240, plain)).not.toContain('would deny');
  });

  test('names what was withheld, by the reason, before its input', () => {
    const withheld = { rule: 'canary', reason: 'canary_found\u001b[2J' };
    const call = makeCall({ state: 'withheld', withheld });
    expect(formatCall(call, 160, plain)).toContain(' withheld    12ms model-1 (canary_found\\u{1b}[2J) path=');
    expect(JSON.parse(formatCallJson(call))).toMatchObject({ state: 'withheld', withheld });
    expect(JSON.parse(formatCallJson(makeCall()))).not.toHaveProperty('withheld');
  });

  test('of another request: its method and subject', () => {
    const read = makeCall({ method: 'resources/read', subject: 'file:///x', model: undefined });
    expect(formatCall(read, 80, plain)).toBe(`${time} files resources/read ok          12ms - file:///x`);
  });

  test.each<[string, Partial<Call>, string]>([
    ['a digest', { input: { form: 'digest', text: undefined, digest: 'd', salt: 's' }, bytes: 7 }, '(digest, 7 bytes)'],
    ['a file', { input: { form: 'file', text: undefined, digest: 'd', salt: 's' }, bytes: 7 }, '(file, 7 bytes)'],
    ['no arguments', { input: { form: 'line', text: '{"params":{"name":"x"}}', digest: 'd', salt: 's' } }, 'model-1'],
    ['refused bytes', { input: { form: 'text', text: 'no json', digest: 'd', salt: 's' } }, 'model-1'],
  ])('with %s', (_, more, end) => {
    expect(formatCall(makeCall(more), 80, plain).endsWith(end)).toBe(true);
  });

  test('has a word for every state, and colour only repeats it', () => {
    for (const state of Object.keys(OUTCOME_TONES)) {
      // the keys of that table are the states
      const call = makeCall({ state: state as CallState });
      const colored = formatCall(call, 80, makePaint(true));
      expect(colored).not.toBe(formatCall(call, 80, plain));
      expect(colored.replace(/\u001b\[[0-9;]*m/g, '').trimEnd()).toBe(formatCall(call, 80, plain));
      expect(formatCall(call, 80, plain)).toContain(` ${call.state} `);
    }
  });

  test('never wraps, never steers: any names, any width', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constant('\u001b[2J\u202e\u{e0041}'.repeat(9)),
      fc.constant('漢'.repeat(60)),
    );
    fc.assert(
      fc.property(
        hostile,
        hostile,
        hostile,
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, noNaN: true }),
        (server, subject, model, columns, durationMs) => {
          const text = JSON.stringify({ params: { arguments: { [subject]: server } } });
          const outcomes = makeCall().outcomes.map((outcome) => ({ ...outcome, durationMs }));
          const input = { form: 'line', text, digest: 'd', salt: 's' } as const;
          const kinds: Partial<Call>[] = [
            {},
            { state: 'denied', reason: server },
            { method: 'resources/read' },
            { method: server },
          ];
          for (const kind of kinds) {
            const line = formatCall(makeCall({ server, subject, model, outcomes, input, ...kind }), columns, plain);
            expect(measureText(line)).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
          }
        },
      ),
    );
  });

  test('columns are as wide as the calls so far need, no wider than the screen spares, and lose their middle', () => {
    const everything = makeCall({ server: 'server-everything', subject: 'x'.repeat(40) });
    const files = makeCall({ server: 'server-filesystem' });
    const needs = widerOf(measureCall(everything), measureCall(files));
    const cells = [everything, files].map((call) => formatWith(call, needs, 80, plain).split(/ +/).slice(1, 3));
    expect(cells).toEqual([
      ['serv…rything', `${'x'.repeat(7)}…${'x'.repeat(10)}`],
      ['serv…esystem', 'read_file'],
    ]);
    for (const columns of [140, Number.POSITIVE_INFINITY]) {
      expect(formatWith(files, needs, columns, plain)).toContain(' server-filesystem read_file ');
    }
  });

  test('tenants have a column where there is more than the one of a config without any, and are told apart', () => {
    const of = (tenant: string) => makeCall({ tenant });
    const family = ['north', 'south'].map((end) => of(`${'customer-'.repeat(6)}${end}`));
    const calls = [of('default'), of('acme'), ...family];
    const needs = calls.map(measureCall).reduce(widerOf);
    const cells = calls.map((call) => formatWith(call, needs, 80, plain).split(/ +/)[1]);
    expect(cells).toEqual(['default', 'acme', 'cus…orth', 'cus…outh']);
    expect(formatWith(of('acme'), needs, 240, plain)).toContain(`${time} acme `);
    for (const columns of [39, 60, 80, 100, 140])
      for (const call of calls)
        expect(measureText(formatWith(call, needs, columns, plain))).toBeLessThanOrEqual(columns);
    expect(formatWith(of('acme'), needs, 39, plain)).toContain(' acme files ');
    expect(formatCall(of('default'), 80, plain)).not.toContain('default');
  });

  test('who asked for one tenant’s is not told whose they are', async () => {
    const tail = async (tenant: string | undefined) => {
      const screen = openScreen(80);
      const trail = makeTrail({ lastCalls: () => [makeCall({ tenant: 'acme' })] });
      await runAuditTail({ tenant }, screen.io, trail, NOW, AbortSignal.abort());
      return screen.out();
    };
    expect(await tail(undefined)).toContain(' acme files ');
    expect(await tail('acme')).not.toContain('acme');
  });

  test('the id stands last, at the edge, from 100 columns on; where nothing is cut, after everything', () => {
    const wide = formatCall(makeCall(), 100, plain);
    expect(measureText(wide)).toBe(100);
    expect(wide).toMatch(/ 0123456789abcdef:3$/);
    expect(formatCall(makeCall(), 99, plain)).not.toContain('0123456789abcdef');
    const long = JSON.stringify({ params: { arguments: { path: 'p'.repeat(5_000) } } });
    const piped = makeCall({ input: { form: 'line', text: long, digest: 'd', salt: 's' }, server: 's'.repeat(99) });
    expect(formatCall(piped, Number.POSITIVE_INFINITY, plain)).toBe(
      `${time} ${'s'.repeat(99)} read_file ok          12ms model-1 path="${'p'.repeat(5_000)}" 0123456789abcdef:3`,
    );
  });

  test.each([80, 40])('what was altered is marked at %d columns, in the intent or in an outcome', (columns) => {
    const outcomes = makeCall().outcomes.map((outcome) => ({ ...outcome, fault: 'x' }));
    for (const call of [makeCall({ fault: 'x' }), makeCall({ outcomes })]) {
      expect(formatCall(call, columns, plain)).toContain('(altered)');
    }
    expect(formatCall(makeCall(), columns, plain)).not.toContain('(altered)');
  });

  test('a refused line has no tool; what the server asked is marked', () => {
    const refused = { method: 'unread', subject: undefined, rule: 'strict', decision: 'deny', reason: 'duplicate_key' };
    const line = formatCall(makeCall({ ...refused, state: 'denied', outcomes: [] }), 80, plain);
    expect(line).toBe(`${time} files (refused) denied         - model-1 duplicate_key`);
    // a client may call its own method so
    expect(formatCall(makeCall({ method: 'unread' }), 80, plain)).toContain(' files unread ');
    const asked = makeCall({ asked: 'server', method: 'sampling/createMessage', subject: undefined });
    expect(formatCall(asked, 80, plain)).toContain(' files <- samp…ateMessage ok ');
  });

  test('durations', () => {
    expect([0.4, 999.4, 1_000, 59_900, 60_000, 3_599_000, 3_600_000, 1e12].map(showDuration)).toEqual([
      '0ms',
      '999ms',
      '1.0s',
      '59.9s',
      '1min',
      '60min',
      '1.0h',
      '>99h',
    ]);
  });
});

describe('audit tail', () => {
  test('prints the last calls, oldest first, with a line for each day', async () => {
    const screen = openScreen();
    const calls = [makeCall({ at: NOW - 86_400_000 }), makeCall({ at: NOW }), makeCall({ at: NOW + 1_000 })];
    const asked: unknown[] = [];
    const trail = makeTrail({
      lastCalls: (count, filter) => {
        asked.push(count, filter);
        return calls;
      },
    });
    expect(
      await runAuditTail({ lines: 3, server: 'files', since: '2h', outcome: 'failed' }, screen.io, trail, NOW, never),
    ).toBe(0);
    expect(asked).toEqual([
      3,
      {
        server: 'files',
        tool: undefined,
        tenant: undefined,
        outcome: 'failed',
        since: NOW - 7_200_000,
        callsOnly: true,
      },
    ]);
    const lines = screen.out().trimEnd().split('\n');
    expect(lines.map((line) => line.slice(0, 13))).toEqual([
      `-- ${showDay(NOW - 86_400_000)}`,
      `${showTime(NOW)} file`,
      `-- ${showDay(NOW)}`,
      `${showTime(NOW)} file`,
      `${showTime(NOW + 1_000)} file`,
    ]);
  });

  test('--json: one object a line, inert, everything in it', async () => {
    const screen = openScreen();
    await runAuditTail(
      { json: true },
      screen.io,
      makeTrail({ lastCalls: () => [makeCall({ server: '\u009b\u202e' })] }),
      NOW,
      never,
    );
    expect(screen.out()).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(screen.out())).toMatchObject({
      id: '0123456789abcdef:3',
      at: '2026-01-02T03:04:05.000Z',
      server: '\u009b\u202e',
      state: 'ok',
      tool: 'read_file',
      model: 'model-1',
      outcomes: [{ id: '0123456789abcdef:4', durationMs: 12.3, isError: false }],
    });
  });

  test('--json: `tool` is null for every other request, and what was altered says so', async () => {
    const screen = openScreen();
    const read = makeCall({
      method: 'resources/read',
      subject: 'file:///x',
      fault: 'the header does not have its hash',
    });
    await runAuditTail({ json: true }, screen.io, makeTrail({ lastCalls: () => [read] }), NOW, never);
    expect(JSON.parse(screen.out())).toMatchObject({ tool: null, altered: 'the header does not have its hash' });
    expect(screen.err()).toBe('1 of these were altered since: see `mcp-guard audit verify`\n');
  });

  test('the words of the list, of `--json` and of `--outcome` are one', async () => {
    for (const state of Object.keys(OUTCOME_TONES)) {
      const call = makeCall({ state: state as CallState }); // the keys of that table are the states
      expect(readFilter({ outcome: state }, NOW).outcome).toBe(state);
      expect(JSON.parse(formatCallJson(call)).state).toBe(state);
    }
    expect(() => readFilter({ outcome: 'toString' }, NOW)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('`pending`, `lost`, ') }),
    );
  });

  test('`-n 0` says nothing; a directory without segments says so', async () => {
    const empty = makeTrail({ hasSegments: () => false });
    const [none, nothing] = [openScreen(), openScreen()];
    expect(await runAuditTail({ lines: 0 }, none.io, empty, NOW, never)).toBe(0);
    expect(await runAuditTail({}, nothing.io, empty, NOW, never)).toBe(0);
    expect([none.err(), nothing.err()]).toEqual(['', 'nothing is on record below `/state`\n']);
  });

  test('says where nothing matches, on stderr', async () => {
    const screen = openScreen();
    expect(await runAuditTail({}, screen.io, makeTrail(), NOW, never)).toBe(0);
    expect([screen.out(), screen.err()]).toEqual(['', 'no call on record below `/state` matches\n']);
  });

  test('says by which name a tool of a gateway is on record, where it is', async () => {
    const lastCalls = (_: number, { tool }: { readonly tool?: string | undefined }) =>
      tool === 'read_file' ? [makeCall()] : [];
    const said = async (tool: string) => {
      const screen = openScreen();
      expect(await runAuditTail({ tool }, screen.io, makeTrail({ lastCalls }), NOW, never)).toBe(0);
      return screen.err();
    };
    expect(await said('files__read_file')).toBe(
      "no call on record below `/state` matches: a tool is on record by its server's own name, without the prefix of a gateway: `--server files --tool read_file`\n",
    );
    for (const tool of ['files__other', 'other', '__', 'files__'])
      expect(await said(tool)).toBe('no call on record below `/state` matches\n');
  });

  test('-f: each call once when it is settled or denied, nothing twice, until the signal', async () => {
    const screen = openScreen();
    const control = new AbortController();
    const late = { subject: 'late', ref: { segment: '0123456789abcdef', seq: 5 } };
    const pending = makeCall({ ...late, state: 'pending', outcomes: [] });
    const seen = makeCall({ subject: 'seen' });
    let tell: (call: Call, isOverdue?: boolean) => void = () => {};
    const trail = makeTrail({
      lastCalls: () => [seen],
      follow: (_, onCall) => {
        tell = (call, isOverdue = false) => onCall(call, isOverdue);
      },
    });
    const running = runAuditTail({ follow: true, lines: 1 }, screen.io, trail, NOW, control.signal);
    tell(seen);
    tell(pending);
    tell(pending, true);
    tell(makeCall(late));
    tell(
      makeCall({ subject: 'gone', state: 'lost', outcomes: [], ref: { segment: '0123456789abcdef', seq: 7 } }),
      true,
    );
    tell(
      makeCall({
        subject: 'no',
        state: 'denied',
        decision: 'deny',
        outcomes: [],
        ref: { segment: '0123456789abcdef', seq: 9 },
      }),
    );
    control.abort();
    expect(await running).toBe(0);
    const tools = screen
      .out()
      .split('\n')
      .filter((line) => line.includes(' files '))
      .map((line) => line.split(/ +/)[2]);
    expect(tools).toEqual(['seen', 'late', 'late', 'gone', 'no']);
    expect(screen.out()).toMatch(/late +pending .*\n.* late +ok /);
  });

  test('-f --outcome pending: each once, as soon as it begins', async () => {
    const screen = openScreen();
    const control = new AbortController();
    const trail = makeTrail({
      follow: (_, onCall) => {
        onCall(makeCall({ state: 'pending', outcomes: [] }), false);
        onCall(makeCall({ state: 'pending', outcomes: [] }), true);
      },
    });
    control.abort();
    await runAuditTail({ follow: true, lines: 0, outcome: 'pending' }, screen.io, trail, NOW, control.signal);
    expect(screen.out().match(/ pending /g)).toHaveLength(1);
  });

  test.each<[string, Parameters<typeof runAuditTail>[0]]>([
    ['a number of lines below zero', { lines: -1 }],
    ['no number of lines', { lines: Number.NaN }],
    ['an outcome nobody knows', { outcome: 'nice' }],
    ['a time nobody understands', { since: 'yesterday' }],
    ['a decision nobody makes', { decision: 'observed' }],
  ])('refuses %s', async (_, options) => {
    const run = runAuditTail(options, openScreen().io, makeTrail(), NOW, never);
    await expect(run).rejects.toMatchObject({ code: 'usage', exitCode: 64 });
  });
});

test('--decision observe: what would have been denied, and every such request without `--all`', () => {
  const filter = readFilter({ decision: 'observe' }, NOW);
  const one = (more: Partial<Call>) => matchesFilter(makeCall(more), filter);
  expect(one({ decision: 'observe' })).toBe(true);
  expect(one({ decision: 'observe', method: 'resources/read' })).toBe(true);
  expect(one({ decision: 'deny' })).toBe(false);
  expect(one({ decision: 'pass' })).toBe(false);
  const any = readFilter({}, NOW);
  expect(matchesFilter(makeCall({ decision: 'observe', method: 'resources/read' }), any)).toBe(true);
  expect(matchesFilter(makeCall({ decision: 'pass', method: 'resources/read' }), any)).toBe(false);
  expect(matchesFilter(makeCall({ decision: 'deny' }), readFilter({ decision: 'pass' }, NOW))).toBe(false);
});

test('ages and dates', () => {
  expect([
    readSince('90s', NOW),
    readSince('3d', NOW),
    readSince('2026-01-01', NOW),
    readSince('2026-01-01T10:00:00Z', NOW),
  ]).toEqual([NOW - 90_000, NOW - 259_200_000, Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1, 10)]);
  for (const text of ['', '5', 'm', '-5m', '2026-99-99', '1e3s'])
    expect(() => readSince(text, NOW)).toThrow(GuardError);
  expect(readFilter({ all: true }, NOW).callsOnly).toBe(false);
});
