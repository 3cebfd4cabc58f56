// What a history out of the record shows of tokens and limits: inert, whole, within the terminal.
import { describe, expect, test } from 'vitest';
import type { FoundEvent } from '../../src/adapters/recent-events.ts';
import { type History, type HistoryOptions, runHistory } from '../../src/cli/event-history.ts';
import { LIMITS_HISTORY } from '../../src/cli/limits-history.ts';
import { TOKEN_HISTORY } from '../../src/cli/token-history.ts';
import { GuardError } from '../../src/guard-error.ts';
import { HOSTILE } from './breaker-scene.ts';
import { openScreen } from './screen.ts';

// local noon: days and hours are shown as the terminal has them
const NOW = new Date(2026, 6, 28, 12).getTime();

function event(detail: object, more: { readonly tenant?: string; readonly fault?: string } = {}): FoundEvent {
  const { tenant = 'default', fault } = more;
  const record = { header: { at: NOW, name: 'auth', detail } };
  // a record has more members, which nobody reads here
  return { placed: { ref: { segment: '0123456789abcdef', seq: 1 }, tenant, record }, fault } as unknown as FoundEvent;
}

function show(history: History, events: readonly FoundEvent[], more: Partial<HistoryOptions> = {}, columns = 80) {
  const screen = openScreen(columns);
  const status = runHistory({ lines: '20', ...more }, screen.io, history, () => events, NOW);
  const lines = screen.out().trimEnd().split('\n');
  expect(lines.filter((line) => line.length > columns && more.json !== true)).toEqual([]);
  return { status, lines, err: screen.err() };
}

describe('of tokens', () => {
  test('why a start was refused: exactly, uncut, with its file', () => {
    const why = { stage: 'refused', why: 'token_file_unreadable', source: '--token-file', token: null };
    const { lines } = show(TOKEN_HISTORY, [
      event({ ...why, what: 'others can read it (mode 644)', file: '/home/ada/ci.tok' }),
      event({ ...why, why: 'unknown', source: 'MCP_GUARD_TOKEN', what: null, file: null, token: 'a'.repeat(10) }),
    ]);
    expect(lines).toEqual([
      '-- 2026-07-28',
      '12:00:00 refused  token_file_unreadable others can read it (mode 644);',
      '                                        --token-file /home/ada/ci.tok',
      '12:00:00 refused  unknown               aaaaaaaaaa, MCP_GUARD_TOKEN',
    ]);
  });

  test('the reason of whoever revoked one, however long the rest', () => {
    const asked = { stage: 'asked', order: 'revoke', token: 'abcdefghij', principal: 'p'.repeat(60), roles: 'a b' };
    const { lines } = show(TOKEN_HISTORY, [
      event({ ...asked, until: '2026-10-26T09:00:00.000Z', actor: 'local:ada', reason: 'the laptop is lost' }),
      event({ stage: 'done' }),
    ]);
    expect(lines.map((line) => line.trim()).join(' ')).toContain('by local:ada: the laptop is lost');
    expect(lines.filter((line) => /^\d/.test(line))).toHaveLength(1);
  });

  test('inert, bounded, and what was altered since is said', () => {
    const { lines, err } = show(TOKEN_HISTORY, [
      event({ stage: HOSTILE, why: HOSTILE, principal: HOSTILE.repeat(50) }, { fault: 'altered' }),
      event({}),
    ]);
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(lines.length).toBeLessThanOrEqual(9);
    expect(err).toContain('1 of these were altered');
    expect(show(TOKEN_HISTORY, [event({ stage: 'ended', why: 'revoked' })], {}, 30).lines).toHaveLength(2);
    expect(() => show(TOKEN_HISTORY, [], { lines: 'x' })).toThrow(GuardError);
    expect(show(TOKEN_HISTORY, []).err).toContain('no token was made');
  });

  test('of several tenants says whose it is, and as JSON in whose record it stands', () => {
    const events = [
      event({ stage: 'ended', why: 'revoked' }, { tenant: 'acme' }),
      event({ stage: 'refused', why: 'unknown', tenant: 'acme' }),
    ];
    expect(show(TOKEN_HISTORY, events).lines.slice(1)).toEqual([
      '12:00:00 ended    revoked tenant acme;',
      '12:00:00 refused  unknown tenant acme',
    ]);
    const rows = show(TOKEN_HISTORY, events, { json: true }).lines.map((line) => JSON.parse(line));
    expect(rows).toMatchObject([
      { id: '0123456789abcdef:1', trail: 'acme', stage: 'ended', why: 'revoked' },
      { trail: 'default', stage: 'refused', tenant: 'acme' },
    ]);
  });
});

test('of limits: who counted anew and why, what came of it, and when the store was away', () => {
  const asked = { about: 'tool=read', actor: 'local:ada', reason: 'the import has to finish', keys: 1 };
  const { lines } = show(LIMITS_HISTORY, [
    event({ stage: 'asked', ...asked }),
    event({ stage: 'reset', ...asked }),
    event({ stage: 'failed', ...asked, about: null, keys: 2, why: 'no answer' }),
    event({ store: 'away', why: 'connect ECONNREFUSED', onStoreError: 'deny' }),
    event({ store: 'back', why: null, onStoreError: 'deny' }),
  ]);
  expect(lines.slice(1)).toEqual([
    '12:00:00 reset    limits reset      tool=read, 1 count, by local:ada: the import',
    '                                    has to finish',
    '12:00:00 failed   limits reset      everything, 2 counts, by local:ada: the',
    '                                    import has to finish (no answer)',
    '12:00:00 away     onStoreError deny connect ECONNREFUSED',
    '12:00:00 back     onStoreError deny',
  ]);
});
