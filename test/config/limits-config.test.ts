// From a config to its limits: defaults, places, who adds to them, and what does not fit together.
import { describe, expect, test } from 'vitest';
import { limitsInForce } from '../../src/config/limits-in-force.ts';
import { LIMIT_STORE_DEFAULTS } from '../../src/config/limits-policy.ts';
import type { Policy } from '../../src/config/policy.ts';
import { restrictPolicy } from '../../src/config/restrict-policy.ts';
import { LimitSet } from '../../src/policy/limits/limit-set.ts';
import { combineDocuments } from '../../src/policy/lock/combine.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { digest } from '../policy/limits/limits-scene.ts';
import * as compiled from './compiled.ts';

const compile = (more: JsonObject) => compiled.compile({ version: 1, ...more });
const policyOf = (more: JsonObject): Policy => compiled.policyOf({ version: 1, ...more });
const faults = (more: JsonObject): readonly string[] => {
  const reading = compile(more);
  return reading.ok ? [] : reading.diagnostics.map(({ path }) => path);
};
const subject = { tenant: 't', principal: 'p', client: undefined, model: undefined, server: 'files', tool: 'read' };
/** What a call is billed for: rule, part and how much there is. */
const billOf = (policy: Policy, more: Partial<typeof subject> = {}) =>
  new LimitSet(limitsInForce(policy, [{ id: 'files', cwd: undefined, home: undefined, args: [] }]), digest)
    .billOf({ ...subject, ...more })
    .items.map(({ limit, part, cost }) => [
      limit.rule,
      part,
      limit.rate?.burst ?? limit.concurrency ?? limit.budget?.calls,
      cost,
    ]);

describe('a config', () => {
  test('without limits has none', () => {
    const { limits } = policyOf({});
    expect(limits).toEqual({ limits: [], store: LIMIT_STORE_DEFAULTS, repeats: undefined, blastRadius: undefined });
  });

  test.each([
    ['tools', 'did you mean `tool`?'],
    ['zzzzzz', 'remove it; known here: `tenant`, `principal`, `client`, `model`, `server`, `tool`'],
  ])('`%s` in `match`: it is said what may stand there', (key, mend) => {
    const compiled = compile({ limits: [{ key: ['tenant'], rate: '60/min', match: { [key]: 'x' } }] });
    expect(compiled).toMatchObject({ ok: false, diagnostics: [{ path: `limits[0].match.${key}`, mend }] });
  });

  test('a burst that is not written is the number of the rate', () => {
    const { limits } = policyOf({ limits: [{ key: ['tool', 'tenant'], rate: '60/min' }] });
    expect(limits.limits).toMatchObject([
      { rule: 'limits[0]', key: ['tenant', 'tool'], rate: { units: 60, periodUs: 60_000_000, burst: 60 } },
    ]);
  });

  test('limits of the top level, of a server and of its tools all apply; of tools the very name alone, else each pattern', () => {
    const one = (concurrency: number) => [{ key: ['tenant'], concurrency }];
    const policy = policyOf({
      limits: one(1),
      servers: {
        files: {
          command: 'x',
          limits: one(2),
          tools: { 'read_*': { limits: one(3) }, '*_file': { limits: one(4) }, read_all: { limits: one(5) } },
        },
      },
    });
    const rules = (tool: string, server = 'files') => billOf(policy, { tool, server }).map(([, , most]) => most);
    expect(rules('read')).toEqual([1, 2]);
    expect(rules('read_file')).toEqual([1, 2, 3, 4]);
    expect(rules('read_all')).toEqual([1, 2, 5]);
    expect(rules('read_all', 'other')).toEqual([1]);
  });

  test.each<readonly [string, JsonObject, readonly string[]]>([
    ['a limit that bounds nothing', { limits: [{ key: ['tool'] }] }, ['limits[0]']],
    ['a burst without a rate', { limits: [{ key: ['tool'], burst: 2, concurrency: 1 }] }, ['limits[0].burst']],
    [
      'a cost that nothing is paid with',
      { limits: [{ key: ['tool'], cost: { a: 2 }, concurrency: 1 }] },
      ['limits[0].cost'],
    ],
    [
      'a cost that can never be paid',
      { limits: [{ key: ['tool'], rate: '5/s', cost: { a: 6 } }] },
      ['limits[0].cost.a'],
    ],
    ['a rate that bounds nothing', { limits: [{ key: ['tool'], rate: '10001/s' }] }, ['limits[0].rate']],
    ['a burst of months', { limits: [{ key: ['tool'], rate: '1/day', burst: 32 }] }, ['limits[0].burst']],
    ['too many places', { limits: [{ key: ['tool'], concurrency: 513 }] }, ['limits[0].concurrency']],
    [
      'no time zone',
      { limits: [{ key: ['tool'], budget: { calls: 1, per: 'day', timeZone: 'Mars' } }] },
      ['limits[0].budget.timeZone'],
    ],
    ['an empty radius', { blastRadius: {} }, ['blastRadius']],
    ['a redis without a URL', { limitStore: { kind: 'redis' } }, ['limitStore.url']],
    ['a password in the config', { limitStore: { kind: 'redis', url: 'redis://:p@h' } }, ['limitStore.url']],
    ['a URL of a file', { limitStore: { kind: 'file', url: 'x' } }, ['limitStore.url']],
    [
      'the same below a tool',
      { servers: { a: { command: 'x', tools: { b: { limits: [{ key: ['tool'] }] } } } } },
      ['servers.a.tools.b.limits[0]'],
    ],
    [
      'the same of a role',
      { roles: { r: { scopes: ['s'], limits: [{ key: ['tool'] }] } }, scopes: { s: {} }, auth: { required: true } },
      ['roles.r.limits[0]'],
    ],
  ])('says what is wrong with %s', (_, document, paths) => {
    expect(faults(document)).toEqual(paths);
  });
});

describe('who adds to the config', () => {
  const base = { servers: { files: { command: 'x' } }, limits: [{ key: ['tenant'], rate: '60/min', burst: 10 }] };
  test('has a count of its own, beside the config', () => {
    const { policy } = restrictPolicy(policyOf(base), [
      { by: 'tenants.acme', ofServer: () => ({ limits: [{ key: ['tenant'], rate: '60/min', burst: 2 }] }) },
    ]);
    expect(billOf(policy)).toEqual([
      ['limits[0]', 'rate', 10, 1],
      ['tenants.acme.limits[0]', 'rate', 2, 1],
    ]);
  });
});

describe('config and lock', () => {
  const bill = (config: JsonObject, lock: JsonObject) => billOf(policyOf(combineDocuments(config, lock).document));
  const server = { version: 1, servers: { files: { command: 'x' } } };
  const limit = (burst: number, more: JsonObject = {}): JsonObject => ({
    key: ['tenant'],
    rate: '60/min',
    burst,
    ...more,
  });
  test('a looser or removed limit goes on, a tighter or new one counts at once: one count, the smaller number', () => {
    const rule = (config: readonly JsonObject[], lock: readonly JsonObject[]) =>
      bill({ ...server, limits: config }, { ...server, limits: lock }).map(([, , most, cost]) => [most, cost]);
    expect(rule([limit(9)], [limit(5)])).toEqual([[5, 1]]);
    expect(rule([limit(5)], [limit(9)])).toEqual([[5, 1]]);
    expect(rule([], [limit(5)])).toEqual([[5, 1]]);
    expect(rule([limit(5)], [])).toEqual([[5, 1]]);
    expect(rule([limit(9, { cost: { read: 2 } })], [limit(9, { cost: { read: 4 } })])).toEqual([[9, 4]]);
    expect(rule([limit(9, { cost: { read: 0 } })], [limit(9)])).toEqual([[9, 1]]);
  });
  test('the smaller of what bounds a session', () => {
    const both = (config: JsonObject, lock: JsonObject) =>
      policyOf(combineDocuments({ ...server, ...config }, { ...server, ...lock }).document).limits;
    expect(both({ loopGuard: { repeats: 9 } }, { loopGuard: { repeats: 3 } }).repeats).toBe(3);
    expect(both({}, { loopGuard: { repeats: 3 } }).repeats).toBe(3);
    expect(both({ blastRadius: { calls: 5 } }, { blastRadius: { tools: 2 } }).blastRadius).toEqual({
      calls: 5,
      tools: 2,
    });
  });
  test('where limits are counted changes only by approval', () => {
    const both = combineDocuments({ ...server, limitStore: { kind: 'memory', onStoreError: 'local' } }, server);
    expect(policyOf(both.document).limits.store).toEqual(LIMIT_STORE_DEFAULTS);
  });
});
