// What a scope allows: tables of single decisions, and what holds for every scope.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import { couldGrantAny, decideTarget, decideUse, type Refusal } from '../../../src/policy/scope/scope-decision.ts';
import { buildLayer, type Layers } from '../../../src/policy/scope/scope-layer.ts';
import type { TargetKind } from '../../../src/policy/scope/scope-policy.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { layersOf, makeLayer, makeScope } from './make-scope.ts';

const NOW = Date.UTC(2026, 6, 28, 12);

/** The rule that decided; a refusal as `why rule`. */
function ask(layers: Layers, kind: TargetKind, name: string, args?: JsonObject, now = NOW): string {
  const decision = decideUse(layers, kind, name, args, now);
  return decision.granted ? decision.rule : show(decision.refusal);
}

function show(refusal: Refusal): string {
  return `${refusal.kind === 'absent' ? refusal.why : refusal.kind} ${refusal.rule}`;
}

describe('one scope', () => {
  const layers = layersOf({
    grants: [
      { tool: 'read_*' },
      { tool: 'write_file', args: { '/path': { prefix: '/data/' } } },
      { tool: 'write_*', args: { '/path': { prefix: '/tmp/' } }, additional: false },
      { tool: 'old', expires: '2026-07-27' },
      { tool: 'today', expires: '2026-07-28' },
      { tool: 'noon', expires: '2026-07-28T12:00:00Z' },
      { tool: 'delete', approve: 'always' },
      { tool: 'move', approve: 'once', args: { '/path': { prefix: '/data/' } } },
      { tool: 'move', args: { '/path': { prefix: '/tmp/' } } },
      { prompt: 'summary' },
      { request: 'sampling/createMessage' },
    ],
    deny: [{ tool: 'read_secret*', reason: 'private' }],
  });
  const grant = (index: number, more = ''): string => `scopes.files.grants[${index}]${more}`;

  test.each<[string, TargetKind, string, JsonObject | undefined, string]>([
    ['a pattern', 'tool', 'read_file', undefined, grant(0)],
    ['a denial beside it', 'tool', 'read_secret_key', undefined, 'denied scopes.files.deny[0]'],
    ['nothing names it', 'tool', 'run', undefined, 'not_granted scopes.files'],
    ['a tool is no prompt', 'prompt', 'read_file', undefined, 'not_granted scopes.files'],
    ['a prompt', 'prompt', 'summary', undefined, grant(9)],
    ['a constraint holds', 'tool', 'write_file', { path: '/data/a' }, grant(1)],
    ['that of another grant holds', 'tool', 'write_file', { path: '/tmp/a' }, grant(2)],
    [
      'none holds: the exact name is nearest',
      'tool',
      'write_file',
      { path: '/etc' },
      `arguments ${grant(1, '.args["/path"].prefix')}`,
    ],
    ['an argument too many', 'tool', 'write_any', { path: '/tmp/a', mode: 1 }, `arguments ${grant(2, '.additional')}`],
    ['no arguments', 'tool', 'write_any', undefined, `arguments ${grant(2, '.args["/path"].required')}`],
    ['expired yesterday', 'tool', 'old', undefined, `expired ${grant(3)}`],
    ['expires tonight', 'tool', 'today', undefined, grant(4)],
    ['expires this very moment', 'tool', 'noon', undefined, `expired ${grant(5)}`],
    ['needs an approval', 'tool', 'delete', undefined, `approval ${grant(6)}`],
    ['needs one for these arguments', 'tool', 'move', { path: '/data/a' }, `approval ${grant(7)}`],
    ['needs none for those', 'tool', 'move', { path: '/tmp/a' }, grant(8)],
    ['what no approval would help', 'tool', 'move', { path: '/etc' }, `arguments ${grant(7, '.args["/path"].prefix')}`],
    ['a request of the server', 'request', 'sampling/createMessage', undefined, grant(10)],
    ['another one', 'request', 'elicitation/create', undefined, 'not_granted scopes.files'],
    ['roots, by default', 'request', 'roots/list', undefined, 'default grant of roots/list'],
  ])('%s', (_, kind, name, args, expected) => {
    expect(ask(layers, kind, name, args)).toBe(expected);
  });

  test.each([
    ...['Read_file', ' read_file', 'xread_file', 'read_file\0', 'reаd_file', 'ｒead_file', 'READ_FILE', 'read-file'],
    ...['__proto__', 'constructor', 'toString', '', '*', 'read_', 'summary ', 'ſummary'],
  ])('%j is no other name', (name) => {
    const isNamed = name.startsWith('read_');
    expect(decideTarget(layers, 'tool', name, NOW).granted).toBe(isNamed);
    expect(decideTarget(layersOf({ grants: [{ tool: 'read_file' }] }), 'tool', name, NOW).granted).toBe(false);
  });

  test('a name that is none of time expires: what is no number is no time', () => {
    expect(ask(layers, 'tool', 'today', undefined, Number.NaN)).toBe(`expired ${grant(4)}`);
  });

  test('roots can be taken away, and not by an expired or narrower grant', () => {
    expect(ask(layersOf({ deny: [{ request: 'roots/*' }] }), 'request', 'roots/list')).toBe(
      'denied scopes.files.deny[0]',
    );
    const expired = layersOf({ grants: [{ request: 'roots/list', expires: '2020-01-01' }] });
    expect(ask(expired, 'request', 'roots/list')).toBe('default grant of roots/list');
  });

  test('no grants is nothing granted', () => {
    for (const kind of ['tool', 'resource', 'prompt'] as const) {
      expect(ask(layersOf({}), kind, 'a')).toBe('not_granted scopes.files');
      expect(couldGrantAny(layersOf({ grants: [] }), kind, NOW)).toBe(false);
    }
  });
});

describe('several layers', () => {
  const config = makeLayer({ grants: [{ tool: 'a' }, { tool: 'b', args: { '/p': { prefix: 'x' } } }, { tool: 'c' }] });
  const ceiling = makeLayer({ grants: [{ tool: '*' }], deny: [{ tool: 'c' }] }, 'ceiling');
  const lock = makeLayer(
    {
      grants: [
        { tool: 'b', approve: 'always' },
        { tool: 'a', args: { '/p': { prefix: 'y' } } },
      ],
    },
    'lock',
  );

  test.each<[string, Layers, string, JsonObject | undefined, string]>([
    ['all allow', [config, ceiling], 'a', undefined, 'scopes.files.grants[0]'],
    ['the ceiling denies', [config, ceiling], 'c', undefined, 'denied scopes.ceiling.deny[0]'],
    [
      'hidden by a later layer, whatever the arguments',
      [config, makeLayer({})],
      'b',
      { p: 'no' },
      'not_granted scopes.files',
    ],
    ['only the lock refuses', [config, lock], 'c', undefined, 'unapproved scopes.lock'],
    ['the lock comes last', [lock, makeLayer({})], 'c', undefined, 'not_granted scopes.files'],
    [
      'only the lock refuses the arguments',
      [lock, config],
      'a',
      { p: 'x' },
      'unapproved scopes.lock.grants[1].args["/p"].prefix',
    ],
    [
      'arguments before an approval',
      [lock, config],
      'b',
      { p: 'no' },
      'arguments scopes.files.grants[1].args["/p"].prefix',
    ],
    ['an approval of any layer', [lock, config], 'b', { p: 'x' }, 'approval scopes.lock.grants[0]'],
    ['a ceiling is no lock', [config, makeLayer({}, 'ceiling')], 'a', undefined, 'not_granted scopes.ceiling'],
  ])('%s', (_, layers, name, args, expected) => {
    expect(ask(layers, 'tool', name, args)).toBe(expected);
  });

  test('roles add up in one layer, and so do their denials', () => {
    const roles = buildLayer('scope', [
      makeScope({ grants: [{ tool: 'a' }, { tool: 'x' }] }, 'reader'),
      makeScope({ grants: [{ tool: 'b' }], deny: [{ tool: 'x' }] }, 'writer'),
    ]);
    expect(ask([roles], 'tool', 'a')).toBe('scopes.reader.grants[0]');
    expect(ask([roles], 'tool', 'b')).toBe('scopes.writer.grants[0]');
    expect(ask([roles], 'tool', 'x')).toBe('denied scopes.writer.deny[0]');
    expect(ask([roles], 'tool', 'c')).toBe('not_granted scopes.reader + scopes.writer');
  });
});

describe('whether any target could pass', () => {
  test.each<[string, ScopeDocument, boolean]>([
    ['a name', { grants: [{ tool: 'a' }] }, true],
    ['a name that is denied', { grants: [{ tool: 'a' }], deny: [{ tool: 'a' }] }, false],
    ['a pattern', { grants: [{ tool: 'a*' }], deny: [{ tool: 'ab' }] }, true],
    ['a pattern where everything is denied', { grants: [{ tool: 'a*' }], deny: [{ tool: '*' }] }, false],
    ['expired', { grants: [{ tool: 'a', expires: '2026-07-01' }] }, false],
    ['an expired pattern', { grants: [{ tool: 'a*', expires: '2026-07-01' }] }, false],
    ['another kind', { grants: [{ prompt: 'a' }] }, false],
  ])('%s', (_, document, expected) => {
    expect(couldGrantAny(layersOf(document), 'tool', NOW)).toBe(expected);
  });

  test('every layer must leave something', () => {
    const open = makeLayer({ grants: [{ tool: '*' }] });
    expect(couldGrantAny([open, makeLayer({})], 'tool', NOW)).toBe(false);
    expect(
      couldGrantAny([makeLayer({ grants: [{ tool: 'a' }] }), makeLayer({ grants: [{ tool: 'b' }] })], 'tool', NOW),
    ).toBe(false);
  });
});

describe('for every scope', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 3 });
  const kind = fc.constantFrom<TargetKind>('tool', 'resource', 'prompt', 'request');
  const rule = fc.tuple(kind, pattern).map(([key, value]) => ({ [key]: value }));
  const grantOf = fc
    .tuple(rule, fc.constantFrom(undefined, '2026-07-01', '2026-12-31'), fc.constantFrom(undefined, 'once' as const))
    .map(([target, expires, approve]) => ({ ...target, expires, approve }));
  const document = fc.record({ grants: fc.array(grantOf, { maxLength: 6 }), deny: fc.array(rule, { maxLength: 2 }) });

  test('another layer only narrows', () => {
    fc.assert(
      fc.property(document, document, fc.boolean(), kind, name, (one, other, isLock, what, whom) => {
        const layer = makeLayer(one);
        const added = makeLayer(other, isLock ? 'lock' : 'ceiling');
        for (const decide of [
          decideTarget,
          (l: Layers, k: TargetKind, n: string, t: number) => decideUse(l, k, n, undefined, t),
        ]) {
          const both = decide([layer, added], what, whom, NOW).granted;
          expect(both).toBe(decide([layer], what, whom, NOW).granted && decide([added], what, whom, NOW).granted);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('a denial wins, and a grant less or a denial more only narrows', () => {
    fc.assert(
      fc.property(document, rule, kind, name, (one, extra, what, whom) => {
        const before = decideTarget(layersOf(one), what, whom, NOW).granted;
        const denied = decideTarget(layersOf({ ...one, deny: [...one.deny, extra] }), what, whom, NOW).granted;
        const fewer = decideTarget(layersOf({ ...one, grants: one.grants.slice(1) }), what, whom, NOW).granted;
        const onlyDenied = decideTarget(layersOf({ ...one, deny: [{ [what]: whom }] }), what, whom, NOW).granted;
        expect([denied && !before, fewer && !before, onlyDenied]).toEqual([false, false, false]);
      }),
      { numRuns: 400 },
    );
  });

  test('with every grant expired only the default is left', () => {
    fc.assert(
      fc.property(document, kind, name, (one, what, whom) => {
        const grants = one.grants.map((grant) => ({ ...grant, expires: '2026-07-27' }));
        expect(decideTarget(layersOf({ ...one, grants }), what, whom, NOW).granted).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test('a use passes only where its target does', () => {
    fc.assert(
      fc.property(document, kind, name, (one, what, whom) => {
        const layers = layersOf(one);
        const use = decideUse(layers, what, whom, undefined, NOW).granted;
        expect(use && !decideTarget(layers, what, whom, NOW).granted).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
