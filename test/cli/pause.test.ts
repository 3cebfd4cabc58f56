// `pause`: asked on a terminal, on record before it holds, never longer than a day; and the document that it is.
import { describe, expect, test } from 'vitest';
import { type PauseOptions, runPause } from '../../src/cli/pause.ts';
import { readDuration, readEnd } from '../../src/cli/read-span.ts';
import { GuardError } from '../../src/guard-error.ts';
import { addPause, endPause, NO_PAUSES, type Pause, type Pauses, pauseAt, readPauses } from '../../src/policy/pause.ts';
import { openScreen } from './screen.ts';

const NOW = Date.parse('2026-07-28T09:00:00.000Z');
const HOUR = 3_600_000;
const CONFIG = '/srv/mcp.json';
const FILES = { config: CONFIG, server: 'files' };
const PAUSE: Pause = { ...FILES, sinceMs: NOW, untilMs: NOW + HOUR, actor: 'ada', reason: 'x' };

async function pause(
  options: Partial<PauseOptions>,
  given: { answer?: string; isGuarded?: boolean; before?: Pauses; broken?: boolean } = {},
) {
  const { answer, isGuarded = false, broken = false } = given;
  const screen = openScreen();
  const steps: unknown[] = [];
  let pauses = given.before ?? NO_PAUSES;
  const run = runPause({ server: 'files', for: '15m', reason: 'the release waits', ...options }, screen.io, {
    servers: ['files', 'mail'],
    consent: { isGuarded, ask: answer === undefined ? undefined : async () => answer },
    actor: 'ada',
    ...{ config: CONFIG, commandOptions: ' --config /srv/mcp.json', endOptions: ' --tenant acme' },
    nowMs: () => NOW,
    openTrail: (server) => ({
      record(name, detail) {
        steps.push([name, server, detail]);
        return 'seg:2';
      },
      close: () => undefined,
    }),
    async update(change) {
      if (broken) throw new GuardError('state_unusable', 'the disk is full');
      pauses = change(pauses);
      steps.push('update');
      return pauses;
    },
  });
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, out: screen.out(), steps, pauses };
}

test('asks, records, holds, records', async () => {
  const { error, out, steps, pauses } = await pause({}, { answer: 'yes' });
  expect(error).toBeUndefined();
  const until = '2026-07-28T09:15:00.000Z';
  expect(out).toContain(`PAUSED until ${until}: files`);
  expect(out).toContain('end it with\n  mcp-guard pause files --end --tenant acme\n');
  expect(steps).toMatchObject([
    ['pause', 'files', { stage: 'asked', actor: 'ada', reason: 'the release waits', until }],
    'update',
    ['pause', 'files', { stage: 'begun', asked: 'seg:2', until }],
  ]);
  expect(pauseAt(pauses, FILES, NOW)).toMatchObject({ reason: 'the release waits' });
  expect(pauseAt(pauses, { ...FILES, server: 'mail' }, NOW)).toBeUndefined();
  expect(pauseAt(pauses, { ...FILES, config: '/srv/other.json' }, NOW)).toBeUndefined();
});

test.each([
  ['no terminal', {}, {}, 'approval_declined'],
  ['a no', {}, { answer: 'n' }, 'approval_declined'],
  ['a guarded server', {}, { answer: 'y', isGuarded: true }, 'approval_declined'],
  ['no reason', { reason: '' }, { answer: 'y' }, 'usage'],
  ['no span', { for: undefined }, { answer: 'y' }, 'usage'],
  ['more than a day', { for: '25h' }, { answer: 'y' }, 'usage'],
  ['nonsense', { for: '15 minutes' }, { answer: 'y' }, 'usage'],
  ['an unknown server', { server: 'flies' }, { answer: 'y' }, 'usage'],
] as const)('%s: nothing is recorded, nothing is paused', async (_, options, given, code) => {
  const { error, steps } = await pause(options, given);
  expect(error).toMatchObject({ code });
  expect(steps).toEqual([]);
});

test('what failed is on record, too', async () => {
  const { error, steps } = await pause({}, { answer: 'y', broken: true });
  expect(error).toMatchObject({ code: 'state_unusable' });
  expect(steps).toMatchObject([
    ['pause', 'files', { stage: 'asked' }],
    ['pause', 'files', { stage: 'failed', why: 'the disk is full' }],
  ]);
});

test('`--end` narrows: it asks nobody, needs no reason, and may come from anywhere', async () => {
  const before = addPause(NO_PAUSES, PAUSE);
  const { error, out, pauses, steps } = await pause(
    { end: true, for: undefined, reason: undefined },
    { before, isGuarded: true },
  );
  expect(error).toBeUndefined();
  expect(out).toContain('enforced again');
  expect(pauses.pauses).toEqual([]);
  expect(steps).toMatchObject([
    ['pause', 'files', { stage: 'end_asked' }],
    'update',
    ['pause', 'files', { stage: 'ended' }],
  ]);
  const twice = addPause(before, { ...PAUSE, config: '/srv/other.json' });
  expect((await pause({ end: true, for: undefined }, { before: twice })).out).toContain(
    'within a second, in 2 configs\n',
  );
  const gone = { server: 'gone', end: true, for: undefined };
  expect((await pause(gone, {})).out).toBe('nothing to end: gone is not paused\n');
  // a misspelt name ends nothing, and whoever reads this sees what is paused
  expect((await pause(gone, { before })).out).toBe('nothing to end: gone is not paused (paused: `files`)\n');
  const { error: both, steps: none } = await pause({ end: true }, { before });
  expect(both).toMatchObject({ code: 'usage', message: expect.stringContaining('`--for`') });
  expect(none).toEqual([]);
});

describe('the document', () => {
  test.each([
    [NOW - 1, false],
    [NOW, true],
    [NOW + HOUR - 1, true],
    [NOW + HOUR, false],
  ])('at %i it holds: %s', (nowMs, holds) => {
    expect(pauseAt(addPause(NO_PAUSES, PAUSE), FILES, nowMs) !== undefined).toBe(holds);
  });

  test('a later pause takes the place of an earlier one, and those that are over leave', () => {
    const later = { ...PAUSE, sinceMs: NOW + 2 * HOUR, untilMs: NOW + 3 * HOUR };
    const both = addPause(addPause(NO_PAUSES, PAUSE), { ...PAUSE, server: 'mail' });
    expect(both.pauses).toHaveLength(2);
    expect(addPause(both, { ...PAUSE, untilMs: NOW + 1 }).pauses).toMatchObject([
      { server: 'mail' },
      { untilMs: NOW + 1 },
    ]);
    expect(addPause(both, later).pauses).toEqual([later]);
    expect(endPause(both, 'files').pauses).toMatchObject([{ server: 'mail' }]);
    expect(endPause(both, 'other')).toBe(both);
  });

  test.each([
    ['no document', null],
    ['another version', { version: 2, pauses: [] }],
    ['no list', { version: 1, pauses: {} }],
    ['longer than a day', { version: 1, pauses: [{ ...PAUSE, untilMs: NOW + 25 * HOUR }] }],
    ['without a beginning', { version: 1, pauses: [{ ...PAUSE, sinceMs: undefined }] }],
    ['times that are no numbers', { version: 1, pauses: [{ ...PAUSE, untilMs: '9' }] }],
    ['a number that is none', { version: 1, pauses: [{ ...PAUSE, untilMs: Number.NaN }] }],
    ['without a person', { version: 1, pauses: [{ ...PAUSE, actor: undefined }] }],
    ['without a reason', { version: 1, pauses: [{ ...PAUSE, reason: 7 }] }],
    ['without a config', { version: 1, pauses: [{ ...PAUSE, config: undefined }] }],
    ['without a server', { version: 1, pauses: [{ ...PAUSE, server: undefined }] }],
    [
      'two in a row of one server',
      { version: 1, pauses: [PAUSE, { ...PAUSE, sinceMs: NOW + HOUR, untilMs: NOW + 2 * HOUR }] },
    ],
    [
      'too many',
      { version: 1, pauses: Array.from({ length: 1001 }, (_, index) => ({ ...PAUSE, server: `s${index}` })) },
    ],
  ])('%s pauses nothing', (_, value) => {
    expect(readPauses(value)).toBeUndefined();
  });

  test('a server of the same name in another config is another one; `--end` ends both', () => {
    const both = addPause(addPause(NO_PAUSES, PAUSE), { ...PAUSE, config: '/srv/other.json' });
    expect(readPauses(JSON.parse(JSON.stringify(both)))?.pauses).toHaveLength(2);
    expect(endPause(both, 'files').pauses).toEqual([]);
  });

  test('what was written is read', () => {
    expect(readPauses(JSON.parse(JSON.stringify(addPause(NO_PAUSES, PAUSE))))).toEqual({ version: 1, pauses: [PAUSE] });
  });
});

describe('spans and ends', () => {
  test.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['24h', 24 * HOUR],
    ['1d', 24 * HOUR],
  ])('%s', (text, ms) => expect(readDuration(text, 24 * HOUR)).toBe(ms));

  test.each([
    ['8h', NOW + 8 * HOUR],
    ['2026-07-28', Date.parse('2026-07-29T00:00:00Z')],
    ['2026-07-28T12:00Z', NOW + 3 * HOUR],
  ])('--expires %s', (text, ms) => expect(readEnd(text, NOW)).toBe(ms));

  test.each(['', '0m', '-5m', 'tomorrow', '2026-02-30', '2026-07-28T08:59:59Z', '2026', '12/31/2026'])(
    '--expires %j is refused',
    (text) => {
      expect(() => readEnd(text, NOW)).toThrow(GuardError);
    },
  );
});
