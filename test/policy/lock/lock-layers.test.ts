// allowed(config and lock) is within allowed(config) and within allowed(lock): over random policies, with the very compiler and
// the very decision that a session uses.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ServerPolicy } from '../../../src/config/policy.ts';
import { serverScopeOf } from '../../../src/config/server-scope.ts';
import { combineDocuments } from '../../../src/policy/lock/combine.ts';
import { lockLayers, UNAPPROVED } from '../../../src/policy/lock/lock-layers.ts';
import { diffScopes } from '../../../src/policy/lock/scope-diff.ts';
import { decideUse } from '../../../src/policy/scope/scope-decision.ts';
import { buildLayer, type Layers } from '../../../src/policy/scope/scope-layer.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { policyOf } from '../../config/compiled.ts';

const NOW = Date.parse('2026-07-28T09:00:00Z');
const TOOLS = ['a', 'ab', 'b', 'abc', 'c'];
const pattern = fc.constantFrom('a', 'a*', '*b', '*', 'b', 'ab?', 'c');
const grant = fc.record(
  {
    tool: pattern,
    expires: fc.constantFrom('2026-07-27', '2026-07-28', '2026-12-31'),
    approve: fc.constantFrom('always', 'once'),
  },
  { requiredKeys: ['tool'] },
);
const scope = fc.record(
  { grants: fc.array(grant, { maxLength: 3 }), deny: fc.array(fc.record({ tool: pattern }), { maxLength: 2 }) },
  { requiredKeys: ['grants'] },
);
const config = fc
  .record({
    scopes: fc.option(fc.record({ one: scope, two: scope }), { nil: undefined }),
    name: fc.constantFrom('one', 'two', undefined),
    mode: fc.constantFrom('enforce', 'observe', undefined),
    command: fc.constantFrom('node', 'node', 'node', 'deno'),
    unlisted: fc.constantFrom('deny', 'observe', undefined),
  })
  .map(({ scopes, name, mode, command, unlisted }): JsonObject => {
    const named = scopes === undefined ? undefined : name;
    const server = { command, ...(named && { scope: named }), ...(mode && { mode }) };
    return {
      version: 1,
      servers: { s: server },
      ...(scopes && { scopes }),
      ...(unlisted && { unlisted }),
    } as JsonObject;
  });

function compile(document: JsonObject): { server: ServerPolicy; unlisted: string } {
  const { servers, unlisted } = policyOf(document);
  const server = servers.get('s');
  if (server === undefined) throw new Error('it has no such server');
  return { server, unlisted };
}

/** As `run` puts them together. */
function layersOf(server: ServerPolicy, approved: ServerPolicy): Layers | undefined {
  const scope = serverScopeOf(server, lockLayers(approved.scope));
  return scope === 'unscoped' ? undefined : scope.layers;
}

const allows = (layers: Layers | undefined, mode: string, tool: string): boolean =>
  layers === undefined || mode === 'observe' || decideUse(layers, 'tool', tool, undefined, NOW).granted;

test('with a lock, never more than the config and never more than the lock', () => {
  fc.assert(
    fc.property(config, config, (written, locked) => {
      const { document, blocked } = combineDocuments(written, locked);
      const [both, own, approved] = [compile(document), compile(written), compile(locked)];
      if (own.server.command !== approved.server.command) expect(blocked.has('s')).toBe(true);
      for (const side of [own, approved]) if (side.unlisted === 'deny') expect(both.unlisted).toBe('deny');
      const layers = layersOf(both.server, approved.server);
      for (const tool of TOOLS) {
        if (!allows(layers, both.server.mode, tool)) continue;
        for (const { server } of [own, approved]) {
          const alone = server.scope === undefined ? undefined : ([buildLayer('scope', [server.scope])] as const);
          expect(allows(alone, server.mode, tool)).toBe(true);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('the same policy twice allows what it allowed', () => {
  fc.assert(
    fc.property(config, (written) => {
      const { server } = compile(combineDocuments(written, written).document);
      const layers = layersOf(server, server);
      const alone = server.scope === undefined ? undefined : ([buildLayer('scope', [server.scope])] as const);
      for (const tool of TOOLS) expect(allows(layers, server.mode, tool)).toBe(allows(alone, server.mode, tool));
    }),
    { numRuns: 60 },
  );
});

test('what only the lock refuses waits for an approval', () => {
  const [written, locked] = [['a', 'b'], ['a']].map((tools) =>
    compile({
      version: 1,
      servers: { s: { command: 'node', scope: 'one' } },
      scopes: { one: { grants: tools.map((tool) => ({ tool })) } },
    }),
  );
  const layers = written && locked && layersOf(written.server, locked.server);
  expect(layers && decideUse(layers, 'tool', 'b', undefined, NOW)).toMatchObject({
    granted: false,
    refusal: { kind: 'unapproved' },
  });
  expect(layers && decideUse(layers, 'tool', 'c', undefined, NOW)).toMatchObject({
    granted: false,
    refusal: { kind: 'absent' },
  });
  expect(layers && decideUse(layers, 'tool', 'a', undefined, NOW)).toMatchObject({ granted: true });
});

test('a diff announces every tool that an approval makes callable', () => {
  fc.assert(
    fc.property(config, config, (written, locked) => {
      const announced = diffScopes(locked, written, 's', TOOLS).newTools.map(({ tool }) => tool);
      const reach = (document: JsonObject, tool: string): boolean => {
        const { server } = compile(document);
        return (
          server.scope === undefined ||
          decideUse([buildLayer('scope', [server.scope])], 'tool', tool, undefined, NOW).granted
        );
      };
      const nowLess = (tool: string): boolean => reach(written, tool) && !reach(locked, tool);
      // terms (an expiry, an approval) are announced as changes of their grant
      const plain = JSON.stringify(locked).includes('expires') || JSON.stringify(locked).includes('approve');
      if (!plain) expect(TOOLS.filter(nowLess).filter((tool) => !announced.includes(tool))).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('of a server that nobody approved nothing is', () => {
  const [layer] = lockLayers(UNAPPROVED);
  if (layer === undefined) throw new Error('no layer');
  for (const tool of TOOLS)
    expect(decideUse([layer], 'tool', tool, undefined, NOW)).toMatchObject({ refusal: { kind: 'unapproved' } });
});
