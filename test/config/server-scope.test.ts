// What a configured server is kept to in a session, and what `run` says of it.
import { expect, test } from 'vitest';
import type { Policy, ServerPolicy } from '../../src/config/policy.ts';
import { explainScope, explainScopes, serverScopeOf } from '../../src/config/server-scope.ts';
import { decideTarget } from '../../src/policy/scope/scope-decision.ts';
import { makeLayer } from '../policy/scope/make-scope.ts';
import { policyOf } from './compiled.ts';

function load(server: object, scopes?: object): { policy: Policy; entry: ServerPolicy } {
  const policy = policyOf({
    version: 1,
    servers: { files: { command: 'a', ...server } },
    ...(scopes === undefined ? {} : { scopes }),
  });
  const entry = policy.servers.get('files');
  if (entry === undefined) throw new Error('it has no such server');
  return { policy, entry };
}

const READ = { read: { grants: [{ tool: 'read' }] } };

test.each<[string, object, object | undefined, string | undefined, RegExp | undefined]>([
  [
    'no scopes',
    {},
    undefined,
    'unscoped',
    /`files` has no scope: every call is recorded, and none is denied for want of a grant \(write `scopes` and/,
  ],
  ['a scope', { scope: 'read' }, READ, 'enforce read', undefined],
  [
    'observed',
    { scope: 'read', mode: 'observe' },
    READ,
    'observe read',
    /`files` is only observed \(`mode: observe`\)/,
  ],
  [
    'no scope where there are some',
    {},
    READ,
    'enforce',
    /names no scope, so nothing is granted to it: set `servers.files.scope` \(there is `read`\)/,
  ],
  ['no scope where there are none yet', {}, {}, 'enforce', /\(there is none yet\)/],
])('%s', (_, server, scopes, expected, said) => {
  const { policy, entry } = load(server, scopes);
  const scope = serverScopeOf(entry);
  const granted = ['read', 'write'].filter(
    (tool) => scope !== 'unscoped' && decideTarget(scope.layers, 'tool', tool, 0).granted,
  );
  expect(scope === 'unscoped' ? scope : [scope.mode, ...granted].join(' ')).toBe(expected);
  const line = explainScope(policy, entry);
  if (said === undefined) expect(line).toBeUndefined();
  else expect(line).toMatch(said);
});

test('what is true of all servers of a gateway is said once', () => {
  const { policy, entry } = load({});
  const named = (id: string, more: object = {}) => ({ ...entry, ...more, id });
  const [line, ...others] = explainScopes(policy, [named('a'), named('b'), named('c')]);
  expect(line).toMatch(/^`a`, `b`, `c` have no scope: every call is recorded/);
  expect(others).toEqual([]);
  expect(explainScopes(policy, [named('a')])).toEqual([explainScope(policy, named('a'))]);
  const scoped = load({ scope: 'read' }, READ);
  expect(
    explainScopes(scoped.policy, [scoped.entry, named('b', { mode: 'observe' }), named('c', { mode: 'observe' })]),
  ).toEqual([expect.stringMatching(/^`b` is only observed/), expect.stringMatching(/^`c` is only observed/)]);
});

test('a bare run is unscoped, unless something else must allow', () => {
  expect(serverScopeOf(undefined)).toBe('unscoped');
  const ceiling = makeLayer({}, 'ceiling');
  expect(serverScopeOf(undefined, [ceiling])).toEqual({ layers: [ceiling], mode: 'enforce' });
  expect(serverScopeOf(load({}).entry, [ceiling])).toEqual({ layers: [ceiling], mode: 'enforce' });
  const both = serverScopeOf(load({ scope: 'read' }, READ).entry, [ceiling]);
  expect(both === 'unscoped' ? [] : both.layers.map(({ role }) => role)).toEqual(['scope', 'ceiling']);
});
