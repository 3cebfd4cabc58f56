// What a ceiling denies is denied in any mode and during a pause; what the scope alone denies is observed then. And nobody who asks
// can tell a ceiling from a tool that is not there.
import { describe, expect, test } from 'vitest';
import type { RequestView } from '../../../src/core/interceptor.ts';
import { createScopePolicy, type ServerScope } from '../../../src/policy/scope/scope.ts';
import { buildLayer, buildOpenLayer, type Layers } from '../../../src/policy/scope/scope-layer.ts';
import { ceilingLayers, enforcedLayers, ownLayers } from '../../../src/policy/scope/scope-split.ts';
import { makeLayer, makeScope } from './make-scope.ts';

const NOW = { wallMs: 0, monoMs: 0 };
const BY = '/etc/mcp-guard/ceiling.json';
const OWN = makeLayer({ grants: [{ tool: 'read_*' }, { tool: 'drop' }, { resource: 'file:///a/*' }] });
const TOP = buildLayer(
  'ceiling',
  [makeScope({ grants: [{ tool: 'read_*', args: { '/n': { max: 5, optional: true } } }, { tool: 'write' }] }, 'top')],
  BY,
);
const DENY = buildOpenLayer(
  [{ effect: 'deny', rule: 'ceiling.deny[0]', kind: 'tool', pattern: 'read_secret', reason: undefined }],
  BY,
);
const LAYERS: Layers = [OWN, TOP, DENY];

const view = (method: string, params: RequestView['params'] = {}): RequestView => ({
  ...{ asked: 'client', upstream: 'files', method, params, modern: false },
  tool: typeof params.name === 'string' ? params.name : undefined,
});

const policyOf = (scope: ServerScope, isPaused = false) =>
  createScopePolicy(new Map([['files', scope]]), () => isPaused);

describe.each<[string, ServerScope, boolean]>([
  ['mode: observe', { layers: LAYERS, mode: 'observe' }, false],
  ['a pause', { layers: LAYERS, mode: 'enforce' }, true],
])('%s', (how, scope, isPaused) => {
  const policy = policyOf(scope, isPaused);
  const call = (name: string, args?: object) =>
    policy.onRequest?.(view('tools/call', { name, ...(args === undefined ? {} : { arguments: { ...args } }) }), NOW);

  test('a call', () => {
    expect(call('read_a')).toEqual({ kind: 'pass' });
    // the scope alone denies it
    expect(call('write')).toMatchObject({ kind: 'pass', observed: { reason: 'not_granted' } });
    expect(call('drop')).toMatchObject({
      ...{ kind: 'deny', reason: 'beyond_ceiling', rule: 'scopes.top' },
      text: `\`${BY}\` does not allow \`drop\`, whatever the scope grants`,
    });
    expect(call('read_secret')).toMatchObject({ kind: 'deny', reason: 'beyond_ceiling', rule: 'ceiling.deny[0]' });
    expect(call('read_a', { n: 6 })).toMatchObject({ kind: 'deny', reason: 'argument_denied' });
  });

  test('a list: the ceiling takes out, the scope is observed', () => {
    const tools = ['read_a', 'write', 'drop', 'read_secret'].map((name) => ({ name }));
    const by = how === 'a pause' ? 'pause' : 'observe';
    expect(policy.onResponse?.(view('tools/list'), { tools }, NOW)).toEqual([
      { kind: 'remove', array: ['tools'], indexes: [2, 3] },
      expect.objectContaining({ kind: 'observed', observed: expect.objectContaining({ by }), subject: '1 tool' }),
    ]);
  });

  test('a notification', () => {
    const note = (uri: string) =>
      policy.onNotification?.({ upstream: 'files', method: 'notifications/resources/updated', params: { uri } }, NOW);
    // the ceiling grants no resource at all
    expect(['file:///a/b', 'file:///x'].map(note)).toEqual(['drop', 'drop']);
  });
});

test('what is not for the ceiling to judge is observed as ever', () => {
  const policy = policyOf({ layers: [OWN, DENY], mode: 'observe' });
  const note = (uri: string) =>
    policy.onNotification?.({ upstream: 'files', method: 'notifications/resources/updated', params: { uri } }, NOW);
  expect(note('file:///a/b')).toBe('pass');
  expect(note('file:///x')).toMatchObject({ by: 'observe' });
});

test('who asks is told the same as of a tool that nobody ever granted', () => {
  const error = (layers: Layers) => {
    const verdict = policyOf({ layers, mode: 'enforce' }).onRequest?.(view('tools/call', { name: 'drop' }), NOW);
    return verdict?.kind === 'deny' ? verdict.error : undefined;
  };
  const expected = { code: -32602, message: 'Unknown tool: drop' };
  expect([error([OWN, TOP]), error([makeLayer({ grants: [] })])]).toEqual([expected, expected]);
});

test('beyond the ceiling comes before not approved: an approval would not help', () => {
  const lock = makeLayer({ grants: [] }, 'lock');
  const reasons = [
    [OWN, lock, TOP],
    [OWN, lock],
  ].map(([first = OWN, ...rest]) => {
    const verdict = policyOf({ layers: [first, ...rest], mode: 'enforce' }).onRequest?.(
      view('tools/call', { name: 'drop' }),
      NOW,
    );
    return verdict?.kind === 'deny' ? verdict.reason : undefined;
  });
  expect(reasons).toEqual(['beyond_ceiling', 'not_approved']);
});

test('the parts of a scope', () => {
  expect(ceilingLayers({ layers: LAYERS })).toEqual([TOP, DENY]);
  expect(ownLayers({ layers: LAYERS })).toEqual([OWN]);
  expect([ceilingLayers({ layers: [OWN] }), ownLayers({ layers: [TOP] })]).toEqual([undefined, undefined]);
  expect(enforcedLayers('unscoped')).toBeUndefined();
  expect(enforcedLayers({ layers: LAYERS, mode: 'enforce' })).toBe(LAYERS);
  expect(enforcedLayers({ layers: LAYERS, mode: 'observe' })).toEqual([TOP, DENY]);
  expect(enforcedLayers({ layers: [OWN], mode: 'observe' })).toBeUndefined();
});
