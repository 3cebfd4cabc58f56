// Fixes: they only narrow, whatever the policy and whoever chose the names; every other byte stays; what cannot be proved is refused.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import type { Fix } from '../../../src/policy/lint/finding.ts';
import { chooseFixes, isNarrowing, narrowText, planEdits, showEdits } from '../../../src/policy/lint/fix.ts';
import { decideUse } from '../../../src/policy/scope/scope-decision.ts';
import type { Json } from '../../../src/wire/json.ts';
import { layersOf } from '../scope/make-scope.ts';
import { lint, NOW, offer, oneScope, used } from './lint-scene.ts';

const GRANTS = ['scopes', 's', 'grants'];
const remove = (index: number, isOptional = false): Fix => ({
  kind: 'remove_grant',
  path: [...GRANTS, index],
  isOptional,
});
const name = (index: number, ...tools: string[]): Fix => ({ kind: 'name_tools', path: [...GRANTS, index], tools });
const textOf = (grants: readonly object[], indent?: number) => JSON.stringify(oneScope({ grants }), undefined, indent);
const fix = (text: string, ...fixes: readonly Fix[]) => narrowText(text, planEdits(text, fixes));

describe('edits', () => {
  const TEXT = `{
  "version": 1,
  "scopes": { "s": { "grants": [
    { "tool": "a" },
    { "tool" : "l_*",   "args": {"/x": {"max": 1.0}} },
    { "tool": "c" }
  ] } }
}
`;
  test('take grants out and keep every other byte', () => {
    expect(fix(TEXT, remove(0))).toBe(TEXT.replace('{ "tool": "a" },\n    ', ''));
    expect(fix(TEXT, remove(2))).toBe(TEXT.replace(',\n    { "tool": "c" }', ''));
    expect(JSON.parse(fix(TEXT, remove(0), remove(1), remove(2)) ?? '')).toEqual({
      version: 1,
      scopes: { s: { grants: [] } },
    });
  });

  test('put names in the place of a pattern, with its terms and its layout', () => {
    const one = '    { "tool" : "l_1",   "args": {"/x": {"max": 1.0}} }';
    expect(fix(TEXT, name(1, 'l_1', 'l_2'))).toContain(`${one},\n${one.replace('l_1', 'l_2')},\n`);
    expect(fix(textOf([{ tool: 'l_*' }]), name(0, 'l_1', 'l_2'))).toContain('[{"tool":"l_1"}, {"tool":"l_2"}]');
  });

  test('both at once, beside one another', () => {
    expect(JSON.parse(fix(TEXT, remove(0), name(1, 'l_1'), remove(2)) ?? '').scopes.s.grants).toEqual([
      { tool: 'l_1', args: { '/x': { max: 1 } } },
    ]);
  });

  test('are shown by lines', () => {
    const edits = planEdits(TEXT, [remove(0), name(1, 'l_1', 'l_2')]);
    const hunks = showEdits(TEXT, edits);
    expect(hunks.map(({ line }) => line)).toEqual([4]);
    expect(hunks[0]?.gone).toEqual(['    { "tool": "a" },', '    { "tool" : "l_*",   "args": {"/x": {"max": 1.0}} },']);
    expect(hunks[0]?.come.map((line) => line.slice(4, 19))).toEqual(['{ "tool" : "l_1', '{ "tool" : "l_2']);
    expect(showEdits(TEXT, planEdits(TEXT, [remove(2)]))).toEqual([
      {
        line: 5,
        gone: ['    { "tool" : "l_*",   "args": {"/x": {"max": 1.0}} },', '    { "tool": "c" }'],
        come: ['    { "tool" : "l_*",   "args": {"/x": {"max": 1.0}} }'],
      },
    ]);
  });
});

describe('what narrows', () => {
  const GRANT = { tool: 'a*', reason: 'r' };
  const SCOPE = { grants: [GRANT], deny: [{ tool: 'ab' }] };
  const before = { version: 1, scopes: { s: SCOPE }, unlisted: 'deny' };
  const scoped = (scope: Json): Json => ({ ...before, scopes: { s: scope } });
  const granted = (...grants: readonly Json[]): Json => scoped({ ...SCOPE, grants });

  test.each<[string, Json]>([
    ['nothing', before],
    ['a grant less', granted()],
    ['a name for a pattern', granted({ tool: 'ax', reason: 'r' }, { tool: 'ay', reason: 'r' })],
  ])('%s', (_, after) => {
    expect(isNarrowing(before, after)).toBe(true);
  });

  test.each<[string, Json]>([
    ['a grant more', granted(GRANT, { tool: 'x' })],
    ['a name that the pattern does not match', granted({ tool: 'b', reason: 'r' })],
    ['a pattern for a pattern', granted({ tool: 'ab*', reason: 'r' })],
    ['other terms', granted({ tool: 'a*' })],
    ['other terms, and a name', granted({ tool: 'ax' })],
    ['another kind', granted({ prompt: 'a*', reason: 'r' })],
    ['a denial less', scoped({ ...SCOPE, deny: [] })],
    ['no denials', scoped({ grants: [GRANT] })],
    ['another scope', { ...before, scopes: { s: SCOPE, t: { grants: [] } } }],
    ['no scopes at all', { version: 1, unlisted: 'deny' }],
    ['another key', { ...before, unlisted: 'observe' }],
    ['no list of grants', scoped({ ...SCOPE, grants: {} })],
    ['no object', []],
  ])('not: %s', (_, after) => {
    expect(isNarrowing(before, after)).toBe(false);
  });

  test('what does not is not written', () => {
    const text = textOf([{ tool: 'a*' }]);
    expect(fix(text, name(0, 'b'))).toBeUndefined();
    expect(fix(text, name(0, 'a*b'))).toBeUndefined();
    expect(narrowText(text, [{ span: { start: 0, end: 1 }, replacement: '' }])).toBeUndefined();
  });
});

describe('choice', () => {
  test('unused grants stay unless they are asked for; a removal comes before names', () => {
    expect(chooseFixes([remove(0, true), remove(1), undefined], false)).toEqual([remove(1)]);
    expect(chooseFixes([name(0, 'a'), remove(0, true)], true)).toEqual([remove(0, true)]);
    expect(chooseFixes([remove(0), name(0, 'a')], false)).toEqual([remove(0)]);
  });

  test('a pattern gives way only where its use is known as a whole, and no name is a pattern', () => {
    const fixOf = (use: ReturnType<typeof used> | undefined) => {
      const facts = {
        offers: { files: offer(['l_1', 'l_2', 'l_3']) },
        ...(use === undefined ? {} : { uses: { files: use } }),
      };
      return lint(oneScope({ grants: [{ tool: 'l_*' }] }), facts).findings.find(
        ({ rule }) => rule === 'wildcard-swallows',
      )?.fix;
    };
    expect(fixOf(used({ l_2: 40, l_1: 1, other: 1 }))).toEqual(name(0, 'l_1', 'l_2'));
    expect(fixOf(undefined)).toBeUndefined();
    expect(fixOf({ ...used({ l_1: 1 }), hasMore: true })).toBeUndefined();
    expect(fixOf(used({ other: 1 }))).toBeUndefined();
    for (const hostile of ['l_*', 'l_?', 'l_\n', `l_${'x'.repeat(300)}`, 'l_\ud800']) {
      expect(fixOf(used({ l_1: 1, [hostile]: 1 })), hostile).toBeUndefined();
    }
  });
});

// INVARIANT: allowed(fixed) ⊆ allowed(before)
test('after a fix nothing is allowed that was not before, for random policies, use and calls', () => {
  const names = ['a', 'ab', 'abc', 'b', 'ba', 'l_1', 'l_2', 'l_*', '*', 'a?'];
  const patterns = ['a', 'ab', 'a*', '*', 'l_*', '?', 'b*', 'ba'];
  const plain = fc.record({ tool: fc.constantFrom(...patterns) });
  const termed = fc.record(
    {
      tool: fc.constantFrom(...patterns),
      args: fc.constantFrom({ '/n': { max: 3 } }, { '/n': { equals: 7 } }),
      expires: fc.constantFrom('2026-06-01', '2026-07-05', '2030-01-01'),
      approve: fc.constant('always' as const),
    },
    { requiredKeys: ['tool'] },
  );
  const grant = fc.oneof({ weight: 2, arbitrary: plain }, { weight: 1, arbitrary: termed });
  const some = fc.subarray(names, { minLength: 4 });
  let changed = 0;
  let allowed = 0;
  fc.assert(
    fc.property(
      fc.array(grant, { maxLength: 5 }),
      fc.array(fc.record({ tool: fc.constantFrom(...patterns) }), { maxLength: 2 }),
      some,
      some,
      fc.boolean(),
      fc.constantFrom(undefined, 2),
      (grants, deny, offered, usedNames, withUnused, indent) => {
        const text = JSON.stringify(oneScope({ grants, deny }), undefined, indent);
        const use = used(Object.fromEntries(usedNames.map((one, at) => [one, at * 10])));
        const { findings } = lint(JSON.parse(text), { offers: { files: offer(offered) }, uses: { files: use } });
        const fixes = chooseFixes(
          findings.map((one) => one.fix),
          withUnused,
        );
        const fixed = fix(text, ...fixes);
        expect(fixed).toBeDefined();
        if (fixed !== text) changed += 1;
        const layersIn = (document: string) => layersOf(JSON.parse(document).scopes.s as ScopeDocument);
        const [before, after] = [layersIn(text), layersIn(fixed ?? '')];
        for (const one of names) {
          for (const args of [undefined, { n: 1 }, { n: 7 }]) {
            for (const at of [NOW - 60 * 86_400_000, NOW, NOW + 10 * 86_400_000]) {
              const isAllowed = decideUse(after, 'tool', one, args, at).granted;
              if (isAllowed) allowed += 1;
              if (isAllowed) expect(decideUse(before, 'tool', one, args, at).granted).toBe(true);
            }
          }
        }
      },
    ),
    { numRuns: 150, seed: 11 },
  );
  expect(changed).toBeGreaterThan(50);
  expect(allowed).toBeGreaterThan(500);
});
