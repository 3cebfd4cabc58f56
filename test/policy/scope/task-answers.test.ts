// What a task came to is narrowed like the answer that it stands for.
import { describe, expect, test } from 'vitest';
import { createScopePolicy } from '../../../src/policy/scope/scope.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { layersOf } from './make-scope.ts';

const policy = createScopePolicy(
  new Map([['files', { layers: layersOf({ grants: [{ tool: 'read_*' }] }), mode: 'enforce' }]]),
);

function narrow(method: string, result: JsonObject) {
  const request = { asked: 'client', upstream: 'files', method, tool: undefined, params: undefined, modern: false };
  return policy.onResponse?.({ ...request, asked: 'client' }, result, { wallMs: 0, monoMs: 0 });
}

describe('a list that comes as the result of a task', () => {
  const tools = [{ name: 'read_a' }, { name: 'hidden' }];

  test('is narrowed like any other', () => {
    for (const method of ['tasks/result', 'tasks/get'])
      expect(narrow(method, { tools, resources: 'x' })).toEqual([
        { kind: 'remove', array: ['tools'], indexes: [1] },
        { kind: 'drop', path: ['resources'] },
      ]);
    expect(narrow('tasks/result', { tools: tools.slice(0, 1), content: [] })).toEqual([]);
  });

  test('within the result goes as a whole, where anything of it would', () => {
    expect(narrow('tasks/get', { status: 'completed', result: { tools, prompts: 5 } })).toEqual([
      { kind: 'drop', path: ['result', 'tools'] },
      { kind: 'drop', path: ['result', 'prompts'] },
    ]);
    expect(narrow('tasks/get', { result: { tools: tools.slice(0, 1) } })).toEqual([]);
  });
});
