// What `tenant history` shows: out of a real trail, an order once with its reason, alarms with what was held back; inert, and no wider than
// the terminal.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRecentEvents } from '../../src/adapters/recent-events.ts';
import { showTime } from '../../src/cli/call-line.ts';
import { type HistoryOptions, runHistory } from '../../src/cli/event-history.ts';
import { openOneShotTrail } from '../../src/cli/one-shot-trail.ts';
import { runTenantExport } from '../../src/cli/tenant-export.ts';
import { joinOrders, TENANT_HISTORY } from '../../src/cli/tenant-history.ts';
import { runTenantOrder } from '../../src/cli/tenant-order.ts';
import { measureText } from '../../src/cli/text-width.ts';
import { openScreen } from './screen.ts';

const START = Date.parse('2026-03-01T12:00:00Z');
let stateDir = '';
let wallMs = START;
beforeEach(() => {
  stateDir = fs.mkdtempSync(join(fs.realpathSync(tmpdir()), 'tenant-history-'));
  wallMs = START;
});
afterEach(() => fs.rmSync(stateDir, { recursive: true, force: true }));

function openTrail() {
  wallMs += 1_000;
  const clock = { now: () => ({ wallMs, monoMs: 1 }) };
  return openOneShotTrail({ stateDir, tenant: 'acme', server: undefined, clock, actor: 'ada' });
}

function note(detail: Readonly<Record<string, string | number | boolean | null>>, server?: string): void {
  const trail = openTrail();
  trail.record('tenant', detail, server);
  trail.close();
}

function give(word: 'suspend' | 'resume', reason: string, fails = false): void {
  const act = () => {
    if (fails) throw new Error('the disk is full');
  };
  const context = { actor: 'ada', nowMs: () => wallMs, isSuspended: () => word === 'resume', since: () => undefined };
  const run = () =>
    runTenantOrder({ tenant: 'acme', word, reason }, openScreen().io, {
      ...{ ...context, suspend: act, resume: act, openTrail },
    });
  if (fails) expect(run).toThrow('the disk is full');
  else expect(run()).toBe(0);
}

function show(more: Partial<HistoryOptions> = {}, columns = 80) {
  const screen = openScreen(columns);
  const events = (limit: number, since: number | undefined) =>
    readRecentEvents(stateDir, limit, { tenant: 'acme', names: ['tenant'], since, wants: () => true });
  expect(runHistory({ lines: '20', ...more }, screen.io, TENANT_HISTORY, joinOrders(events), wallMs)).toBe(0);
  return { lines: screen.out().trimEnd().split('\n'), err: screen.err() };
}

const at = (seconds: number): string => showTime(START + seconds * 1_000);
const CANARY = { stage: 'canary', where: 'the client sends', canary: '0123456789ab' };

test('orders once, with their reason; one that was not carried out as what it is; what ended and what was alarming', () => {
  give('suspend', 'it is late');
  note({ stage: 'session_ended' });
  give('resume', 'it is early');
  give('suspend', 'once more', true);
  note({ ...CANARY, ends: false, held: null });
  note({ ...CANARY, ends: true, held: '`tools/call`' });
  const { lines, err } = show();
  expect(lines.slice(1)).toEqual([
    `${at(1)} suspend   by ada: it is late`,
    `${at(2)} ended     a session, because it was suspended`,
    `${at(3)} resume    by ada: it is early`,
    `${at(4)} suspend   not carried out; by ada: once more`,
    `${at(5)} CANARY    0123456789ab of another tenant, in what the client sends`,
    `${at(6)} CANARY    0123456789ab of another tenant, in what the client sends;`,
    '                   held back: `tools/call`; the session ended',
  ]);
  expect(err).toBe('');
});

test('what was killed, what was not started, and what a gate refused, with the server', () => {
  note({ stage: 'processes_ended', actor: 'ada', uid: 7001, processes: 2 });
  note({ stage: 'start_refused', why: 'isolation_unavailable' }, 'files');
  note({ stage: 'network', what: 'refused: example.org' }, 'mail');
  expect(show({}, 100).lines.slice(1)).toEqual([
    `${at(1)} killed    by ada, 2 processes of user 7001`,
    `${at(2)} no start  \`files\` was not started: isolation_unavailable`,
    `${at(3)} network   refused: example.org`,
  ]);
  expect(show({ json: true }).lines.map((line) => JSON.parse(line).server)).toEqual([undefined, 'files', 'mail']);
});

test('an archive that was given away, by its sum; and what was erased', () => {
  const facts = { publicKey: 'ed25519:k', segments: 2, records: 9, bytes: 77, sha256: 'a'.repeat(64), leftOut: [] };
  const context = { tenant: 'acme', path: '/x.tar', actor: 'ada', hasRecord: true, openTrail };
  runTenantExport({ ...context, write: () => ({ ...facts, verdict: 0 }) }, openScreen().io);
  const [, first = '', ...rest] = show().lines;
  expect(first).toMatch(/ export {4}by ada, 2 segments, 9 records, 77 bytes, sha256/);
  expect(rest.join('').replaceAll(' ', '')).toBe('a'.repeat(64));
});

test('as JSON: with the reason of the order, and what stands on record', () => {
  give('suspend', 'it is late');
  const [line = '', ...more] = show({ json: true }).lines;
  expect(more).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({
    ...{ at: '2026-03-01T12:00:01.000Z', stage: 'suspended', reason: 'it is late', actor: 'ada' },
    ...{ id: expect.stringMatching(/:\d+$/), asked: expect.stringMatching(/:\d+$/) },
  });
});

test('the last so many, since when, and none', () => {
  give('suspend', 'one');
  give('resume', 'two');
  give('suspend', 'three');
  expect(show({ lines: '2' }).lines.slice(1).join()).toMatch(/ resume .* two,.* suspend .* three$/);
  expect(show({ since: '1s' }).lines.slice(1)).toEqual([
    expect.stringContaining('two'),
    expect.stringContaining('three'),
  ]);
  for (const lines of ['0', '00']) expect(show({ lines }).lines).toEqual(['']);
  expect(() => show({ lines: 'x' })).toThrow('is no number of lines');
  fs.rmSync(join(stateDir, 'acme'), { recursive: true });
  expect(show()).toEqual({ lines: [''], err: 'nothing was done with it, and no canary was seen\n' });
});

test('what a record says steers no terminal, and fits', () => {
  note({ stage: 'suspended', actor: '\u001b[31mred', reason: `${'漢'.repeat(300)} \u202e` });
  note({ stage: '\u001b[2J', where: 7, canary: true });
  note({ ...CANARY, where: `\u009b${'w'.repeat(200)}`, ends: true, held: '\u0007' });
  for (const columns of [80, 60, Number.POSITIVE_INFINITY]) {
    const { lines } = show({}, columns);
    for (const line of lines) {
      expect(measureText(line)).toBeLessThanOrEqual(columns);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  }
  expect(show({ json: true }).lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('what was altered is said', () => {
  give('suspend', 'it is late');
  const segment = fs
    .readdirSync(join(stateDir, 'acme', 'audit'), { recursive: true, encoding: 'utf8' })
    .find((name) => name.endsWith('.jsonl'));
  const path = join(stateDir, 'acme', 'audit', segment ?? '');
  fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('it is late', 'it is fine'));
  expect(show().err).toContain('1 of these were altered since');
});
