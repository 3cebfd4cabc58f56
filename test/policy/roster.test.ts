// What a server last listed, and which of its lists another policy shows otherwise.
import { expect, test } from 'vitest';
import type { RequestView } from '../../src/core/interceptor.ts';
import { createRoster, type RosterTarget } from '../../src/policy/roster.ts';
import type { JsonObject } from '../../src/wire/json.ts';

const NOW = { wallMs: 0, monoMs: 0 };
const ask = (method: string, upstream = 'srv'): RequestView => ({
  ...{ asked: 'client', upstream, method, tool: undefined, params: undefined, modern: false },
});

function setUp() {
  const hidden = new Set<string>();
  const roster = createRoster((_, name, target) => !hidden.has(`${target} ${name}`));
  const list = (method: string, result: JsonObject, upstream?: string) =>
    roster.onResponse?.(ask(method, upstream), result, NOW);
  /** The lists that are told after another policy hides these. */
  const hide = (...names: readonly `${RosterTarget} ${string}`[]) => {
    roster.beforePolicyChange();
    hidden.clear();
    for (const name of names) hidden.add(name);
    roster.onPolicyChange?.(NOW);
    return roster.takeChangedLists?.(NOW).map(({ upstream, list: which }) => `${upstream} ${which}`);
  };
  return { roster, list, hide };
}

test.each([
  ['tools/list', { tools: [{ name: 'x' }, { name: 'y' }] }, 'tool x', 'srv tools'],
  ['prompts/list', { prompts: [{ name: 'x' }] }, 'prompt x', 'srv prompts'],
  ['resources/list', { resources: [{ uri: 'a://x' }] }, 'resource a://x', 'srv resources'],
  [
    'resources/templates/list',
    { resourceTemplates: [{ uriTemplate: 'a://{x}' }] },
    'resource a://{x}',
    'srv resources',
  ],
] as const)('of %s: told where it is shown otherwise, once, and not where it is not', (method, result, name, told) => {
  const { roster, list, hide } = setUp();
  expect(hide(name)).toEqual([]);
  hide();
  list(method, result);
  expect(hide()).toEqual([]);
  expect(hide(name)).toEqual([told]);
  expect(roster.takeChangedLists?.(NOW)).toEqual([]);
  expect(hide(name)).toEqual([]);
  expect(hide('tool other')).toEqual([told]);
});

test('a list of which a grant has ended is told, and is shown without it', () => {
  const shownAt = new Map([['x', 5]]);
  let nowMs = 0;
  const roster = createRoster((_, name, __, atMs = nowMs) => atMs < (shownAt.get(name) ?? Number.POSITIVE_INFINITY));
  const told = () => roster.takeChangedLists?.(NOW).map(({ upstream, list }) => `${upstream} ${list}`);
  for (const upstream of ['one', 'two'])
    roster.onResponse?.(ask('tools/list', upstream), { tools: [{ name: upstream === 'one' ? 'x' : 'y' }] }, NOW);
  expect(roster.toolsOf('one')).toEqual(['x']);
  nowMs = 5;
  roster.grantsEnded(4, 5);
  expect([told(), roster.toolsOf('one'), roster.toolsOf('two')]).toEqual([['one tools'], [], ['y']]);
  roster.grantsEnded(5, 9);
  expect(told()).toEqual([]);
});

test('each list of each server for itself; two kinds of resources are one list', () => {
  const { list, hide } = setUp();
  list('tools/list', { tools: [{ name: 'x' }] });
  list('tools/list', { tools: [{ name: 'x' }] }, 'two');
  list('prompts/list', { prompts: [{ name: 'x' }] });
  list('resources/list', { resources: [{ uri: 'x' }] });
  list('resources/templates/list', { resourceTemplates: [{ uriTemplate: 'x' }] });
  expect(hide('tool x', 'resource x')?.sort()).toEqual(['srv resources', 'srv tools', 'two tools']);
});

test('pages add up, a first page begins anew', () => {
  const { roster, list } = setUp();
  list('tools/list', { tools: [{ name: 'x' }], nextCursor: '1' });
  expect([roster.allOf('srv'), roster.toolsOf('srv')]).toEqual([undefined, ['x']]);
  list('tools/list', { tools: [{ name: 'y' }] });
  expect(roster.allOf('srv')).toEqual(['x', 'y']);
  list('tools/list', { tools: [{ name: 'z' }] });
  expect(roster.allOf('srv')).toEqual(['z']);
});

test.each([
  ['names that are too long', [{ name: 'x'.repeat(257) }]],
  ['more than are remembered', Array.from({ length: 4097 }, (_, n) => ({ name: `t${n}` }))],
])('with %s is told in doubt', (_, tools) => {
  const { list, hide } = setUp();
  list('tools/list', { tools });
  expect(hide()).toEqual(['srv tools']);
});

test('what is no list is nothing', () => {
  const { roster, list } = setUp();
  list('tools/list', { tools: 'x' });
  list('tools/call', { tools: [{ name: 'x' }] });
  expect(roster.toolsOf('srv')).toBeUndefined();
  list('tools/list', { tools: [{ name: 7 }, 'x', { name: 'y' }] });
  expect(roster.toolsOf('srv')).toEqual(['y']);
});

test('a resource is hidden where its server has listed it and the client may not see it', () => {
  const { roster, list, hide } = setUp();
  list('resources/list', { resources: [{ uri: 'a://x' }, { uri: 'a://y' }] });
  expect(roster.hides('srv', 'a://x')).toBe(false);
  hide('resource a://x', 'resource a://z', 'tool a://y');
  expect(['a://x', 'a://y', 'a://z'].map((uri) => roster.hides('srv', uri))).toEqual([true, false, false]);
  expect(roster.hides('two', 'a://x')).toBe(false);
});

test('what was listed on a later page, or as a template, stays hidden whatever page is asked for again', () => {
  const { roster, list, hide } = setUp();
  list('resources/list', { resources: [{ uri: 'a://1' }], nextCursor: 'p' });
  list('resources/list', { resources: [{ uri: 'a://2' }] });
  list('resources/templates/list', { resourceTemplates: [{ uriTemplate: 'a://t/{x}' }] });
  hide('resource a://2', 'resource a://t/7', 'resource a://t/{x}');
  list('resources/list', { resources: [{ uri: 'a://1' }], nextCursor: 'p' });
  list('resources/templates/list', { resourceTemplates: [] });
  expect(['a://1', 'a://2', 'a://t/7', 'a://t/{x}', 'a://u/7'].map((uri) => roster.hides('srv', uri))).toEqual([
    ...[false, true, true, true, false],
  ]);
});

test('what may be seen of a list is known where it has gone by whole, by the policy of the moment', () => {
  const { roster, list, hide } = setUp();
  expect(roster.shownOf('srv', 'tools')).toBeUndefined();
  list('tools/list', { tools: [{ name: 'x' }], nextCursor: 'p' });
  expect(roster.shownOf('srv', 'tools')).toBeUndefined();
  list('tools/list', { tools: [{ name: 'y' }] });
  expect(roster.shownOf('srv', 'tools')).toEqual(['x', 'y']);
  hide('tool x');
  expect([roster.shownOf('srv', 'tools'), roster.shownOf('two', 'tools')]).toEqual([['y'], undefined]);
  list('tools/list', { tools: [{ name: 'x'.repeat(257) }] });
  expect(roster.shownOf('srv', 'tools')).toBeUndefined();
});

test('what may be seen is asked anew, also where nobody has said that a policy has changed', () => {
  let isShown = true;
  const roster = createRoster(() => isShown);
  roster.onResponse?.(ask('tools/list'), { tools: [{ name: 'x' }] }, NOW);
  expect(roster.toolsOf('srv')).toEqual(['x']);
  isShown = false;
  expect(roster.shownOf('srv', 'tools')).toEqual([]);
});
