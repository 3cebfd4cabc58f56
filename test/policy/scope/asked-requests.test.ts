// What an answer asks of the client by the way is found at any depth and in any shape that a lenient reader takes apart.
import { expect, test } from 'vitest';
import { errorRequestsOf, inputRequestsOf } from '../../../src/policy/scope/asked-requests.ts';
import type { JsonObject } from '../../../src/wire/json.ts';

const ASKS = { inputRequests: { e: { method: 'elicitation/create' } } };
const FAILED = { error: { code: -32042, data: { elicitations: [{ mode: 'url' }] } } };

test.each<[string, JsonObject, readonly string[] | undefined]>([
  ['nothing', { content: [{ type: 'text', text: 'x' }], isError: false }, []],
  ['a question', ASKS, ['elicitation/create']],
  ['a list of questions', { inputRequests: [{ method: 'roots/list' }] }, ['roots/list']],
  ['a question without a method', { inputRequests: { e: {} } }, undefined],
  ['questions that are none', { inputRequests: 'elicitation/create' }, undefined],
  ['a question of a task', { task: ASKS }, ['elicitation/create']],
  ['of tasks', { task: [[ASKS]] }, ['elicitation/create']],
  ['of a result within', { result: { result: ASKS } }, ['elicitation/create']],
  ['of results within', { result: [1, ASKS] }, ['elicitation/create']],
  ['of a task in a list', { tasks: [ASKS] }, ['elicitation/create']],
  ['of tasks in lists', { tasks: [['x', ASKS]] }, ['elicitation/create']],
  ['of a table of tasks', { tasks: { a: ASKS } }, undefined],
  ['a URL to open', FAILED, ['elicitation/create']],
  ['URLs to open', { error: [FAILED.error] }, ['elicitation/create']],
  ['a URL that nobody names', { error: { code: '-32042' } }, undefined],
  ['another error', { error: { code: -32602 } }, []],
  ['a result that is text', { result: 'x', task: null, tasks: [] }, []],
])('%s: %j → %j', (_, result, expected) => {
  expect(inputRequestsOf(result)).toEqual(expected);
});

test('an error by itself', () => {
  expect(errorRequestsOf(FAILED.error)).toEqual(['elicitation/create']);
  expect(errorRequestsOf(undefined)).toEqual([]);
});
