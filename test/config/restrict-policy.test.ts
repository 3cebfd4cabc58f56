// What ceilings, tenants' blocks and roles leave of a policy: never more than it had, and everything that they do not name.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBreakerLookup } from '../../src/config/breaker-lookup.ts';
import { readBreaker } from '../../src/config/compile-breaker.ts';
import { DEFAULTS, type Policy, type ServerPolicy } from '../../src/config/policy.ts';
import { AUDIT_ORDERS } from '../../src/config/restrict-audit.ts';
import { requiredIsolation, restrictionLayers, restrictionsOn } from '../../src/config/restrict-layers.ts';
import { restrictPolicy } from '../../src/config/restrict-policy.ts';
import type { Restriction, ServerRestriction } from '../../src/config/restriction.ts';
import type { ScopeDocument } from '../../src/config/schema-scope.ts';
import { serverScopeOf } from '../../src/config/server-scope.ts';
import { STRICTER } from '../../src/config/stricter-breaker.ts';
import { toolDeadline } from '../../src/config/tool-deadline.ts';
import { ruleFor } from '../../src/policy/lock/field-table.ts';
import { decideUse } from '../../src/policy/scope/scope-decision.ts';
import type { DenyRule } from '../../src/policy/scope/scope-policy.ts';
import { makeScope } from '../policy/scope/make-scope.ts';
import { policyOf } from './compiled.ts';

const compile = (document: object): Policy => policyOf({ version: 1, ...document });

const FILES = { files: { command: 'a' } };
const AT = { id: 'files', cwd: undefined, home: undefined, args: [] };

function entryOf(policy: Policy): ServerPolicy {
  const entry = policy.servers.get('files');
  if (entry === undefined) throw new Error('there is no `files`');
  return entry;
}

function about(restriction: ServerRestriction, by = 'ceiling'): Restriction {
  return { by, ofServer: () => restriction };
}

function allows(policy: Policy, tool: string, kind: 'tool' | 'resource' = 'tool'): boolean {
  const scope = serverScopeOf(entryOf(policy));
  return scope === 'unscoped' || decideUse(scope.layers, kind, tool, undefined, 0).granted;
}

function deny(tool: string): DenyRule {
  return { effect: 'deny', rule: `ceiling.deny[${tool}]`, kind: 'tool', pattern: tool, reason: undefined };
}

const READ = makeScope({ grants: [{ tool: 'read_*' }] });
const WRITE = makeScope({ grants: [{ tool: 'write' }] });

describe('scopes', () => {
  const all = compile({ servers: FILES });

  test('a restricted server is never unscoped', () => {
    expect(allows(all, 'write')).toBe(true);
    const { policy } = restrictPolicy(all, [about({ scopes: [[READ]] })]);
    expect([allows(policy, 'read_a'), allows(policy, 'write')]).toEqual([true, false]);
  });

  test('several in one voice add up, several voices intersect, also over several calls', () => {
    const either = restrictPolicy(all, [about({ scopes: [[READ, WRITE]] })]).policy;
    expect([allows(either, 'read_a'), allows(either, 'write'), allows(either, 'x')]).toEqual([true, true, false]);
    const twice = restrictPolicy(either, [about({ scopes: [[READ]] }, 'roles.reader')]).policy;
    expect([allows(twice, 'read_a'), allows(twice, 'write')]).toEqual([true, false]);
    expect(entryOf(twice).restrictedBy?.map(({ by }) => by)).toEqual(['ceiling', 'roles.reader']);
    const both = restrictPolicy(all, [about({ scopes: [[READ], [WRITE]] })]).policy;
    expect([allows(both, 'read_a'), allows(both, 'write')]).toEqual([false, false]);
  });

  test('denials take away what they name, and nothing else', () => {
    const { policy } = restrictPolicy(all, [about({ denies: [deny('write*')] })]);
    expect([allows(policy, 'write_all'), allows(policy, 'read')]).toEqual([false, true]);
    // an odd or endless URI is none of their business
    for (const uri of ['x://a/../b', `x://${'a'.repeat(9000)}`]) expect(allows(policy, uri, 'resource')).toBe(true);
    expect(restrictionLayers(entryOf(policy).restrictedBy ?? []).map(({ by, rule }) => [by, rule])).toEqual([
      ['ceiling', 'ceiling'],
    ]);
  });

  test('a server that is not listed is restricted, too', () => {
    const { policy } = restrictPolicy(compile({ unlisted: 'observe' }), [
      { by: 'ceiling', ofServer: ({ id }) => (id === 'x' ? { scopes: [[READ]] } : {}) },
      about({ denies: [deny('read_b')], deadline: { hardMs: 5 } }, 'other'),
    ]);
    const layersOf = (id: string) => restrictionLayers(restrictionsOn(policy, undefined, { ...AT, id }));
    expect(layersOf('x').map(({ by }) => by)).toEqual(['ceiling', 'other']);
    expect(layersOf('y').map(({ by }) => by)).toEqual(['other']);
    const composed = restrictPolicy(policy, [about({ scopes: [[WRITE]] }, 'third')]).policy;
    expect(restrictionsOn(composed, undefined, AT).map(({ by }) => by)).toEqual(['ceiling', 'other', 'third']);
    expect(restrictionsOn(undefined, undefined, AT)).toEqual([]);
  });
});

describe('values', () => {
  test('each is taken where it is stricter, and only there, and it is said by whom', () => {
    const own = compile({
      servers: { files: { command: 'a', mode: 'observe', deadline: { hardMs: 1000 } } },
      unlisted: 'observe',
      maxLineBytes: 70_000,
      audit: { payload: 'off', onFailure: 'allow-and-count', maxAgeDays: 90 },
    });
    const strict: Restriction = {
      by: '/etc/ceiling.json',
      unlisted: 'deny',
      strictPayload: true,
      maxLineBytes: 65_536,
      audit: { payload: 'digest', onFailure: 'deny', sync: 'always', maxAgeDays: 60, maxBytes: 2 ** 40 },
      ofServer: () => ({ mode: 'enforce', deadline: { idleMs: 10, hardMs: 2000 } }),
    };
    const { policy, decided } = restrictPolicy(own, [strict]);
    expect(policy).toMatchObject({ unlisted: 'deny', strictPayload: true, maxLineBytes: 65_536 });
    expect(policy.audit).toEqual({
      payload: 'digest',
      onFailure: 'deny',
      sync: 'always',
      maxAgeDays: 90,
      maxBytes: 2 ** 40,
    });
    expect(entryOf(policy)).toMatchObject({ mode: 'enforce', deadline: { idleMs: 10, hardMs: 1000 } });
    expect(decided.map(({ path, was, is }) => `${path}: ${was} -> ${is}`)).toEqual([
      'unlisted: observe -> deny',
      'strict: envelope -> payload',
      'maxLineBytes: 70000 -> 65536',
      'audit.payload: off -> digest',
      `audit.maxBytes: ${DEFAULTS.audit.maxBytes} -> ${2 ** 40}`,
      'audit.onFailure: allow-and-count -> deny',
      'audit.sync: group -> always',
      'servers.files.mode: observe -> enforce',
      'servers.files.deadline.idleMs: Infinity -> 10',
    ]);
    expect(new Set(decided.map(({ by }) => by))).toEqual(new Set(['/etc/ceiling.json']));
    const again = restrictPolicy(policy, [
      strict,
      { by: 'x', maxLineBytes: 99_999, audit: { maxAgeDays: 1 } },
      about({ deadline: { hardMs: 9999 } }),
    ]);
    expect(again.decided).toEqual([]);
    expect(again.policy.maxLineBytes).toBe(65_536);
    expect(restrictPolicy(own, []).policy).toBe(own);
  });

  test('a tool of its own name gets no more time than a restriction gives it', () => {
    const own = compile({
      servers: { files: { command: 'a', deadline: { hardMs: 1000 }, tools: { slow: { deadline: { hardMs: 9000 } } } } },
    });
    const tools = [
      { pattern: 'slow', idleMs: undefined, hardMs: 5000, breaker: undefined },
      { pattern: '*', idleMs: undefined, hardMs: 100, breaker: undefined },
    ];
    const hardOf = (restriction: ServerRestriction) => {
      const { policy } = restrictPolicy(own, [about(restriction)]);
      return ['slow', 'x'].map((tool) => toolDeadline(entryOf(policy), tool).hardMs);
    };
    expect(hardOf({})).toEqual([9000, 1000]);
    expect(hardOf({ deadline: { hardMs: 2000 } })).toEqual([2000, 1000]);
    expect(hardOf({ deadline: { hardMs: 2000 }, tools })).toEqual([5000, 100]);
  });

  test('the orders are those of the lock', () => {
    for (const [key, order] of Object.entries(AUDIT_ORDERS)) {
      expect(ruleFor(`audit.${key}`)).toMatchObject({ kind: 'stricter', order });
    }
    for (const key of ['maxBytes', 'maxAgeDays']) expect(ruleFor(`audit.${key}`)).toMatchObject({ kind: 'larger' });
    expect(ruleFor('maxLineBytes')).toMatchObject({ kind: 'smaller' });
  });

  test('the strongest isolation that anybody requires', () => {
    const { policy } = restrictPolicy(compile({ servers: FILES }), [
      about({ isolation: 'L1' }, 'a'),
      about({ isolation: 'L2' }, 'b'),
      about({}, 'c'),
    ]);
    expect(requiredIsolation(entryOf(policy).restrictedBy ?? [])).toEqual({ level: 'L2', by: 'b' });
    expect(requiredIsolation([])).toEqual({ level: 'L0', by: 'default' });
  });
});

describe('breakers', () => {
  test('a default that nobody wrote is not loosened, and a looser ceiling changes nothing', () => {
    const own = compile({ servers: FILES });
    const { policy } = restrictPolicy(own, [
      about({ breaker: readBreaker({ faultRate: 0.9, minimum: 2, maxWaitMs: 60_000, server: { escalateTools: 9 } }) }),
    ]);
    const [before, after] = [createBreakerLookup(own), createBreakerLookup(policy)];
    expect(after.settingsOf('files', 'x')).toEqual({ ...before.settingsOf('files', 'x'), minimum: 2 });
    expect(after.settingsOf('files', undefined)).toEqual(before.settingsOf('files', undefined));
    expect(after.bulkhead.toolSettings('files', 'x')).toEqual(before.bulkhead.toolSettings('files', 'x'));
  });

  test('a switched-off breaker is switched on, and hiding is possible', () => {
    const own = compile({
      servers: { files: { command: 'a', breaker: { mode: 'off' }, tools: { x: { breaker: {} } } } },
    });
    const block = readBreaker({
      mode: 'enforce',
      hide: true,
      maxInFlight: 7,
      server: { maxInFlight: 9, escalateShare: 0.1 },
    });
    const { policy } = restrictPolicy(own, [about({ breaker: block })]);
    const { settingsOf, bulkhead, mayHide } = createBreakerLookup(policy);
    expect(settingsOf('files', 'x')).toMatchObject({ mode: 'enforce', hide: true });
    expect(settingsOf('files', undefined)).toMatchObject({ mode: 'enforce', escalateShare: 0.1 });
    expect(bulkhead.toolSettings('files', 'x')).toMatchObject({ maxInFlight: undefined, ceiling: 7 });
    expect(bulkhead.serverSettings('files')).toEqual({ maxInFlight: 9 });
    expect([mayHide('files'), createBreakerLookup(own).mayHide('files')]).toEqual([true, false]);
  });

  test('patterns of a restriction, each name by its own, also of a server that is not listed', () => {
    const tools = ['a', 'a*', '?b'].map((pattern, index) => ({
      pattern,
      idleMs: undefined,
      hardMs: undefined,
      breaker: { openMs: 60_000 + index },
    }));
    const { policy } = restrictPolicy(compile({ unlisted: 'observe' }), [about({ tools })]);
    const { settingsOf } = createBreakerLookup(policy);
    expect(['a', 'ab', 'ac', 'xb', 'z'].map((tool) => settingsOf('files', tool).openMs)).toEqual([
      60_000, 60_002, 60_001, 60_002, 30_000,
    ]);
  });
});

const names = fc.constantFrom('read', 'read_a', 'write', 'drop');
const patterns = fc.constantFrom('read', 'read_a', 'write', 'drop', 'read*', '*', '*_a', 'dr?p');
const scopes: fc.Arbitrary<ScopeDocument> = fc.record({
  grants: fc.array(fc.record({ tool: patterns }), { maxLength: 3 }),
  deny: fc.array(fc.record({ tool: patterns }), { maxLength: 2 }),
});
const number = { faultRate: fc.constantFrom(0.1, 0.5, 0.9), openMs: fc.constantFrom(1000, 50_000, 900_000) };
const breakers = fc.record(
  {
    ...number,
    mode: fc.constantFrom<'enforce' | 'off' | 'observe'>('enforce', 'off', 'observe'),
    maxWaitMs: fc.nat(50_000),
  },
  { requiredKeys: [] },
);
const deadlines = fc.record(
  { idleMs: fc.integer({ min: 1, max: 50 }), hardMs: fc.integer({ min: 50, max: 90 }) },
  { requiredKeys: [] },
);
const restrictions: fc.Arbitrary<Restriction> = fc
  .record({
    scopes: fc.array(fc.array(scopes, { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
    denies: fc.array(patterns, { maxLength: 2 }),
    breaker: breakers,
    deadline: deadlines,
    mode: fc.constantFrom<undefined | 'enforce'>(undefined, 'enforce'),
  })
  .map(({ scopes: voices, denies, breaker, deadline, mode }) =>
    about({
      scopes: voices.map(([first = {}, ...rest]) => [makeScope(first), ...rest.map((one) => makeScope(one))] as const),
      denies: denies.map(deny),
      breaker: readBreaker(breaker),
      deadline,
      ...(mode === undefined ? {} : { mode }),
    }),
  );

test('property: with restrictions nothing more is allowed, no number is looser, and without a voice nothing changes', () => {
  const configs = fc.record({
    scope: fc.option(scopes),
    tools: fc.dictionary(patterns, fc.record({ deadline: deadlines, breaker: breakers }), { maxKeys: 2 }),
    breaker: breakers,
  });
  fc.assert(
    fc.property(
      configs,
      fc.array(restrictions, { minLength: 1, maxLength: 3 }),
      names,
      ({ scope, tools, breaker }, given, tool) => {
        const server = { command: 'a', tools, breaker, ...(scope === null ? {} : { scope: 's' }) };
        const own = compile({ servers: { files: server }, ...(scope === null ? {} : { scopes: { s: scope } }) });
        const { policy } = restrictPolicy(own, given);
        if (allows(policy, tool)) expect(allows(own, tool)).toBe(true);
        const voices = given.every(({ ofServer }) =>
          restrictionLayers([{ ...ofServer?.(AT), by: 'x' }]).every(
            (layer) => decideUse([layer], 'tool', tool, undefined, 0).granted,
          ),
        );
        // INVARIANT: exactly the intersection
        expect(allows(policy, tool)).toBe(allows(own, tool) && voices);
        const [before, after] = [toolDeadline(entryOf(own), tool), toolDeadline(entryOf(policy), tool)];
        expect(after.idleMs).toBeLessThanOrEqual(before.idleMs);
        expect(after.hardMs).toBeLessThanOrEqual(before.hardMs);
        const [loose, strict] = [own, policy].map((one) => createBreakerLookup(one).settingsOf('files', tool));
        for (const key of ['faultRate', 'openMs', 'maxOpenMs', 'minimum', 'samples'] as const) {
          expect(strict?.[key]).toBe(STRICTER[key](strict?.[key] ?? Number.NaN, loose?.[key] ?? Number.NaN));
        }
        expect(strict?.mode).toBe(STRICTER.mode(strict?.mode ?? 'off', loose?.mode ?? 'enforce'));
        const [waits, waitsLess] = [own, policy].map(
          (one) => createBreakerLookup(one).bulkhead.toolSettings('files', tool).maxWaitMs,
        );
        expect(waitsLess).toBeLessThanOrEqual(waits ?? Number.NaN);
      },
    ),
    { numRuns: 100 },
  );
});
