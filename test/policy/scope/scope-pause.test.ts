// Break-glass: while a server is paused its scope only observes, in all that it judges; and no other server's does.
import { expect, test } from 'vitest';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import { buildLayer } from '../../../src/policy/scope/scope-layer.ts';

const NOW = { wallMs: 0, monoMs: 0 };
const NOTHING = { name: 'none', rule: 'scopes.none', grants: [], denies: [], source: {} };
const SCOPE = { layers: [buildLayer('scope', [NOTHING])], mode: 'enforce' } as const;
const view = (method: string, upstream: string, tool?: string): RequestView => ({
  ...{ asked: 'client', upstream, method, tool, params: tool === undefined ? {} : { name: tool }, modern: false },
});

test.each([
  ['paused', true],
  ['other', false],
])('%s: passes %s', (upstream, passes) => {
  const scopes = new Map([
    ['paused', SCOPE],
    ['other', SCOPE],
  ]);
  const policy = createScopePolicy(scopes, (server) => server === 'paused');
  const call = policy.onRequest?.(view('tools/call', upstream, 'x'), NOW);
  expect(call).toMatchObject(
    passes ? { kind: 'pass', observed: { reason: 'not_granted', by: 'pause' } } : { kind: 'deny' },
  );
  const listed = policy.onResponse?.(view('tools/list', upstream), { tools: [{ name: 'x' }] }, NOW);
  expect(listed).toMatchObject(
    passes ? [{ kind: 'observed', observed: { by: 'pause' } }] : [{ kind: 'remove', array: ['tools'], indexes: [0] }],
  );
  const note = { upstream, method: 'notifications/resources/updated', params: { uri: 'file:///x' } };
  const heard = policy.onNotification?.(note, NOW);
  if (passes) expect(heard).toMatchObject({ by: 'pause', reason: 'not_granted' });
  else expect(heard).toBe('drop');
});
