// What the lock has approved with other arguments only: the model is told what is approved, by which rule, and who can give more.
import { expect, test } from 'vitest';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { lockLayers } from '../../../src/policy/lock/lock-layers.ts';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import type { Layers } from '../../../src/policy/scope/scope-layer.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { makeLayer, makeScope } from './make-scope.ts';

const NOW = { wallMs: Date.UTC(2026, 6, 28, 12), monoMs: 5 };
const MEND = 'mcp-guard scope approve --server files --config /srv/mcp.json --reason …';
const APPROVED = makeScope(
  {
    grants: [
      { tool: 'write', args: { '/path': { prefix: '/data/' } } },
      { tool: 'w*', args: { '/n': { max: 3 } } },
    ],
  },
  'notes',
);
const layers: Layers = [makeLayer({ grants: [{ tool: '*' }] }), ...lockLayers(APPROVED, MEND)];

function ask(tool: string, args: JsonObject, asked: RequestView['asked'] = 'client') {
  const policy = createScopePolicy(new Map([['files', { layers, mode: 'enforce' }]]));
  const request: RequestView = {
    ...{ asked, upstream: 'files', method: 'tools/call', tool, modern: false },
    params: { name: tool, arguments: args },
  };
  return policy.onRequest?.(request, NOW);
}

test('the text says that these arguments are not approved, the rule, what is, and the whole command', () => {
  expect(ask('write', { path: '/etc/x' })).toEqual({
    ...{ kind: 'deny', reason: 'not_approved', rule: 'scopes.notes.grants[0].args["/path"].prefix' },
    retryAfterMs: undefined,
    text:
      '`write` with these arguments is in the scope of `files`, and nobody has approved that yet, so mcp-guard did not send this call. ' +
      'Approved is less (`scopes.notes.grants[0].args["/path"].prefix`): `/path` must be a string that begins with `/data/`. ' +
      'Or, by another rule: `/n` is missing: it must be given. ' +
      `Keep to that. A person can run \`${MEND}\`; until then do not retry with these arguments.`,
  });
  expect(ask('write', { path: '/data/x' })).toEqual({ kind: 'pass' });
});

test('where an approval gave it and has ended, that is said', () => {
  const ended: Layers = [
    makeLayer({ grants: [{ tool: '*' }] }),
    ...lockLayers(APPROVED, MEND, 'approval 4 ended at T'),
  ];
  const policy = createScopePolicy(new Map([['files', { layers: ended, mode: 'enforce' }]]));
  const told = (tool: string) =>
    policy.onRequest?.(
      {
        ...{ asked: 'client', upstream: 'files', method: 'tools/call', tool, modern: false },
        params: { name: tool, arguments: { path: '/etc/x' } },
      },
      NOW,
    );
  for (const tool of ['write', 'wipe']) {
    expect(told(tool)).toMatchObject({
      reason: 'not_approved',
      text: expect.stringContaining('no approval covers that now (approval 4 ended at T)'),
    });
  }
});

test('a tool that is not approved at all is said to be that', () => {
  expect(ask('read', {})).toMatchObject({
    reason: 'not_approved',
    text: expect.stringMatching(/^`read` is in the scope of `files`, .*A person can run `mcp-guard scope approve --s/),
  });
});
