// Nothing that differs between config and lock is approved unseen: of each difference there is a line, and what has no effect before an
// approval is said to wait for one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listLines } from '../../../src/cli/approval-screen.ts';
import { listKeyPaths } from '../../../src/config/known-keys.ts';
import { combineDocuments } from '../../../src/policy/lock/combine.ts';
import { DOCUMENT_FIELDS } from '../../../src/policy/lock/field-table.ts';
import { diffPolicies, widensScopes } from '../../../src/policy/lock/policy-diff.ts';
import { diffTenants, type TenantChange } from '../../../src/policy/lock/tenant-diff.ts';
import type { Json, JsonObject } from '../../../src/wire/json.ts';
import { isSameJson } from '../../../src/wire/same-json.ts';
import { CONFIG, pictureOf } from '../../cli/approval-scene.ts';

const RATE = (rate: string): JsonObject => ({ key: ['principal'], rate });
const BASE: JsonObject = {
  version: 1,
  servers: { q: { command: 'node', scope: 'a', tools: { x: {} } } },
  scopes: { a: { grants: [{ tool: 'read_*' }] }, b: { grants: [{ tool: 'w' }] }, c: { grants: [] } },
  roles: { reader: { scopes: ['b'], limits: [RATE('2/h')] }, writer: { scopes: ['a', 'b'] } },
};
const roles = (reader: Json | undefined): JsonObject => ({
  ...BASE,
  roles: { writer: { scopes: ['a', 'b'] }, ...(reader === undefined ? {} : { reader }) },
});
const linesOf = (config: JsonObject, lock: JsonObject): readonly string[] =>
  diffPolicies(config, lock, new Map()).lines.map(({ kind, text }) => `${kind}: ${text}`);

describe('the limits of a role', () => {
  const [few, many] = ['2/h', '200/h'].map((rate) => JSON.stringify([RATE(rate)]));

  it.each([
    ['raised', [RATE('200/h')], `possible: role \`reader\`: limits: ${few} → ${many}`],
    ['taken out', undefined, `possible: role \`reader\`: limits: ${few} → nothing`],
    ['lowered', [RATE('1/h')], `holds: role \`reader\`: limits: ${few} → ${JSON.stringify([RATE('1/h')])}`],
  ])('%s', (_, limits, line) => {
    const config = roles({ scopes: ['b'], ...(limits !== undefined && { limits }) });
    expect(linesOf(config, BASE)).toEqual([line]);
    expect(widensScopes(config, BASE)).toBe(line.startsWith('possible'));
    expect(diffPolicies(config, BASE, new Map()).isApproved).toBe(!line.startsWith('possible'));
  });

  it('of one that is gone hold nobody back any more who has another role beside it; nor does what it denied', () => {
    const lock: JsonObject = {
      ...BASE,
      scopes: { ...(BASE.scopes as JsonObject), b: { grants: [{ tool: 'w' }], deny: [{ tool: 'rm' }] } },
    };
    const config = { ...lock, roles: { writer: { scopes: ['a', 'b'] } } };
    expect(linesOf(config, lock)).toEqual([
      'holds: role `reader`: is gone, and grants nothing',
      'possible: role `reader`: deny tool `rm` removed',
      `possible: role \`reader\`: limits: ${few} → nothing`,
    ]);
  });
});

describe('what no server and no role says', () => {
  const tenants = { acme: { servers: { own: { command: 'x', scope: 'c' } } } };
  const withC = (grants: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
    ...{ ...BASE, ...more },
    scopes: { ...(BASE.scopes as JsonObject), c: { grants } },
  });

  it.each([
    [
      'a scope that a tenant alone names',
      withC([{ tool: '*' }], { tenants }),
      withC([], { tenants }),
      'possible: scope `c`: grant tool `*` added',
    ],
    [
      'a scope that nothing names',
      withC([{ tool: '*' }]),
      withC([]),
      'same: scope `c`: written otherwise, and decides the same',
    ],
    [
      'another reason',
      withC([{ tool: 'y', reason: 'b' }], { tenants }),
      withC([{ tool: 'y' }], { tenants }),
      'same: scope `c`: written otherwise, and decides the same',
    ],
    [
      'the same roles in another order',
      { ...BASE, roles: { ...(BASE.roles as JsonObject), writer: { scopes: ['b', 'a'] } } },
      BASE,
      'same: role `writer`: written otherwise, and decides the same',
    ],
    [
      'a key of a role that nobody knows',
      roles({ scopes: ['b'], limits: [RATE('2/h')], new: 1 }),
      BASE,
      'possible: role `reader`: new: nothing → 1',
    ],
    [
      'a key of a scope that nobody knows',
      { ...BASE, scopes: { ...(BASE.scopes as JsonObject), c: { grants: [], new: 1 } } },
      BASE,
      'possible: scope `c`: new: written otherwise, and nobody knows what it means',
    ],
    ['tenants that are none', { ...BASE, tenants: {} }, BASE, 'possible: tenants: nothing → {}'],
    ['a setting that permits nothing', { ...BASE, lint: { off: ['x'] } }, BASE, 'same: lint.off: nothing → ["x"]'],
    [
      'an empty entry of tools',
      { ...BASE, servers: { q: { command: 'node', scope: 'a' } } },
      BASE,
      'same: tools: {"x":{}} → nothing',
    ],
  ])('%s', (_, config, lock, line) => {
    expect(linesOf(config, lock)).toContain(line);
  });

  it('where there are tenants the name of a scope is their key, too', () => {
    const renamed = (scope: string, more: JsonObject): JsonObject => ({
      ...{ ...BASE, ...more, servers: { q: { command: 'node', scope } } },
      scopes: { a: { grants: [] }, b: { grants: [] } },
    });
    expect(linesOf(renamed('b', { tenants }), renamed('a', { tenants }))).toEqual(['possible: scope: "a" → "b"']);
    expect(linesOf(renamed('b', {}), renamed('a', {}))).toEqual(['same: scope: "a" → "b"']);
  });

  it('a key that is evaluated on both sides, and that nobody compares', () => {
    const { roles: _, scopes: __, ...rest } = DOCUMENT_FIELDS;
    // whoever adds one adds its comparison, or it counts as a widening
    expect(Object.entries(rest).filter(([, rule]) => rule.kind === 'both')).toEqual([]);
  });
});

/** A config in which only what is at `path` is `value`. */
function at(path: string, value: Json): JsonObject {
  const build = (parts: readonly string[]): Json => {
    const [part, ...rest] = parts;
    if (part === undefined) return value;
    if (part === '[]') return [build(rest)];
    return { [part === '*' ? 'q' : part]: build(rest) };
  };
  return build(path.split('.')) as JsonObject;
}

it.each(listKeyPaths().filter((path) => path !== 'version'))('a change of `%s` has a line', (path) => {
  const [lock, config] = ['a', 'b'].map((value) => ({ version: 1, ...at(path, value) }));
  expect(diffPolicies(config ?? {}, lock, new Map()).lines).not.toEqual([]);
  expect(diffPolicies(config ?? {}, { version: 1 }, new Map()).lines).not.toEqual([]);
  expect(diffPolicies({ version: 1 }, lock, new Map()).lines).not.toEqual([]);
});

describe('whatever the two are', () => {
  const rule = fc.record(
    {
      tool: fc.constantFrom('*', 'x', 'read_*'),
      reason: fc.constantFrom('r', 's'),
      expires: fc.constantFrom('2026-12-31'),
    },
    { requiredKeys: ['tool'] },
  );
  const scope = fc.record(
    { grants: fc.array(rule, { maxLength: 2 }), deny: fc.array(rule, { maxLength: 1 }), odd: fc.constant(1) },
    { requiredKeys: [] },
  );
  const limits = fc.array(fc.constantFrom(RATE('1/h'), RATE('2/h')), { maxLength: 2 });
  const names = fc.constantFrom('a', 'b');
  const role = fc.record(
    { scopes: fc.array(names, { minLength: 1, maxLength: 2 }), limits },
    { requiredKeys: ['scopes'] },
  );
  const server = fc.record(
    {
      command: fc.constantFrom('n', 'm'),
      scope: names,
      limits,
      pins: fc.constantFrom('off', 'deny'),
      tools: fc.constantFrom({}, { x: {} }, { 'x*': { pins: 'off' } }),
    },
    { requiredKeys: ['command'] },
  );
  const table = <Value>(value: fc.Arbitrary<Value>) => fc.dictionary(names, value, { maxKeys: 2 });
  const document = fc.record(
    {
      version: fc.constant(1),
      servers: table(server),
      scopes: table(scope),
      roles: table(role),
      tenants: table(fc.record({ servers: table(server) }, { requiredKeys: [] })),
      limits,
      lint: table(fc.constant('off')),
      unlisted: fc.constantFrom('deny', 'observe'),
    },
    { requiredKeys: ['version'] },
  ) as fc.Arbitrary<JsonObject>;

  it('they have a line where they differ, and only there; what waits is said to wait', () => {
    fc.assert(
      fc.property(document, document, (config, lock) => {
        const { lines, isApproved } = diffPolicies(config, lock, new Map());
        expect(lines.length > 0).toBe(!isSameJson(config, lock));
        // a tenant must stand in both: one that is gone waits for nobody
        const isGone = ({ kind }: TenantChange) => kind === 'gone';
        const waits = combineDocuments(config, lock).differences.some(
          ({ direction, path, before, after }) =>
            direction !== 'narrower' &&
            direction !== 'layered' &&
            !(path.join() === 'tenants' && diffTenants(before, after).every(isGone)),
        );
        if (waits) expect(isApproved).toBe(false);
      }),
    );
  });

  it('an approval that would change anything shows something', () => {
    fc.assert(
      fc.property(document, document, (config, lock) => {
        const picture = pictureOf({ ...config, version: 1 }, { approved: lock });
        expect(listLines(picture).length > 0).toBe(!picture.isUpToDate);
      }),
      { numRuns: 40 },
    );
    expect(listLines({ ...pictureOf(CONFIG), isUpToDate: false })).toHaveLength(1);
  });
});
