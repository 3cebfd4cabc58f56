// How tokens are listed and shown: never wider than the terminal, and never with a hash.
import { describe, expect, test } from 'vitest';
import { runTokenList, runTokenShow } from '../../src/cli/token-screen.ts';
import type { TokenRecord } from '../../src/policy/identity/token-record.ts';
import { HOUR, makeToken, NOW, storeOf } from '../policy/identity/tokens.ts';
import { openScreen } from './screen.ts';

const DAY = 24 * HOUR;
const old = makeToken(1, { createdMs: NOW - DAY, expiresMs: NOW + 9 * DAY });

describe('screens', () => {
  const tokens = storeOf(
    { ...old.record, principal: `x${'y'.repeat(199)}`, roles: Array.from({ length: 20 }, (_, at) => `role-${at}`) },
    makeToken(2, { servers: null, expiresMs: null, roles: [] }).record,
    makeToken(3, { revokedMs: NOW }).record,
    makeToken(4, { expiresMs: NOW, servers: Array.from({ length: 20 }, (_, at) => `server-${at}`) }).record,
    makeToken(5, { createdMs: NOW + DAY }).record,
  );

  test('the list fits, and says of each what it is', () => {
    const screen = openScreen(80);
    expect(runTokenList({}, screen.io, tokens, NOW)).toBe(0);
    const lines = screen.out().trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.map((line) => line.slice(11, 29))).toEqual([
      'state   ends      ',
      'valid   2026-08-06',
      'valid   never     ',
      'revoked 2026-07-28',
      'expired 2026-07-28',
      'future  2026-07-28',
    ]);
    expect(lines[2]).toContain('(every)');
  });

  test('tenants have a column of their own, where there is more than one, and are told apart in it', () => {
    const of = (seed: number, tenant: string) => makeToken(seed, { tenant, principal: 'ada@acme.example' }).record;
    const list = (...records: readonly TokenRecord[]) => {
      const screen = openScreen(80);
      runTokenList({}, screen.io, storeOf(...records), NOW);
      const lines = screen.out().trimEnd().split('\n');
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
      return lines.map((line) => line.slice(30).split(/ +/).slice(0, 2));
    };
    expect(list(of(1, 'acme'), of(2, 'acmee'), of(3, `${'customer-'.repeat(6)}north`))).toEqual([
      ['who', 'tenant'],
      ['ada@acme.example', 'acme'],
      ['ada@acme.example', 'acmee'],
      ['ada@acme.example', 'cust…r-north'],
    ]);
    expect(list(of(1, 'default')).map(([who]) => who)).toEqual(['who', 'ada@acme.example']);
    expect(list(of(1, 'default'))[0]).toEqual(['who', 'roles']);
  });

  test('one of them fits, too', () => {
    for (const { id } of tokens.tokens) {
      const screen = openScreen(80);
      runTokenShow(id, {}, screen.io, tokens, NOW);
      expect(
        screen
          .out()
          .split('\n')
          .filter((line) => line.length > 80),
      ).toEqual([]);
    }
  });

  test('neither they nor the JSON hold a hash', () => {
    for (const json of [true, false]) {
      const screen = openScreen(400);
      runTokenList({ json }, screen.io, tokens, NOW);
      for (const { id } of tokens.tokens) runTokenShow(id, { json }, screen.io, tokens, NOW);
      for (const { hash } of tokens.tokens) expect(screen.out()).not.toContain(hash.slice(0, 16));
    }
  });

  test('of one tenant, and none', () => {
    const screen = openScreen();
    runTokenList({ tenant: 'other' }, screen.io, tokens, NOW);
    expect([screen.out(), screen.err()]).toEqual(['', expect.stringContaining('there are no tokens')]);
  });
});
