// A long list that comes again is not decided again, and what was remembered never outlives what it rests on.
import { describe, expect, test } from 'vitest';
import type { ScopeDocument } from '../../../src/config/schema-scope.ts';
import type { Interceptor, RepeatMark, RequestView } from '../../../src/core/interceptor.ts';
import { NarrowedLists } from '../../../src/policy/scope/narrowed-lists.ts';
import { createScopePolicy, type ServerScope } from '../../../src/policy/scope/scope.ts';
import type { Layers } from '../../../src/policy/scope/scope-layer.ts';
import { layersOf } from './make-scope.ts';

const LIST = Symbol('list');
const OTHER = Symbol('other');
const EXPIRES = '2026-08-01T00:00:00Z';
const EXPIRES_MS = Date.parse(EXPIRES);
const viewOf = (upstream = 'files', method = 'tools/list'): RequestView => ({
  ...{ asked: 'client', upstream, method, tool: undefined, params: {}, modern: false },
});
const removed = (...indexes: number[]) => [{ kind: 'remove', array: ['tools'], indexes }];
const tools = (...names: string[]) => ({ tools: names.map((name) => ({ name })) });

function setUp(document: ScopeDocument) {
  let scope: ServerScope = { layers: layersOf(document), mode: 'enforce' };
  const policy: Interceptor = createScopePolicy({ get: () => scope });
  return {
    list: (result: ReturnType<typeof tools>, wallMs: number, repeat?: RepeatMark, view = viewOf()) =>
      policy.onResponse?.(view, result, { wallMs, monoMs: 0 }, repeat),
    change: (next: ScopeDocument) => {
      scope = { layers: layersOf(next), mode: 'enforce' };
    },
  };
}

describe('a scope and a list that comes again', () => {
  test('the same mark gives what was taken out before, without another look', () => {
    const { list } = setUp({ grants: [{ tool: 'read' }] });
    expect(list(tools('read', 'write'), 0, LIST)).toEqual(removed(1));
    // by the contract of the mark this cannot be: it shows that nobody looked
    expect(list(tools('write', 'read'), 0, LIST)).toEqual(removed(1));
  });

  test.each<[string, RepeatMark | undefined, string]>([
    ['another mark', OTHER, 'files'],
    ['no mark', undefined, 'files'],
    ['another server', LIST, 'git'],
  ])('%s: decided anew', (_, mark, upstream) => {
    const { list } = setUp({ grants: [{ tool: 'read' }] });
    expect(list(tools('read', 'write'), 0, LIST)).toEqual(removed(1));
    expect(list(tools('write', 'read'), 0, mark, viewOf(upstream))).toEqual(removed(0));
  });

  test('a grant that expires meanwhile takes its tool out of the same list', () => {
    const { list } = setUp({ grants: [{ tool: 'read' }, { tool: 'write', expires: EXPIRES }] });
    expect(list(tools('read', 'write'), EXPIRES_MS - 1, LIST)).toEqual([]);
    expect(list(tools('read', 'write'), EXPIRES_MS, LIST)).toEqual(removed(1));
  });

  test('a clock that is set back brings no expired grant back, as without memory', () => {
    const { list } = setUp({ grants: [{ tool: 'read' }, { tool: 'write', expires: EXPIRES }] });
    expect(list(tools('read', 'write'), EXPIRES_MS, LIST)).toEqual(removed(1));
    expect(list(tools('read', 'write'), EXPIRES_MS - 1, LIST)).toEqual(removed(1));
  });

  test('another policy decides the same list anew', () => {
    const { list, change } = setUp({ grants: [{ tool: '*' }] });
    expect(list(tools('read', 'write'), 0, LIST)).toEqual([]);
    change({ grants: [{ tool: '*' }], deny: [{ tool: 'write' }] });
    expect(list(tools('read', 'write'), 0, LIST)).toEqual(removed(1));
  });
});

test('what is remembered is asked for once', () => {
  const lists = new NarrowedLists();
  const layers: Layers = layersOf({ grants: [{ tool: '*' }] });
  let asked = 0;
  const ask = (mark: RepeatMark | undefined) =>
    lists.narrow('files', mark, layers, 0, () => {
      asked += 1;
      return [];
    });
  for (const mark of [LIST, LIST, LIST, undefined, LIST, OTHER, LIST]) ask(mark);
  expect(asked).toBe(4);
  // at another time other grants are alive, whichever way it went
  const past: Layers = layersOf({ grants: [{ tool: 'a', expires: EXPIRES }] });
  const counted = [EXPIRES_MS, EXPIRES_MS + 1, EXPIRES_MS - 1, EXPIRES_MS - 1].map((nowMs) => {
    lists.narrow('files', LIST, past, nowMs, () => {
      asked += 1;
      return [];
    });
    return asked;
  });
  expect(counted).toEqual([5, 5, 6, 6]);
});
