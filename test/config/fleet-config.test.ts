// With whom openings are shared: which level says so, what it needs, and what the lock makes of a change.
import { describe, expect, test } from 'vitest';
import { createBreakerLookup } from '../../src/config/breaker-lookup.ts';
import { combineDocuments } from '../../src/policy/lock/combine.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { errorsOf, policyOf } from './compiled.ts';

const REDIS = { kind: 'redis', url: 'env:MCP_GUARD_REDIS_URL' };
const config = (over: object): JsonObject =>
  // plain JSON, written above and below
  ({ version: 1, servers: { db: { command: 'db' } }, limitStore: REDIS, ...over }) as unknown as JsonObject;
const lookup = (document: unknown) => createBreakerLookup(policyOf(document));
const FLEET = { share: 'fleet' };

test('nothing is shared unless it is said', () => {
  for (const one of [createBreakerLookup(undefined), lookup(config({}))]) {
    expect(one.mayShare('db')).toBe(false);
    expect([one.settingsOf('db', 'q').share, one.settingsOf('db', undefined).share]).toEqual(['machine', 'machine']);
  }
});

test('a block means the server as a whole, too, unless its `server` block says otherwise', () => {
  const both = lookup(config({ breaker: FLEET }));
  expect([both.settingsOf('db', 'q').share, both.settingsOf('db', undefined).share]).toEqual(['fleet', 'fleet']);
  const tools = lookup(config({ breaker: { ...FLEET, server: { share: 'machine' } } }));
  expect([tools.settingsOf('db', 'q').share, tools.settingsOf('db', undefined).share]).toEqual(['fleet', 'machine']);
  expect(tools.mayShare('db')).toBe(true);
  const server = lookup(config({ breaker: { server: FLEET } }));
  expect([server.settingsOf('db', 'q').share, server.mayShare('db')]).toEqual(['machine', true]);
});

test('a server may keep its own, or one of its tools be shared alone', () => {
  const own = { servers: { db: { command: 'db', breaker: { share: 'machine' } }, other: { command: 'o' } } };
  const kept = lookup(config({ breaker: FLEET, ...own }));
  expect([kept.mayShare('db'), kept.mayShare('other')]).toEqual([false, true]);
  const tools = { 'q*': { breaker: FLEET }, '*2': { breaker: { share: 'machine' } } };
  const one = lookup(config({ servers: { db: { command: 'db', tools } } }));
  expect(['q1', 'q2', 'a2'].map((tool) => one.settingsOf('db', tool).share)).toEqual(['fleet', 'fleet', 'machine']);
  expect(one.mayShare('db')).toBe(true);
});

describe('without a redis it is an error', () => {
  const WHY = 'there is nothing to share openings over';
  test.each([
    ['breaker.share', { breaker: FLEET }],
    ['breaker.server.share', { breaker: { server: FLEET } }],
    ['servers.db.breaker.share', { servers: { db: { command: 'db', breaker: FLEET } } }],
    ['servers.db.tools.q.breaker.share', { servers: { db: { command: 'db', tools: { q: { breaker: FLEET } } } } }],
    ['tenants.acme.breaker.share', { tenants: { acme: { breaker: FLEET } } }],
  ])('%s', (path, over) => {
    for (const limitStore of [undefined, { kind: 'file' }])
      expect(errorsOf({ ...config(over), limitStore })).toEqual([expect.stringMatching(`^${path}: ${WHY}`)]);
    expect(errorsOf(config(over)).filter((one) => one.includes(WHY))).toEqual([]);
  });
});

test('the lock: neither direction takes effect before it is approved', () => {
  for (const [now, approved] of [
    [{}, { breaker: FLEET }],
    [{ breaker: FLEET }, {}],
    [{ breaker: { share: 'machine' } }, { breaker: FLEET }],
  ]) {
    const { document, differences } = combineDocuments(config(now ?? {}), config(approved ?? {}));
    expect(Reflect.get(document, 'breaker')).toEqual(Reflect.get(config(approved ?? {}), 'breaker'));
    expect(differences).toMatchObject([{ path: ['breaker'], direction: 'changed' }]);
  }
});
