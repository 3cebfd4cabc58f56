// What observing tells is what enforcing does: of any scope and any list the names that are told are those that would go, and of any
// request the rule that is told is the one that would deny it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import type { Narrowing, RequestView } from '../../../src/core/interceptor.ts';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { layersOf } from './make-scope.ts';

const NOW = { wallMs: Date.parse('2026-03-01'), monoMs: 0 };
const names = fc.stringMatching(/^[ab_]{1,3}$/);
const patterns = fc.stringMatching(/^[ab_*?]{1,3}$/);
const grants = fc.record(
  { tool: patterns, expires: fc.constantFrom('2026-01-01', '2027-01-01') },
  { requiredKeys: ['tool'] },
);
const scopes: fc.Arbitrary<ScopeDocument> = fc.record({
  grants: fc.array(grants, { maxLength: 4 }),
  deny: fc.array(fc.record({ tool: patterns }), { maxLength: 2 }),
});

function both(document: ScopeDocument) {
  const make = (mode: 'enforce' | 'observe') =>
    createScopePolicy(new Map([['s', { layers: layersOf(document), mode }]]));
  return { enforcing: make('enforce'), observing: make('observe') };
}
const view = (method: string, params: JsonObject): RequestView => ({
  ...{ asked: 'client', upstream: 's', method, params, modern: false },
  tool: method === 'tools/call' ? String(params.name) : undefined,
});

function removed(narrowings: readonly Narrowing[] | undefined, all: readonly string[]): readonly string[] {
  return (narrowings ?? []).flatMap((one) =>
    one.kind === 'remove' ? one.indexes.map((index) => all[index] ?? '?') : [],
  );
}
function told(narrowings: readonly Narrowing[] | undefined): readonly string[] {
  const lists = (narrowings ?? []).map((one) => {
    if (one.kind !== 'observed') throw new Error('something was taken out');
    return JSON.parse(String(one.detail.names)) as string[]; // its own JSON
  });
  return lists.flat();
}

test('of a list', () => {
  fc.assert(
    fc.property(scopes, fc.array(names, { maxLength: 8 }), (document, all) => {
      const { enforcing, observing } = both(document);
      const result = { tools: all.map((name) => ({ name })) };
      const list = view('tools/list', {});
      const gone = removed(enforcing.onResponse?.(list, result, NOW), all);
      expect(told(observing.onResponse?.(list, result, NOW))).toEqual(gone);
    }),
    { numRuns: 300 },
  );
});

test('of a call', () => {
  fc.assert(
    fc.property(scopes, names, (document, name) => {
      const { enforcing, observing } = both(document);
      const call = view('tools/call', { name, arguments: {} });
      const denied = enforcing.onRequest?.(call, NOW);
      const passed = observing.onRequest?.(call, NOW);
      if (denied?.kind !== 'deny') expect(passed).toEqual({ kind: 'pass' });
      else {
        const { rule, reason } = denied;
        expect(passed).toEqual({ kind: 'pass', observed: { rule, reason, by: 'observe' } });
      }
    }),
    { numRuns: 300 },
  );
});
