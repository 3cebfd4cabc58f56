// A person's order: on record before it holds, whatever fails; and what it says. Over the real store and trail but for faults.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listBreakerServers } from '../../src/adapters/breaker-listing.ts';
import { breakerPaths } from '../../src/adapters/breaker-paths.ts';
import { openBreakerStore } from '../../src/adapters/breaker-store.ts';
import { readRecentEvents } from '../../src/adapters/recent-events.ts';
import { verifyTrail } from '../../src/adapters/trail-verify.ts';
import { type BreakerOrderOptions, type OrderContext, runBreakerOrder } from '../../src/cli/breaker-order.ts';
import type { OneShotTrail } from '../../src/cli/one-shot-trail.ts';
import { openOneShotTrail } from '../../src/cli/one-shot-trail.ts';
import { GuardError } from '../../src/guard-error.ts';
import { type Board, EMPTY_BOARD, stateOf } from '../../src/policy/breaker/board.ts';
import { SERVER_DEFAULTS, TOOL_DEFAULTS } from '../../src/policy/breaker/breaker-settings.ts';
import { readTransition } from '../../src/policy/breaker/transition-record.ts';
import type { Instant } from '../../src/ports/clock.ts';
import { objectAt } from '../../src/wire/json.ts';
import { boardOf, feed, HOSTILE } from './breaker-scene.ts';
import { openScreen, wideLines } from './screen.ts';

const TENANT = 'default';
let stateDir = '';
let now: Instant;
const clock = { now: () => now };

beforeEach(() => {
  stateDir = fs.mkdtempSync(join(tmpdir(), 'mcp-guard-orders-'));
  now = { wallMs: Date.parse('2026-03-01T12:00:00Z'), monoMs: 1_000 };
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

function openStore(said: string[] = []) {
  const log = { write: (_level: string, text: string) => said.push(text) };
  return openBreakerStore({ stateDir, tenant: TENANT, log, clock, between: (action) => action() });
}

async function put(server: string, board: Board): Promise<void> {
  const stored = await new Promise((done) => openStore().update(server, () => board, done));
  expect(stored).toEqual(board);
}

/** What another process reads now. */
const read = (server: string) => openStore().read(server);

function context(more: Partial<OrderContext> = {}): OrderContext {
  const store = openStore();
  return {
    boards: {
      servers: () => listBreakerServers(stateDir, TENANT),
      configured: ['mail'],
      read: (server) => store.read(server),
      now: () => store.moment(now),
      settingsOf: (_server, tool) => (tool === undefined ? SERVER_DEFAULTS : TOOL_DEFAULTS),
    },
    store,
    actor: 'ada',
    openTrail: (server) => openOneShotTrail({ stateDir, tenant: TENANT, server, clock, actor: 'ada' }),
    storeFault: () => undefined,
    ...more,
  };
}

interface Given {
  readonly reason?: string | undefined;
  readonly json?: boolean;
  readonly columns?: number;
}

async function give(words: string, given: Given = {}, within = context()): Promise<string> {
  const [order = '', target = ''] = words.split(/ (.*)/s);
  if (order !== 'open' && order !== 'close' && order !== 'reset' && order !== 'isolate') throw new Error(order);
  const screen = openScreen(given.columns ?? 80);
  const options: BreakerOrderOptions = { order, target, tenant: TENANT, reason: 'maintenance', ...given };
  expect(await runBreakerOrder(options, screen.io, within)).toBe(0);
  return screen.out();
}

/** The breaker's events, oldest first, and whether every segment is whole and sealed. */
function recorded() {
  const names = ['breaker', 'breaker_order'] as const;
  const events = readRecentEvents(stateDir, 99, { tenant: TENANT, names, since: undefined, wants: () => true });
  return events.map(({ placed: { record, open }, fault }) => ({
    name: record.header.name,
    server: record.header.server,
    principal: open?.principal,
    detail: objectAt(record.header, 'detail') ?? {},
    fault,
  }));
}

const stages = () => recorded().map(({ name, detail }) => (name === 'breaker' ? detail.rule : detail.stage));
const verdicts = () => verifyTrail(stateDir).segments.map(({ report }) => report.verdict.kind);

const files = boardOf(undefined, { search: feed('FFFFF'), 'write/file': feed('SF') });

describe('an order', () => {
  beforeEach(() => put('files', files));

  test.each([
    ['isolate files/write/file', 'isolated', /^isolated files\/write\/file \(it was closed\): it is not called until/],
    [
      'open files/write/file',
      'open',
      /^opened files\/write\/file \(it was closed\): it is not called for \d+ s, then tried\nout/,
    ],
    ['close files/search', 'closed', /^closed files\/search \(it was open\)\n/],
    ['reset files/search', 'closed', /^reset files\/search \(it was open\)\n/],
    ['isolate files', 'isolated', /^isolated files \(it was closed\): none of its tools is called until/],
  ])('`%s`', async (words, kind, text) => {
    const out = await give(words);
    expect(out).toMatch(text);
    expect(out).toMatch(/running guards follow within a second; on record as [0-9a-z]{16}:3\n/);
    const tool = words.split(/ files\/?/)[1];
    expect(stateOf(read('files'), tool === '' ? undefined : tool).kind).toBe(kind);
    expect(verdicts()).toEqual(['intact']);
    const [asked, moved] = recorded();
    const who = { actor: 'ada', reason: 'maintenance', tool: tool === '' ? null : tool };
    expect(asked).toMatchObject({ name: 'breaker_order', server: 'files', principal: 'local:ada', fault: undefined });
    expect(asked?.detail).toMatchObject({ stage: 'asked', order: words.split(' ')[0], ...who });
    expect(moved).toMatchObject({ name: 'breaker', server: 'files', detail: { to: kind, evidence: 'person', ...who } });
    expect(readTransition(moved?.detail ?? {})?.transition.to).toBe(kind);
    expect(recorded()).toHaveLength(2);
  });

  test('for a tool that nobody has seen is carried out, and asks whether the name is right', async () => {
    expect(await give('isolate files/serach')).toContain(
      'nothing was counted of such a tool yet: check the name (did you mean `search`?',
    );
    expect(await give('isolate files/search')).not.toContain('check the name');
  });

  test('names one tool, never a pattern: nothing is on record of it', async () => {
    await expect(give('isolate files/*')).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('`files`'),
    });
    expect(stages()).toEqual([]);
  });

  test('that only observes or counts nothing says so', async () => {
    const within = context();
    const settingsOf: typeof within.boards.settingsOf = (...name) => ({
      ...within.boards.settingsOf(...name),
      mode: 'observe',
    });
    const out = await give('open files/search', {}, { ...within, boards: { ...within.boards, settingsOf } });
    expect(out).toContain('under mode `observe` that refuses nothing');
  });

  test('that changes nothing is on record as such', async () => {
    expect(await give('close files')).toMatch(/^nothing has changed: files is closed already\n/);
    expect(stages()).toEqual(['asked', 'unchanged']);
    await give('isolate files');
    expect(await give('open files')).toMatch(
      /^nothing has changed: files is isolated, and only `close` or `reset` ends/,
    );
    expect(verdicts()).toEqual(['intact', 'intact', 'intact']);
  });

  test('says which tools are still out when the server is closed', async () => {
    await give('isolate files');
    expect(await give('close files')).toContain('these are out: search\n');
  });

  test('as JSON', async () => {
    const [line = '', ...rest] = (await give('isolate files/search', { json: true })).split('\n');
    expect(rest).toEqual(['']);
    expect(JSON.parse(line)).toEqual({
      tenant: TENANT,
      server: 'files',
      tool: 'search',
      order: 'isolate',
      changed: true,
      from: 'open',
      to: 'isolated',
      epoch: 2,
      openMs: null,
      actor: 'ada',
      reason: 'maintenance',
      record: expect.stringMatching(/^[0-9a-z]{16}:3$/),
    });
    expect(JSON.parse(await give('close files', { json: true }))).toMatchObject({ changed: false, to: null });
  });

  test('an isolation outlives the board', async () => {
    await give('isolate files/search', { reason: 'it lies' });
    const { board } = breakerPaths(join(stateDir, TENANT), 'files');
    for (const text of ['', 'no json', '{"version":99}']) {
      fs.writeFileSync(board, text);
      fs.rmSync(`${board}.bak`, { force: true });
      expect(stateOf(read('files'), 'search')).toMatchObject({ kind: 'isolated', reason: 'it lies' });
    }
    fs.rmSync(board);
    await give('isolate files/search', { reason: 'it still lies' });
    expect(stateOf(read('files'), 'search')).toMatchObject({ kind: 'isolated', reason: 'it still lies' });
    await give('close files/search');
    expect(stateOf(read('files'), 'search').kind).toBe('closed');
  });

  test.each([
    ['files/\u001b[2J\u202e', 'isolated files/\\u{1b}[2J\\u{202e}'],
    [`files/${HOSTILE}`, '\\u{1b}[2J'],
    [`${HOSTILE.replaceAll('/', '')}`, '\\u{1b}[2J'],
    [`files/${'x'.repeat(256)}`, '…'],
  ])('of a hostile name is inert and fits: %j', async (target, text) => {
    const out = await give(`isolate ${target}`, { reason: HOSTILE });
    expect(out).toContain(text);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(wideLines(out)).toEqual([]);
    expect(verdicts()).toEqual(['intact']);
  });
});

describe('a server that nobody knows', () => {
  test('is none where a client of a gateway calls a tool so: nothing is isolated, and how to name it is said', async () => {
    for (const [name, right] of [
      ['isolate files__search', 'files/search'],
      ['close m.send', 'mail/send'],
    ] as const) {
      const given = context();
      const boards = { ...given.boards, running: ['files'], prefixes: new Map([['mail', 'm.']]) };
      await expect(give(name, {}, { ...given, boards })).rejects.toMatchObject({
        code: 'usage',
        hint: expect.stringContaining(`write \`${right}\``),
      });
    }
    expect(read('files__search')).toEqual(EMPTY_BOARD);
  });

  test('of a guard that runs is known, whatever config it runs by', async () => {
    const given = context();
    const boards = { ...given.boards, running: ['elsewhere'] };
    expect(await give('isolate elsewhere/x', {}, { ...given, boards })).not.toContain('check the name');
  });

  test('may be isolated before its first start, and that is said', async () => {
    expect(await give('isolate nowhere')).toContain(
      'no guard has kept anything of a server `nowhere` yet: check the name',
    );
    expect(read('nowhere').server.kind).toBe('isolated');
  });

  test('is known where the config names it', async () => {
    expect(await give('isolate mail')).not.toContain('check the name');
  });

  test.each([
    ['open fils', 'there is no server `fils` to open', 'did you mean `files`? known: `files`, `mail`'],
    [
      'close files/serch',
      '`files` has no breaker for a tool `serch`: nothing to close',
      'did you mean `search`? known: `search`, `write/file`',
    ],
    ['reset files/x', '`files` has no breaker for a tool `x`: nothing to reset', 'known: `search`, `write/file`'],
    [
      'isolate files/',
      '`files/` names no tool',
      'write `<server>` for a whole server, `<server>/<tool>` for one of its tools',
    ],
    [
      'isolate /x',
      '`/x` names no server',
      'write `<server>` for a whole server, `<server>/<tool>` for one of its tools',
    ],
    [
      `isolate files/${'x'.repeat(257)}`,
      'a tool whose name has 257 characters has no breaker of its own',
      'the longest that has one has 256: name the server',
    ],
  ])('`%s` is a usage error, and nothing is recorded', async (words, message, hint) => {
    await put('files', files);
    await expect(give(words)).rejects.toMatchObject({ code: 'usage', exitCode: 64, message, hint });
    expect(fs.existsSync(join(stateDir, TENANT, 'audit'))).toBe(false);
  });
});

test.each([
  [undefined, '`--reason` is missing: the order goes on record, and whoever meets it asks why'],
  ['  ', '`--reason` is missing: the order goes on record, and whoever meets it asks why'],
  ['x'.repeat(501), '`--reason` has 501 characters, which is more than anybody reads'],
])('the reason %j will not do', async (reason, message) => {
  await expect(give('isolate files', { reason })).rejects.toMatchObject({ code: 'usage', exitCode: 64, message });
  expect(fs.readdirSync(stateDir)).toEqual([]);
});

describe('what fails', () => {
  test('a segment that cannot be sealed is told: what was done stays done', async () => {
    const screen = openScreen();
    const within = context();
    const openTrail = (server: string) => ({
      ...within.openTrail(server),
      close: () => 'the audit segment could not be sealed: EIO',
    });
    const options = { order: 'isolate', target: 'files', tenant: TENANT, reason: 'x' } as const;
    expect(await runBreakerOrder(options, screen.io, { ...within, openTrail })).toBe(0);
    expect(screen.err()).toBe('mcp-guard: the audit segment could not be sealed: EIO\n');
    expect(read('files').server.kind).toBe('isolated');
  });

  test('what cannot be recorded is not done', async () => {
    await put('files', files);
    fs.writeFileSync(join(stateDir, TENANT, 'audit'), 'in the way');
    const error = await give('isolate files').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GuardError);
    expect(error).toMatchObject({
      code: 'audit_unwritable',
      exitCode: 74,
      message: expect.stringMatching(/^the audit trail cannot be written: /),
    });
    expect(read('files')).toEqual(files);
  });

  test('the order is on record before the store is asked', async () => {
    const steps: string[] = [];
    const trail: OneShotTrail = {
      record: (name, { stage }) => `${steps.push(`${name} ${stage ?? ''}`)}`,
      close: () => {
        steps.push('sealed');
        return undefined;
      },
    };
    const store: OrderContext['store'] = {
      update: (_server, change, done) => {
        steps.push('update');
        const moment = { wallMs: 1, monoMs: 1, bootId: 'b' };
        done(change(EMPTY_BOARD, moment, 0.5), moment);
      },
    };
    await give('isolate files', {}, context({ store, openTrail: () => trail }));
    expect(steps).toEqual(['breaker_order asked', 'update', 'breaker ', 'sealed']);
  });

  test('a change that fails is recorded as failed', async () => {
    const store: OrderContext['store'] = {
      update: (_server, change, done) => {
        const moment = { wallMs: 1, monoMs: 1, bootId: 'b' };
        change(EMPTY_BOARD, moment, 0.5);
        done(undefined, moment);
      },
    };
    const error = await give('isolate files/x', {}, context({ store, storeFault: () => 'ENOSPC' })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'state_unusable',
      exitCode: 74,
      message: 'could not isolate `files/x`: ENOSPC',
      hint: expect.stringMatching(/^nothing has changed; it is on record as `[0-9a-z]{16}:2`$/),
    });
    expect(stages()).toEqual(['asked', 'failed']);
    expect(recorded()[1]?.detail).toMatchObject({ stage: 'failed', why: 'ENOSPC', tool: 'x', actor: 'ada' });
    expect(verdicts()).toEqual(['intact']);
  });

  test('so is one of the real store', async () => {
    fs.mkdirSync(join(stateDir, TENANT, 'breakers'), { recursive: true, mode: 0o700 });
    fs.chmodSync(join(stateDir, TENANT), 0o700);
    fs.mkdirSync(breakerPaths(join(stateDir, TENANT), 'files').isolations);
    await expect(give('isolate files')).rejects.toMatchObject({ code: 'state_unusable', exitCode: 74 });
    expect(stages()).toEqual(['asked', 'failed']);
  });

  test('an opening that has no room is no change: 512 tools are out already', async () => {
    const tripped = feed('FFFFF');
    // Not long ago: what was left open for long gives way.
    const state = tripped.kind === 'open' ? { ...tripped, at: openStore().moment(now) } : tripped;
    const out = Object.fromEntries(Array.from({ length: 512 }, (_, index) => [`t${index}`, state]));
    await put('files', boardOf(undefined, out));
    await expect(give('open files/one-more')).rejects.toMatchObject({
      code: 'state_unusable',
      message: expect.stringContaining('too many tools'),
    });
    expect(stages()).toEqual(['asked', 'failed']);
    await give('isolate files/one-more');
    expect(stateOf(read('files'), 'one-more').kind).toBe('isolated');
  });

  test('a transition that cannot be recorded is told, with the record that is there', async () => {
    await put('files', files);
    const whole = context();
    const openTrail = (server: string): OneShotTrail => {
      const trail = whole.openTrail(server);
      const record: OneShotTrail['record'] = (name, detail) => {
        if (name === 'breaker') throw new GuardError('audit_unwritable', 'the disk is full');
        return trail.record(name, detail);
      };
      return { ...trail, record };
    };
    await expect(give('isolate files', {}, context({ openTrail }))).rejects.toMatchObject({
      code: 'audit_unwritable',
      message: 'the order is carried out, but only that it was given is on record: the disk is full',
      hint: expect.stringMatching(/^see `mcp-guard audit show [0-9a-z]{16}:2`$/),
    });
    expect(read('files').server.kind).toBe('isolated');
  });
});
