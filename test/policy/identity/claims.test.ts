// Claims of a JWT whose signature is good: only what is exactly a name becomes one. And how long wrong tokens make everybody wait.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readClaims } from '../../../src/policy/identity/claims.ts';
import {
  addFailure,
  LONGEST_WAIT_MS,
  NO_FAILURES,
  readFailures,
  waitBefore,
} from '../../../src/policy/identity/throttle.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { NOW } from './tokens.ts';

const NAMES = { principal: 'sub', tenant: 'org', roles: '/realm_access/roles' };
const GOOD = { sub: 'auth0|17', org: 'acme', realm_access: { roles: ['reader', 'Domain Admins', 'reader'] } };

describe('claims', () => {
  test('make an identity; roles that no config can name are somebody else’s', () => {
    expect(readClaims(GOOD, NAMES, 5)).toEqual({
      kind: 'jwt',
      principal: 'jwt:auth0|17',
      tenant: 'acme',
      roles: ['reader'],
      servers: undefined,
      expiresAtMs: 5,
      tokenId: undefined,
    });
  });

  test('without a tenant claim everybody is of the default tenant, and without a claim of roles nobody has one', () => {
    expect(readClaims(GOOD, { ...NAMES, tenant: undefined, roles: undefined }, 5)).toMatchObject({
      tenant: 'default',
      roles: [],
    });
  });

  test('a claim may be called like a URL, and a role may stand alone', () => {
    const names = { principal: 'https://example.com/who', tenant: undefined, roles: 'role' };
    expect(readClaims({ 'https://example.com/who': 'x', role: 'reader' }, names, 5)).toMatchObject({
      principal: 'jwt:x',
      roles: ['reader'],
    });
  });

  const without = (key: string) => Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== key));
  test.each<readonly [string, JsonObject]>([
    ['no principal', without('sub')],
    ['a principal that is a number', { ...GOOD, sub: 17 }],
    ['a principal that is a list', { ...GOOD, sub: ['root'] }],
    ['an empty principal', { ...GOOD, sub: '' }],
    ['a principal with a blank', { ...GOOD, sub: 'a b' }],
    ['a principal with a line break', { ...GOOD, sub: 'a\nlocal:root' }],
    ['a principal in letters that look like others', { ...GOOD, sub: 'аdmin' }],
    ['a principal with a right-to-left mark', { ...GOOD, sub: 'a‮b' }],
    ['a principal without end', { ...GOOD, sub: 'x'.repeat(201) }],
    ['no tenant', without('org')],
    ['a tenant in another case', { ...GOOD, org: 'Acme' }],
    ['a tenant in fullwidth letters', { ...GOOD, org: 'ａcme' }],
    ['a tenant with a zero-width joiner', { ...GOOD, org: 'ac‍me' }],
    ['a tenant that is a path', { ...GOOD, org: '../acme' }],
    ['a tenant that ends in NUL', { ...GOOD, org: 'acme\0' }],
    ['a tenant that is a list', { ...GOOD, org: ['acme'] }],
    ['a tenant that is nothing', { ...GOOD, org: null }],
    ['roles in roles', { ...GOOD, realm_access: { roles: [['reader']] } }],
    ['roles that are objects', { ...GOOD, realm_access: { roles: [{ name: 'reader' }] } }],
    ['roles that are an object', { ...GOOD, realm_access: { roles: { 0: 'reader', length: 1 } } }],
    ['roles that are nothing', { ...GOOD, realm_access: { roles: null } }],
    ['more roles than anybody has', { ...GOOD, realm_access: { roles: Array.from({ length: 257 }, () => 'r') } }],
    ['a role without end', { ...GOOD, realm_access: { roles: ['x'.repeat(257)] } }],
  ])('%s: nobody', (_, claims) => expect(readClaims(claims, NAMES, 5)).toBeUndefined());

  test('nothing is inherited', () => {
    expect(readClaims({ sub: 'x' }, { principal: 'sub', tenant: undefined, roles: 'constructor' }, 5)?.roles).toEqual(
      [],
    );
    expect(readClaims({}, { principal: 'toString', tenant: undefined, roles: undefined }, 5)).toBeUndefined();
    expect(readClaims({ sub: 'x' }, { principal: 'sub', tenant: undefined, roles: '/sub/length' }, 5)?.roles).toEqual(
      [],
    );
  });
});

describe('the wait', () => {
  const failed = (count: number, atMs = NOW) =>
    Array.from({ length: count }).reduce<typeof NO_FAILURES>((failures) => addFailure(failures, atMs), NO_FAILURES);

  test('slips cost nothing, then it doubles, and it never grows beyond two seconds', () => {
    const waits = [0, 4, 5, 6, 7, 8, 9, 10, 64].map((count) => waitBefore(failed(count), NOW));
    expect(waits).toEqual([0, 0, 125, 250, 500, 1_000, 2_000, 2_000, 2_000]);
  });

  test('INVARIANT: nobody is shut out: whatever others did, the wait is bounded, and a minute later it is over', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: NOW - 100_000, max: NOW + 1e9 }), { maxLength: 200 }), (times) => {
        const failures = times.reduce<typeof NO_FAILURES>((one, atMs) => addFailure(one, atMs), NO_FAILURES);
        expect(waitBefore(failures, NOW)).toBeLessThanOrEqual(LONGEST_WAIT_MS);
        const last = Math.max(NOW, ...times);
        expect(waitBefore(failures, last + 60_000)).toBe(0);
        expect(failures.atMs.length).toBeLessThanOrEqual(64);
      }),
      { numRuns: 100 },
    );
  });

  test('a clock that was set back keeps what was counted', () => {
    expect(waitBefore(failed(9, NOW + 1e9), NOW)).toBe(2_000);
    expect(addFailure(failed(9, NOW + 1e9), NOW).atMs).toEqual(Array.from({ length: 10 }, () => NOW));
  });

  test('where the count cannot be read it is as if there were many', () => {
    expect(waitBefore(undefined, NOW)).toBe(LONGEST_WAIT_MS);
  });

  test.each([
    null,
    [],
    {},
    { version: 2, atMs: [] },
    { version: 1, atMs: ['1'] },
    { version: 1, atMs: Array(65).fill(1) },
  ])('%j is no count', (value) => expect(readFailures(value)).toBeUndefined());

  test('what was written is read', () => {
    expect(readFailures(JSON.parse(JSON.stringify(failed(3))))).toEqual(failed(3));
  });
});
