// The document of guard tokens: what may change in it, what is no such document, and when a session's token is over.
import { describe, expect, test } from 'vitest';
import type { Interceptor } from '../../../src/core/interceptor.ts';
import { localIdentity } from '../../../src/policy/identity/identity.ts';
import { createIdentityGate } from '../../../src/policy/identity/identity-gate.ts';
import { identityOf } from '../../../src/policy/identity/judge-token.ts';
import { endOf, type IdentityEnd } from '../../../src/policy/identity/standing.ts';
import {
  addToken,
  endToken,
  MOST_TOKENS,
  NO_TOKENS,
  readTokens,
  stateOf,
} from '../../../src/policy/identity/token-record.ts';
import { call, Playbook, recordsOf, SERVER } from '../../core/playbook.ts';
import { HOUR, makeToken, NOW, storeOf } from './tokens.ts';

const DAY = 24 * HOUR;
const { record } = makeToken(1);
const other = makeToken(2).record;

test('the state of a token', () => {
  expect(stateOf(record, NOW)).toBe('valid');
  expect(stateOf(record, NOW + HOUR - 1)).toBe('valid');
  expect(stateOf(record, NOW + HOUR)).toBe('expired');
  expect(stateOf({ ...record, expiresMs: null }, NOW + 1_000 * DAY)).toBe('valid');
  expect(stateOf({ ...record, revokedMs: 0, expiresMs: 0 }, NOW)).toBe('revoked');
  // a clock that was set back a minute shuts nobody out
  expect(stateOf({ ...record, createdMs: NOW + 60_000 }, NOW)).toBe('valid');
  expect(stateOf({ ...record, createdMs: NOW + 60_001 }, NOW)).toBe('not_yet_valid');
});

describe('changes', () => {
  test('one more; not a second one of the same id, not more than a bound', () => {
    expect(addToken(storeOf(record), other, NOW)).toEqual(storeOf(record, other));
    expect(addToken(storeOf(record), record, NOW)).toBeUndefined();
    const full = storeOf(
      ...Array.from({ length: MOST_TOKENS }, (_, at) => ({ ...other, id: String(at).padStart(10, '0') })),
    );
    expect(addToken(full, record, NOW)).toBeUndefined();
  });

  test('what has been over for a month is forgotten, and not before', () => {
    const over = { ...record, expiresMs: NOW - 30 * DAY };
    expect(addToken(storeOf(over), other, NOW)).toEqual(storeOf(over, other));
    expect(addToken(storeOf(over), other, NOW + 1)).toEqual(storeOf(other));
    const revoked = { ...record, expiresMs: null, revokedMs: NOW - 31 * DAY };
    expect(addToken(storeOf(revoked), other, NOW)).toEqual(storeOf(other));
  });

  test('revoking is for good', () => {
    const revoked = endToken(storeOf(record, other), record.id, 'now', NOW);
    expect(revoked).toEqual(storeOf({ ...record, revokedMs: NOW }, other));
    expect(endToken(revoked, record.id, 'now', NOW + 5)).toBe(revoked);
    expect(endToken(revoked, record.id, { atMs: NOW + DAY }, NOW)).toBe(revoked);
    expect(endToken(revoked, 'nobody', 'now', NOW)).toBe(revoked);
  });

  test('an end comes nearer, and moves no further away', () => {
    expect(endToken(storeOf(record), record.id, { atMs: NOW + 5 }, NOW)).toEqual(
      storeOf({ ...record, expiresMs: NOW + 5 }),
    );
    const tokens = storeOf(record);
    expect(endToken(tokens, record.id, { atMs: NOW + 2 * HOUR }, NOW)).toBe(tokens);
    const endless = storeOf({ ...record, expiresMs: null });
    expect(endToken(endless, record.id, { atMs: NOW + 5 }, NOW)).toEqual(storeOf({ ...record, expiresMs: NOW + 5 }));
  });
});

describe('reading', () => {
  test('what was written is read', () => {
    const tokens = storeOf(record, { ...other, servers: null, expiresMs: null, revokedMs: 3, replaces: record.id });
    expect(readTokens(JSON.parse(JSON.stringify(tokens)))).toEqual(tokens);
    expect(readTokens(JSON.parse(JSON.stringify(NO_TOKENS)))).toEqual(NO_TOKENS);
  });

  test.each([
    ['no object', []],
    ['another version', { version: 2, tokens: [] }],
    ['no list', { version: 1 }],
    ['the same id twice', storeOf(record, record)],
    ...Object.entries({
      id: ['', 'x', 7, '../../etc/p'],
      hash: ['', 'A'.repeat(64), 'a'.repeat(63)],
      principal: ['', 'a b', 'é', 7, 'x'.repeat(201)],
      tenant: ['', 'A', '../x', 'é', 7, null],
      roles: [null, 'reader', ['A'], [7], Array.from({ length: 65 }, () => 'r')],
      servers: ['files', [7], [''], undefined],
      createdMs: [null, 'x', Number.NaN],
      expiresMs: ['x', undefined],
      revokedMs: ['x', undefined],
      by: [7],
      replaces: [7, undefined],
    }).flatMap(([key, values]) =>
      values.map((value): [string, unknown] => [
        `${key}: ${String(value)}`,
        { version: 1, tokens: [{ ...record, [key]: value }] },
      ]),
    ),
  ])('%s is no such document, and then nobody has a token', (_, value) => {
    expect(readTokens(value)).toBeUndefined();
  });
});

describe('a session whose token', () => {
  const identity = identityOf(record);

  test.each([
    ['is as it was', storeOf(record), NOW, undefined],
    ['was revoked', storeOf({ ...record, revokedMs: NOW }), NOW, 'revoked'],
    ['is gone', storeOf(other), NOW, 'token_gone'],
    ['expires', storeOf(record), NOW + HOUR, 'expired'],
    ['expires, with a store that says later', storeOf({ ...record, expiresMs: null }), NOW + HOUR, 'expired'],
    ['was rotated, and its end came nearer', storeOf({ ...record, expiresMs: NOW + 1 }), NOW + 1, 'expired'],
    ['was rotated, and its end is not there yet', storeOf({ ...record, expiresMs: NOW + 1 }), NOW, undefined],
    ['cannot be looked up', undefined, NOW, 'store_unreadable'],
  ] as const)('%s', (_, tokens, nowMs, expected) => expect(endOf(identity, tokens, nowMs)).toBe(expected));

  test('a JWT is over when it expires, whatever the store holds', () => {
    const jwt = { ...identity, kind: 'jwt' as const, tokenId: undefined };
    expect(endOf(jwt, undefined, NOW)).toBeUndefined();
    expect(endOf(jwt, undefined, NOW + HOUR)).toBe('expired');
    expect(endOf({ ...jwt, expiresAtMs: Number.NaN }, undefined, NOW)).toBe('expired');
  });

  test('nobody who was not asked is ever over', () => {
    expect(endOf(localIdentity('ada'), undefined, Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });
});

test('the gate lets everything pass, and nothing once the identity is over', () => {
  let end: IdentityEnd | undefined;
  const gate = createIdentityGate(() => end);
  const request = {
    ...{ asked: 'client' as const, upstream: 'files', method: 'tools/call', tool: 'x', params: {}, modern: false },
  };
  const now = { wallMs: NOW, monoMs: 0 };
  expect(gate.onRequest?.(request, now)).toEqual({ kind: 'pass' });
  expect(gate.onNotification?.({ upstream: 'files', method: 'x', params: undefined }, now)).toBe('pass');
  end = 'revoked';
  expect(gate.onRequest?.(request, now)).toMatchObject({ kind: 'deny', reason: 'identity_over', rule: 'auth' });
  expect(gate.onRequest?.({ ...request, asked: 'server' }, now)).toMatchObject({ kind: 'deny' });
  expect(gate.onNotification?.({ upstream: 'files', method: 'x', params: undefined }, now)).toBe('drop');
});

test('what was held by another policy while the identity ended is not sent', () => {
  let end: IdentityEnd | undefined;
  const holder: Interceptor = {
    name: 'holder',
    onRequest: () => ({ kind: 'wait', why: 'test' }),
    onWaited: () => ({ kind: 'pass' }),
  };
  const session = (): { book: Playbook; go: () => Playbook } => {
    const book = new Playbook({ interceptors: [createIdentityGate(() => end), holder] });
    book.client(call(1)).take();
    const [held] = book.session.openList;
    if (held === undefined) throw new Error('it is not held');
    return { book, go: () => book.event({ type: 'wait_over', request: held.view, outcome: 'go' }) };
  };
  expect(session().go().toServer()).toHaveLength(1);
  const late = session();
  end = 'revoked';
  const effects = late.go().take();
  expect(effects.filter(({ type }) => type === 'to_upstream')).toEqual([]);
  expect(recordsOf(effects)).toMatchObject([{ type: 'intent', reason: 'identity_over' }]);
});

test('what waited for a server that was away while the identity ended is not sent, and is given back', () => {
  let end: IdentityEnd | undefined;
  const settled: string[] = [];
  const witness: Interceptor = { name: 'witness', onSettle: (_, { settlement }) => void settled.push(settlement) };
  const wait = (): Playbook => {
    const book = new Playbook({ onExit: 'restart', interceptors: [createIdentityGate(() => end), witness] });
    book.exits().client(call(1)).take();
    return book;
  };
  const back = { type: 'upstream_started', upstream: SERVER, pid: 7 } as const;
  expect(wait().event(back).toServer()).toHaveLength(1);
  const late = wait();
  end = 'revoked';
  const effects = late.event(back).take();
  expect(effects.filter(({ type }) => type === 'to_upstream')).toEqual([]);
  const [line] = effects.flatMap((effect) => (effect.type === 'to_client' ? [effect.bytes] : []));
  expect(String(typeof line === 'function' ? line() : line)).toContain('identity_over');
  expect(settled).toEqual(['upstream_exit']);
});
